// Nothing in dist/ needs another package. Every import names a file beside it, or a module of Node in files that only
// the programs load.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, test } from "vitest";
import { entriesForNode, library, programs } from "../../scripts/bundle.mjs";
import { importsOf } from "../support/imports.js";
import { distFiles, read, root } from "./built.js";

/** The file of dist/ that a relative import in another means. */
function targetOf(path: string, specifier: string): string {
  const target = join(dirname(path), specifier);
  return path.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target;
}

/** The imports of a file of dist/ that a user's program could not resolve, a sentence each. */
function unresolvable(path: string, text: string, exists: (path: string) => boolean, hasNode: boolean): string[] {
  return importsOf(path, text)
    .filter(({ specifier }) => {
      if (specifier === null) return true;
      if (specifier.startsWith("node:")) return !hasNode;
      return !/^\.\.?\//.test(specifier) || !exists(targetOf(path, specifier));
    })
    .map(({ specifier, line }) => `${path}:${line}: ${specifier ?? "computed import"}`);
}

/** The entries, by their paths below dist/, and every file that they import, directly or not. */
function loadedBy(entries: string[]): Set<string> {
  const files = new Set(entries.map((path) => path.replace(/^dist\//, "")));
  for (const path of files) {
    for (const { specifier } of importsOf(path, read(`dist/${path}`))) {
      if (specifier?.startsWith(".")) files.add(targetOf(path, specifier));
    }
  }
  return files;
}

test("no file in dist has a bare import, and none of the library needs Node", () => {
  const files = distFiles().filter((path) => !path.endsWith(".map"));
  expect(files).toEqual(expect.arrayContaining(["index.js", "index.d.ts"]));
  const ofLibrary = loadedBy(Object.keys(library(root)).filter((path) => !entriesForNode.includes(path)));
  const found = files.flatMap((path) => {
    const hasNode = path.endsWith(".js") && !ofLibrary.has(path);
    return unresolvable(path, read(`dist/${path}`), (target) => existsSync(`${root}/dist/${target}`), hasNode);
  });
  expect(found).toEqual([]);
});

test("every file in dist is an entry or is imported by one, or is the map of such a module", () => {
  const entries = Object.keys(library(root));
  const declarations = entries.map((path) => path.replace(/\.js$/, ".d.ts"));
  const loaded = loadedBy([...entries, ...declarations, ...Object.keys(programs)]);
  expect(distFiles().filter((path) => !loaded.has(path.replace(/\.map$/, "")))).toEqual([]);
});

test.each<[string, string, boolean?]>([
  ["index.js", 'import { x } from "@noble/hashes/sha2.js";'],
  ["index.js", 'import "fast-check";'],
  ["index.js", 'export * from "@msgpack/msgpack";'],
  ["index.js", 'const x = await import("@noble/curves/ed25519.js");'],
  ["index.js", "const x = await import(`@noble/curves/ed25519.js`);"],
  ["index.js", 'const x = await import("@noble/" + name);'],
  ["index.js", 'function f() { return require("commander"); }'],
  ["index.js", 'const x = __require("commander");'],
  ["index.js", 'require.resolve("commander");'],
  ["index.js", 'import.meta.resolve("commander");'],
  ["index.js", 'import "node:fs";'],
  ["index.js", 'import "fs";'],
  ["cli.js", 'import "fs";', true],
  ["cli.js", 'const x = require("commander");', true],
  ["index.js", 'import "https://example.org/x.js";'],
  ["index.js", 'import "./missing.js";'],
  ["index.d.ts", 'import type { X } from "@noble/hashes/utils.js";'],
  ["index.d.ts", 'export declare const x: import("@noble/hashes/utils.js").X;'],
  ["index.d.ts", '/// <reference types="node" />'],
  ["index.d.ts", 'import x = require("node:fs");'],
  ["index.d.ts", 'declare module "prio" {}'],
  ["index.d.ts", 'export { x } from "./missing.js";'],
])("the check finds in %s: %s", (path, text, hasNode = false) => {
  expect(unresolvable(path, `// a line before\n${text}`, () => false, hasNode)).toEqual([
    expect.stringMatching(/:2: |:1: node$/),
  ]);
});

test("the check lets pass what is in dist, Node in the command, and mere talk of imports", () => {
  const exists = (path: string) => ["core/field.d.ts", "worker.js"].includes(path);
  const found = (path: string, text: string, hasNode = false) => unresolvable(path, text, exists, hasNode);
  expect(found("index.d.ts", 'export { F } from "./core/field.js";')).toEqual([]);
  expect(found("cli.js", 'import "node:fs"; import "./worker.js"; require("node:os");', true)).toEqual([]);
  expect(found("index.js", `// import "x"\nconst s = 'import "y"'; const requires = (x) => x;`)).toEqual([]);
});
