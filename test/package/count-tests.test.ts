// The sum at the end of CI's log is right: over all runs, a file that does not load counts as failed, and a run that
// failed, or in which nothing ran, does not pass. The reports come from real vitest runs.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readReports } from "../../scripts/test-reports.mjs";
import { root } from "./built.js";

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prio-count-"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs vitest over one test file and leaves the report in `reports`. */
function report(reports: string, name: string, source: string): void {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, `${name}.test.js`), source);
  const args = [
    "run",
    "--globals",
    "--root",
    project,
    "--reporter=json",
    `--outputFile=${join(reports, `${name}.json`)}`,
  ];
  spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], { cwd: project });
}

function count(reports: string): { stdout: string; status: number | null } {
  const { stdout, status } = spawnSync(process.execPath, [join(root, "scripts/count-tests.mjs"), reports], {
    encoding: "utf8",
  });
  return { stdout, status };
}

test("sums passed and failed tests, and files that do not load", () => {
  const reports = join(folder, "reports");
  mkdirSync(reports);
  expect(count(reports)).toEqual({ stdout: "0 passed, 0 failed\n", status: 1 });
  report(reports, "good", 'test("a", () => expect(1).toBe(1)); test("b", () => {});');
  expect(count(reports)).toEqual({ stdout: "2 passed, 0 failed\n", status: 0 });
  report(reports, "mixed", 'test("a", () => expect(1).toBe(2)); test("b", () => {});');
  expect(count(reports)).toEqual({ stdout: "3 passed, 1 failed\n", status: 1 });
  report(reports, "skipping", 'describe("x", () => { test.skip("y (z)", () => {}); });');
  expect(readReports(reports)).toMatchObject({ passed: 3, failed: 1, files: 3, skipped: ["x y (z)"] });
  report(reports, "broken", 'throw new Error("does not load");');
  expect(count(reports)).toEqual({ stdout: "3 passed, 2 failed\n", status: 1 });
});
