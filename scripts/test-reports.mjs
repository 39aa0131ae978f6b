// Sums up the JSON reports that vitest left in a directory.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A test file that did not even load counts as one failed test. `skipped` are the full titles of the tests that did not
 * run.
 *
 * @param {string} directory
 */
export function readReports(directory) {
  const sum = { passed: 0, failed: 0, files: 0, skipped: /** @type {string[]} */ ([]) };
  for (const name of readdirSync(directory).sort()) {
    const report = JSON.parse(readFileSync(join(directory, name), "utf8"));
    sum.passed += report.numPassedTests;
    sum.failed += report.numFailedTests;
    sum.files += report.testResults.length;
    for (const { status, assertionResults } of report.testResults) {
      const results = /** @type {{ status: string, fullName: string }[]} */ (assertionResults);
      if (status === "failed" && !results.some((test) => test.status === "failed")) sum.failed++;
      for (const { status: outcome, fullName } of results) {
        if (outcome !== "passed" && outcome !== "failed") sum.skipped.push(fullName);
      }
    }
  }
  return sum;
}
