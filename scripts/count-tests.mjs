// Sums up the JSON reports that vitest left in a directory and prints `N passed, N failed` on a line of its own.
// Exits with 1 when anything failed or nothing ran.

import { readReports } from "./test-reports.mjs";

const directory = process.argv[2];
if (directory === undefined) throw new Error("count-tests: expected a directory, got nothing");

const { passed, failed } = readReports(directory);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0 || passed === 0) process.exitCode = 1;
