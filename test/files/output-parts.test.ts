// A directory of parts appears whole: complete and with `_SUCCESS`, in place of an earlier one and of nothing else.

import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { withOutputs } from "../../src/files/output.js";
import { openParts, type PartedOutput } from "../../src/files/output-parts.js";
import { nameBeside } from "../../src/files/temporary-files.js";
import { scratch, sink } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());
beforeEach(folder.empty);
const at = (...names: string[]) => folder.path(...names);
const streams = { stdout: sink({}).stream, stderr: sink({}).stream };
const content = () => readdirSync(at(), { recursive: true, encoding: "utf8" }).sort();

const NAMES = ["a", "b.gz", "c"];
const open = (directory: string) => () => openParts({ directory: at(directory), names: NAMES, mode: 0o600 }, streams);
/** Writes to the first and the last part. */
const write = async (output: PartedOutput | undefined, text: string) => {
  await output?.write(0, text);
  await output?.write(2, `${text} and`);
  await output?.write(2, " more");
};
const run = (directory: string, text = "new", meanwhile: () => void = () => undefined) =>
  withOutputs([open(directory)], [], async ([output]) => {
    await write(output, text);
    meanwhile();
  });

describe("a directory of parts", () => {
  it("has a file for each part, also for one without rows, and _SUCCESS", async () => {
    await run("deep/out");
    expect(content()).toEqual(["deep", "deep/out", ...["_SUCCESS", ...NAMES].map((name) => `deep/out/${name}`)]);
    expect(readFileSync(at("deep/out/a"), "utf8")).toBe("new");
    expect(gunzipSync(readFileSync(at("deep/out/b.gz"))).toString()).toBe("");
    expect(readFileSync(at("deep/out/c"), "utf8")).toBe("new and more");
    expect(statSync(at("deep/out/a")).mode & 0o777).toBe(0o600);
  });

  it("is not there before the end, and an error leaves what was there", async () => {
    await run("out", "old", () => expect(content().filter((name) => !name.startsWith("."))).toEqual([]));
    const before = content();
    const failing = run("out", "new", () => {
      expect(readFileSync(at("out/a"), "utf8")).toBe("old");
      throw new Error("stop");
    });
    await expect(failing).rejects.toThrow("stop");
    expect(content()).toEqual(before);
    await run("out", "new");
    expect([content(), readFileSync(at("out/a"), "utf8")]).toEqual([before, "new"]);
  });

  it("takes the place of an empty one, of one with fewer parts, and of what Hadoop and killed runs leave", async () => {
    mkdirSync(at("out"));
    const [abandoned = ""] = nameBeside("a", "tmp").split("/").slice(-1);
    for (const name of ["a", "_SUCCESS", "._SUCCESS.crc", ".c.crc", abandoned]) writeFileSync(at("out", name), "old");
    await run("out");
    expect(readdirSync(at("out")).sort()).toEqual(["_SUCCESS", ...NAMES]);
    expect(content()).toHaveLength(5);
  });

  it.each(["d", ".key", "_x", "a.crc", "data.ndjson"])("does not take the place of one with %s in it", async (name) => {
    mkdirSync(at("out"));
    writeFileSync(at("out", name), "mine");
    const sentence = `out: it holds ${name}, which is none of them`;
    await expect(run("out")).rejects.toThrow(sentence);
    expect(content()).toEqual(["out", `out/${name}`]);
    const late = run("late", "new", () => {
      mkdirSync(at("late"));
      writeFileSync(at("late", name), "mine");
    });
    await expect(late).rejects.toThrow(`late: it holds ${name}`);
    expect(content()).toEqual(["late", `late/${name}`, "out", `out/${name}`]);
  });

  it("nor of a directory of a part's name, nor of a file", async () => {
    mkdirSync(at("out/a"), { recursive: true });
    await expect(run("out")).rejects.toThrow("it holds a,");
    writeFileSync(at("file"), "mine");
    await expect(run("file")).rejects.toThrow("file: a part of the path is not a directory");
    await expect(run("file/deeper")).rejects.toThrow("cannot write");
    expect(content()).toEqual(["file", "out", "out/a"]);
  });

  it("a link to a directory stays", async () => {
    mkdirSync(at("real"));
    symlinkSync("real", at("link"));
    await run("link");
    expect(readdirSync(at("real")).sort()).toEqual(["_SUCCESS", ...NAMES]);
    expect(readdirSync(at()).sort()).toEqual(["link", "real"]);
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
  });

  it("two appear together or not at all", async () => {
    await run("x", "old");
    const both = withOutputs([open("x"), open("y")], [], async (outputs) => {
      for (const output of outputs) await write(output, "new");
      mkdirSync(at("y"));
      writeFileSync(at("y/other"), "mine");
    });
    await expect(both).rejects.toThrow("y: it holds other");
    expect(readFileSync(at("x/a"), "utf8")).toBe("old");
    expect(readdirSync(at("x")).sort()).toEqual(["_SUCCESS", ...NAMES]);
    expect(content()).toHaveLength(7);
  });
});
