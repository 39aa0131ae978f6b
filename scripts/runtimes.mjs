// JavaScript runtimes from the npm registry, one version of each: which package to install, and how to run a file. The
// packages are those that contain the binary for this platform. None of their scripts is run.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {string} specifier the package to install, with its exact version
 * @property {RegExp} binary the binary's path below node_modules
 * @property {(file: string) => string[]} run arguments to run a file with no network and no more rights than needed
 */

/** @type {(version: string) => Runtime} */
const node = (version) => ({
  name: `Node ${version.split(".")[0]}`,
  specifier: `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}@${version}`,
  binary: /^node-[^/]+\/bin\/node(\.exe)?$/,
  run: (file) => [file],
});

/** @type {Runtime[]} */
export const runtimes = [
  node("20.19.0"),
  node("20.20.2"),
  node("22.23.3"),
  node("24.21.0"),
  node("26.10.0"),
  {
    name: "Deno 2",
    specifier: "deno@2.9.6",
    binary: /^@deno\/[^/]+\/deno(\.exe)?$/,
    run: (file) => [
      "run",
      "--quiet",
      "--no-prompt",
      "--cached-only",
      "--node-modules-dir=manual",
      "--allow-read=.",
      file,
    ],
  },
  {
    name: "Bun 1",
    specifier: "bun@1.4.5",
    binary: /^@oven\/[^/]+\/bin\/bun(\.exe)?$/,
    run: (file) => ["--no-install", file],
  },
];

/**
 * Installs a runtime into an empty folder and returns its binary's path. Throws npm's error when that fails.
 *
 * @param {Runtime} runtime
 * @param {string} folder
 */
export function install({ specifier, binary }, folder) {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--no-package-lock", "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, specifier], { cwd: folder, encoding: "utf8", stdio: "pipe" });
  const modules = join(folder, "node_modules");
  const path = readdirSync(modules, { recursive: true, encoding: "utf8" }).find((name) =>
    binary.test(name.replaceAll("\\", "/")),
  );
  if (path === undefined) throw new Error(`${specifier} has no binary for this platform`);
  return join(modules, path);
}
