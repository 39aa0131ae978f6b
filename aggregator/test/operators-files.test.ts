// Files that commands write: new or not at all, for their owner alone, and whole.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSecretFile, writePublicFile } from "../src/operators-files.js";
import { OperatorError } from "../src/tasks/operator-error.js";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prio-operators-files-"));
  path = join(folder, "file");
});
afterEach(() => rmSync(folder, { recursive: true }));

const mode = (file: string): number => statSync(file).mode & 0o777;

describe("a secret file", () => {
  test("is for its owner alone, and nothing else is left beside it", () => {
    createSecretFile(path, "a secret\n");
    expect([readFileSync(path, "utf8"), mode(path)]).toEqual(["a secret\n", 0o600]);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test.each([
    ["a file", () => writeFileSync(path, "before")],
    ["a folder", () => mkdirSync(path)],
    ["a link to nowhere", () => symlinkSync(join(folder, "nowhere"), path)],
  ])("is never written over %s", (_what, make) => {
    make();
    expect(() => createSecretFile(path, "a secret\n")).toThrow(`${path} exists already: nothing was written`);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test.each([
    ["below a file", "plain/key", "not a directory"],
    ["under a name that is too long", "x".repeat(250), "ENAMETOOLONG"],
  ])("that cannot be written %s is one sentence", (_what, name, reason) => {
    writeFileSync(join(folder, "plain"), "");
    const file = join(folder, name);
    expect(() => createSecretFile(file, "a secret\n")).toThrow(new OperatorError(`cannot write ${file}: ${reason}`));
    expect(() => writePublicFile(file, "text\n")).toThrow(new OperatorError(`cannot write ${file}: ${reason}`));
    expect(readdirSync(folder)).toEqual(["plain"]);
  });

  test("is written where a process that was killed has left a part of it", () => {
    writeFileSync(`${path}.${process.pid}.tmp`, "a sec", { mode: 0o644 });
    createSecretFile(path, "a secret\n");
    expect([readFileSync(path, "utf8"), mode(path)]).toEqual(["a secret\n", 0o600]);
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});

describe("a public file", () => {
  test("takes the place of another, whole", () => {
    writeFileSync(path, "before, and longer than what follows");
    writePublicFile(path, "after\n");
    expect([readFileSync(path, "utf8"), mode(path) & 0o600]).toEqual(["after\n", 0o600]);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("is no file where there is a device: that is written into, and stays", () => {
    // By a link: what is under test would otherwise take the machine's own away.
    symlinkSync("/dev/null", path);
    writePublicFile(path, "text\n");
    expect(statSync(path).isCharacterDevice()).toBe(true);
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  test("that cannot be written is one sentence, and leaves nothing", () => {
    mkdirSync(path);
    expect(() => writePublicFile(path, "after\n")).toThrow(`cannot write ${path}: is a directory`);
    expect(() => writePublicFile(join(folder, "no/file"), "x")).toThrow("no such file or directory");
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});
