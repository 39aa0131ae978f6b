// Which files a path stands for, in which order, and what is refused.

import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { afterAll, beforeEach, expect, it } from "vitest";
import { InputParts } from "../../src/files/input-parts.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());
beforeEach(folder.empty);
const at = (...names: string[]) => folder.path(...names);
const file = (path: string, content = path) => {
  mkdirSync(at(path, ".."), { recursive: true });
  writeFileSync(at(path), content);
};
const namesOf = (...paths: string[]) => InputParts.of(paths.map((path) => at(path))).names;

it("the files of a directory in the order of their names, without those that begin with . or _", () => {
  for (const name of ["b", "a10", "a2", "B", "é", "~", "_SUCCESS", ".a.crc", "_temporary/x", ".hidden/x", "x.gz"])
    file(`raw/${name}`);
  expect(namesOf("raw")).toEqual(["B", "a10", "a2", "b", "x.gz", "~", "é"]);
  expect(InputParts.of([at("raw")])).toMatchObject({ name: at("raw"), areParts: true });
});

it("a file is itself, whatever its name is; several, and directories, are parts", () => {
  for (const name of ["_x", "raw/b", "raw/c", "more/a"]) file(name);
  expect(InputParts.of([at("_x")])).toMatchObject({ names: ["_x"], areParts: false, size: 2 });
  expect(InputParts.of(["-"], { stdin: Readable.from([]) })).toMatchObject({ name: "standard input", size: undefined });
  expect(namesOf("raw", "_x", "more")).toEqual(["_x", "a", "b", "c"]);
  const parts = InputParts.of([at("more/a"), at("raw")]);
  expect(parts).toMatchObject({ areParts: true, size: 16 });
  expect(parts.inputs.map(({ name }) => name)).toEqual([at("more/a"), at("raw/b"), at("raw/c")]);
});

/** What to make under a name: "file", "directory", "pipe", or a link to another name. */
const make: Readonly<Record<string, (path: string, target: string) => void>> = {
  file: (path) => file(path),
  directory: (path) => mkdirSync(at(path)),
  pipe: (path) => execFileSync("mkfifo", [at(path)]),
  link: (path, target) => linkSync(at(target), at(path)),
  symlink: (path, target) => symlinkSync(target, at(path)),
};

it.each<[string, readonly string[], readonly string[], string]>([
  ["a directory without files", ["directory raw"], ["raw"], "raw has no files"],
  ["_SUCCESS alone", ["file raw/_SUCCESS"], ["raw"], "raw has no parts besides _SUCCESS"],
  ["a directory inside", ["file raw/batch_id=x/a", "file raw/b"], ["raw"], "raw: it holds a directory, batch_id=x"],
  ["a link to one", ["file raw/b", "file far/c", "symlink raw/d ../far"], ["raw"], "raw: it holds a directory, d"],
  ["nothing there", [], ["raw"], "raw: no such file or directory"],
  ["a part that leads nowhere", ["directory raw", "symlink raw/a x"], ["raw"], "a: no such file or directory"],
  ["a part twice, by a link", ["file raw/a", "link raw/b raw/a"], ["raw"], "b are one file"],
  ["by a symbolic link", ["file raw/a", "symlink raw/b a"], ["raw"], "b are one file"],
  ["named twice", ["file a"], ["a", "a/../a"], "a are one file"],
  ["named beside its directory", ["file raw/a"], ["raw", "raw/a"], "a are one file"],
  ["a directory twice", ["file raw/a", "symlink again raw"], ["raw", "again"], "a are one file"],
  ["another file of the same name", ["file x/a", "file y/a"], ["x", "y"], "y/a have one name"],
  ["a pipe among the parts", ["file raw/a", "pipe raw/b"], ["raw"], "b as a part: is not a regular file"],
])("%s is refused", (_, things, paths, sentence) => {
  for (const thing of things) {
    const [kind = "", path = "", target = ""] = thing.split(" ");
    make[kind]?.(path, target);
  }
  expect(() => namesOf(...paths)).toThrow(sentence);
});

it("standard input is no part", () => {
  file("a");
  expect(() => InputParts.of([at("a"), "-"])).toThrow("cannot read standard input as a part: is not a regular file");
});
