// The tests of the aggregator on SQLite, with the library's sources. Those that need PostgreSQL have a script of their
// own, and run the same files. With VITEST_JSON_DIR each run also writes a report for .ci/run to count.

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { findChromium } from "../scripts/chromium.mjs";

const jsonDir = process.env["VITEST_JSON_DIR"];
const sources = fileURLToPath(new URL("../src", import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  resolve: {
    alias: [
      { find: /^prio$/, replacement: `${sources}/index.ts` },
      { find: /^prio\/(.*)$/, replacement: `${sources}/$1/index.ts` },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      process.env["PRIO_POSTGRES_URL"] === undefined ? "test/store/postgres.test.ts" : "test/store/sqlite.test.ts",
      // Those of the page need a Chromium; scripts/test-browser.mjs says so where CI has none.
      ...(findChromium() === null ? ["test/page/**"] : []),
    ],
    testTimeout: 60_000,
    reporters: jsonDir === undefined ? ["default"] : ["default", "json"],
    ...(jsonDir === undefined ? {} : { outputFile: { json: join(jsonDir, `vitest-${process.pid}.json`) } }),
  },
});
