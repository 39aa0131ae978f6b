// The built package as these tests see it: its files, its manifest, and the library itself, loaded as a user's program
// would by its own name, past vitest's transforms. `npm run build` comes first.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(new URL("../..", import.meta.url)));

/** The text of a file of the repository. */
export const read = (path: string): string => readFileSync(`${root}/${path}`, "utf8");

/** The files of dist/, by their path below it. */
export function distFiles(): string[] {
  return readdirSync(`${root}/dist`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(`${root}/dist`, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/** What these tests need of package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly engines: Record<string, string>;
  readonly exports: Record<string, string | Record<string, string>>;
  readonly bin?: Record<string, string>;
  readonly scripts: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly bundleDependencies?: string[];
  readonly devDependencies: Record<string, string>;
}

export const manifest: Manifest = JSON.parse(read("package.json"));

/** The library out of dist/, through the exports map. */
export const prio: typeof import("../../src/index.js") = createRequire(import.meta.url)("prio");
