// `npm test`: every check in turn, up to the first that fails. The last line says what passed, how many tests that were
// and how long it took; before it stand the tests that were skipped, whose titles say why.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readReports } from "./test-reports.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = "vitest run --project unit --project package --coverage";

/** What is checked, and the command. @type {[string, string][]} */
const steps = [
  ["lint", "npm run lint"],
  // Some scripts and tests import the built package, so its declarations must be there before their types are checked.
  ["build", "npm run build"],
  ["types", "npm run check"],
  ["tests", vitest],
];

/** @param {number} start in milliseconds */
function since(start) {
  const seconds = Math.round((performance.now() - start) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

// .ci/run counts the reports of several runs, and says where they go.
const given = process.env["VITEST_JSON_DIR"];
const folder = given ?? mkdtempSync(join(tmpdir(), "prio-test-"));
const start = performance.now();
let failed;
try {
  for (const [name, command] of steps) {
    const env = { ...process.env, VITEST_JSON_DIR: folder };
    const { status } = spawnSync(command, { cwd: root, env, shell: true, stdio: "inherit" });
    if (status === 0) continue;
    failed = name;
    process.exitCode = status ?? 1;
    break;
  }
  const { passed, files, skipped } = readReports(folder);
  for (const title of skipped) console.log(`skipped: ${title}`);
  const count = `${passed.toLocaleString("en")} tests in ${files} files`;
  console.log(
    failed === undefined
      ? `npm test: all passed: ${steps.map(([name]) => name).join(", ")}; ${count}, in ${since(start)}`
      : `npm test: FAILED: ${failed}, after ${since(start)}; the checks after it did not run; ${count} passed`,
  );
} finally {
  if (given === undefined) rmSync(folder, { recursive: true });
}
