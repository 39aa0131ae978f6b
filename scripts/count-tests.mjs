// Sums up the JSON reports that vitest left in a directory and prints `N passed, N failed` on a line of its own.
// A test file that did not even load counts as one failed test. Exits with 1 when anything failed or nothing ran.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const directory = process.argv[2];
if (directory === undefined) throw new Error("count-tests: expected a directory, got nothing");

let passed = 0;
let failed = 0;
for (const name of readdirSync(directory)) {
  const report = JSON.parse(readFileSync(join(directory, name), "utf8"));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const { status, assertionResults } of report.testResults) {
    const hasFailedTest = assertionResults.some((/** @type {{ status: string }} */ test) => test.status === "failed");
    if (status === "failed" && !hasFailedTest) failed++;
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0 || passed === 0) process.exitCode = 1;
