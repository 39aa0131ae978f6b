// Three projects: the unit tests, the tests of the built package (run `npm run build` first), and the large runs that
// `npm test` leaves out. VITEST_JSON_DIR adds a machine-readable report of each run for .ci/run to sum up.

import { join } from "node:path";
import { defineConfig } from "vitest/config";

const jsonDir = process.env["VITEST_JSON_DIR"];
const jsonReport = jsonDir === undefined ? undefined : join(jsonDir, `vitest-${process.pid}.json`);

export default defineConfig({
  test: {
    reporters: jsonReport === undefined ? ["default"] : ["default", ["json", { outputFile: jsonReport }]],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text", "text-summary"],
      thresholds: { lines: 95 },
    },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/package/**", "test/examples/**", "test/docs/**", "test/large/**"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts", "test/examples/**/*.test.ts", "test/docs/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      { test: { name: "large", include: ["test/large/**/*.test.ts"], testTimeout: 600_000 } },
    ],
  },
});
