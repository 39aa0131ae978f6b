// Where this machine's Chromium is, and how tests start it: the tests in the browser, the tests of pages, and the
// example's screenshot.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/** The path of a Chromium to test in: CHROMIUM_PATH, one on the PATH, or the one of Playwright; null if none. */
export function findChromium() {
  const asked = process.env["CHROMIUM_PATH"];
  if (asked !== undefined && asked !== "") {
    if (!existsSync(asked)) throw new Error(`CHROMIUM_PATH: expected a file, found none at ${asked}`);
    return asked;
  }
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const installed = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return [...installed, chromium.executablePath()].find((path) => existsSync(path)) ?? null;
}

/**
 * Playwright's options to start it. The flags keep Chromium from calling home, which takes long on a closed network.
 * Root, the user in many CI containers, cannot use Chromium's sandbox.
 *
 * @param {string} executablePath
 * @returns {import("playwright").LaunchOptions}
 */
export function launchOptions(executablePath) {
  const flags = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  return { executablePath, headless: true, chromiumSandbox: process.getuid?.() !== 0, args: flags };
}
