// The projects: the unit tests; the same tests in Chromium; the tests of pages that Chromium shows; the tests of the
// built package (run `npm run build` before these two); and those that `npm test` leaves out: with S3 servers, with
// Janus, and the large ones. With
// VITEST_JSON_DIR each run also writes a report for .ci/run to count.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { playwright } from "@vitest/browser-playwright";
import ts from "typescript";
import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { findChromium, launchOptions } from "./scripts/chromium.mjs";

const jsonDir = process.env["VITEST_JSON_DIR"];
const jsonReport = jsonDir === undefined ? undefined : join(jsonDir, `vitest-${process.pid}.json`);

const otherProjects = [
  "test/package/**",
  "test/cli/built/**",
  "test/examples/**",
  "test/docs/**",
  "test/large/**",
  "test/s3/**",
  "test/janus/**",
  "test/pages/**",
];
/** Unit tests that need files, processes or Node's own modules. Everything else runs in Chromium too. */
const nodeOnly = [
  "test/house.test.ts",
  "test/files/**",
  "test/replays/**",
  "test/batch/**",
  "test/stores/**",
  "test/process/**",
  "test/cli/**",
  "test/**/*.node.test.ts",
  // The choice of Node's own cryptography, and what Node's inspect shows.
  "test/crypto/provider.test.ts",
  "test/crypto/secrets.test.ts",
];

/**
 * Sources that would show as untested: those without code, which only have types or re-exports, and the entries of
 * processes and threads of their own, which test/cli/built runs where coverage is not counted.
 */
function withoutCoverage(): string[] {
  const src = fileURLToPath(new URL("src", import.meta.url));
  const paths = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const hasCode = (path: string): boolean => {
    const { outputText } = ts.transpileModule(readFileSync(join(src, path), "utf8"), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, removeComments: true },
    });
    return /^(?!export (?:\{|\*)|import |[ }])\S/m.test(outputText);
  };
  const withoutCode = paths.filter((path) => !hasCode(path));
  return [...withoutCode, "cli/main.ts", "batch/worker.ts"].map((path) => `src/${path}`);
}

const chromium = findChromium();
const inChromium: TestProjectConfiguration[] =
  chromium === null
    ? []
    : [
        {
          // Named here, so that a first run does not find one after the other and load the page anew for each.
          optimizeDeps: { include: ["fast-check"], entries: ["test/**/*.test.ts"] },
          test: {
            name: "chromium",
            include: ["test/**/*.test.ts"],
            exclude: [...otherProjects, ...nodeOnly],
            testTimeout: 240_000,
            browser: {
              enabled: true,
              headless: true,
              screenshotFailures: false,
              provider: playwright({ launchOptions: launchOptions(chromium) }),
              instances: [{ browser: "chromium" }],
            },
          },
        },
        { test: { name: "pages", include: ["test/pages/**/*.test.ts"], testTimeout: 300_000 } },
      ];

export default defineConfig({
  test: {
    // One worker for each core: by default vitest leaves one core to itself.
    maxWorkers: "100%",
    reporters: jsonReport === undefined ? ["default"] : ["default", ["json", { outputFile: jsonReport }]],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: process.argv.includes("--coverage") ? withoutCoverage() : [],
      reporter: ["text", "text-summary"],
      thresholds: { lines: 95 },
    },
    projects: [
      { test: { name: "unit", include: ["test/**/*.test.ts"], exclude: otherProjects, testTimeout: 180_000 } },
      {
        test: {
          name: "package",
          include: ["package", "cli/built", "examples", "docs"].map((folder) => `test/${folder}/**/*.test.ts`),
          testTimeout: 240_000,
        },
      },
      { test: { name: "s3", include: ["test/s3/**/*.test.ts"], testTimeout: 600_000 } },
      {
        // The aggregator's sources import the library by its name.
        resolve: {
          alias: [{ find: /^prio\/(.*)$/, replacement: fileURLToPath(new URL("src/$1/index.ts", import.meta.url)) }],
        },
        test: { name: "janus", include: ["test/janus/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 600_000 },
      },
      { test: { name: "large", include: ["test/large/**/*.test.ts"], testTimeout: 600_000 } },
      ...inChromium,
    ],
  },
});
