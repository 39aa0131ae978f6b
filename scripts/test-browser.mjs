// The tests that need a browser, in headless Chromium: the unit tests once more or, with the argument `pages`, those of
// whole pages. Where there is no Chromium it says so in one line; with PRIO_REQUIRE_BROWSER=1, as in CI, that is
// a failure.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findChromium } from "./chromium.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const path = findChromium();

if (path === null) {
  const sentence = "no Chromium found (set CHROMIUM_PATH or install one): the tests in the browser DID NOT RUN";
  if (process.env["PRIO_REQUIRE_BROWSER"] === "1") {
    console.error(`test-browser: ${sentence}`);
    process.exitCode = 1;
  } else {
    console.log(`\n  *** ${sentence} ***\n`);
  }
} else {
  const version = spawnSync(path, ["--version", "--no-sandbox"], { encoding: "utf8" }).stdout.trim();
  const [project, what] = process.argv[2] === "pages" ? ["pages", "pages"] : ["chromium", "unit tests"];
  console.log(`\n${what} in ${version}`);
  const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project", project], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = status ?? 1;
}
