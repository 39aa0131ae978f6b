// Temporary files: those of dead processes go, all others stay.

import { spawnSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { hostTag } from "../../src/files/processes.js";
import {
  createTemporaryFile,
  nameBeside,
  removeAbandonedFiles,
  removeTemporaryFile,
  removeTemporaryFiles,
} from "../../src/files/temporary-files.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());

/** A process that has ended. */
const dead = spawnSync(process.execPath, ["--version"]).pid;

it("of a directory's files, only the temporary ones of dead processes of this machine are removed", () => {
  const stays = [
    "data.ndjson",
    `.data.ndjson.${hostTag()}-${process.pid}-00112233.tmp`,
    `.data.ndjson.${hostTag()}-${process.ppid}-00112233.tmp`,
    // Another machine or container, where the same number is another process.
    `.data.ndjson.${hostTag().replace(/^./, (c) => (c === "0" ? "1" : "0"))}-${dead}-00112233.tmp`,
    // What was there before, in a run that was killed between two renames.
    `.data.ndjson.${hostTag()}-${dead}-00112233.old`,
    // Files of others.
    `.data.ndjson.${dead}-00112233.tmp`,
    `data.ndjson.${hostTag()}-${dead}-00112233.tmp`,
    `.data.ndjson.${hostTag()}-${dead}-0011223.tmp`,
    ".x.tmp",
  ];
  const goes = [`.data.ndjson.${hostTag()}-${dead}-00112233.tmp`, `.other.gz.${hostTag()}-${dead}-ffffffff.tmp`];
  for (const name of [...stays, ...goes]) writeFileSync(folder.path(name), "");
  removeAbandonedFiles(folder.path());
  expect(readdirSync(folder.path()).sort()).toEqual([...stays].sort());
  for (const name of goes) writeFileSync(folder.path(name), "");
  const { path } = createTemporaryFile(folder.path("data.ndjson"), 0o600);
  expect(readdirSync(folder.path()).sort()).toEqual([...stays, path.slice(folder.path().length + 1)].sort());
  removeTemporaryFile(path);
  expect(readdirSync(folder.path()).sort()).toEqual([...stays].sort());
});

it("a directory that is not there has none", () => {
  expect(() => removeAbandonedFiles(folder.path("nowhere"))).not.toThrow();
});

it("a signal removes those of this process", () => {
  const made = ["a", "b"].map((name) => createTemporaryFile(folder.path(name), 0o600).path);
  const names = () => readdirSync(folder.path()).map((name) => folder.path(name));
  expect(names()).toEqual(expect.arrayContaining(made));
  removeTemporaryFiles();
  for (const path of made) expect(names()).not.toContain(path);
});

it("the name of a file is cut where it would not leave room", () => {
  const long = `${"日".repeat(80)}.ndjson.gz`;
  expect(Buffer.byteLength(nameBeside(`x/${long}`, "tmp"))).toBeLessThan(255);
});
