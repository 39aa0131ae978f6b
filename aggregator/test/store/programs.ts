// Programs of the tests that run as processes of their own: bundled from TypeScript, beside the packages that they
// need.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache", import.meta.url));

export interface Program {
  start(...args: readonly string[]): ChildProcess;
  remove(): void;
}

/** @param name a file of this folder */
export async function bundled(name: string): Promise<Program> {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "store-test-"));
  const program = join(folder, "program.mjs");
  await esbuild.build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    outfile: program,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    logLevel: "error",
  });
  return {
    start: (...args) => spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
