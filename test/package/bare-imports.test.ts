// Nothing in dist/ needs another package: every import is of a file beside it, or, in the command alone, of Node.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { expect, test } from "vitest";
import { importsOf } from "../support/imports.js";
import { distFiles, read, root } from "./built.js";

/** The imports of a file of dist/ that a user's program could not resolve, a sentence each. */
function unresolvable(path: string, text: string, exists: (path: string) => boolean): string[] {
  return importsOf(path, text)
    .filter(({ specifier }) => {
      if (specifier === null) return true;
      if (specifier.startsWith("node:")) return !path.startsWith("cli");
      if (!/^\.\.?\//.test(specifier)) return true;
      const target = join(dirname(path), specifier);
      return !exists(path.endsWith(".d.ts") ? target.replace(/\.js$/, ".d.ts") : target);
    })
    .map(({ specifier, line }) => `${path}:${line}: ${specifier ?? "computed import"}`);
}

test("no file in dist has a bare import", () => {
  const files = distFiles();
  expect(files).toEqual(expect.arrayContaining(["index.js", "index.d.ts"]));
  for (const path of files) expect(path).toMatch(/\.(js|d\.ts)$/);
  const found = files.flatMap((path) =>
    unresolvable(path, read(`dist/${path}`), (x) => existsSync(`${root}/dist/${x}`)),
  );
  expect(found).toEqual([]);
});

test.each([
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
  ["cli.js", 'import "fs";'],
  ["cli.js", 'const x = require("commander");'],
  ["index.js", 'import "https://example.org/x.js";'],
  ["index.js", 'import "./missing.js";'],
  ["index.d.ts", 'import type { X } from "@noble/hashes/utils.js";'],
  ["index.d.ts", 'export declare const x: import("@noble/hashes/utils.js").X;'],
  ["index.d.ts", '/// <reference types="node" />'],
  ["index.d.ts", 'import x = require("node:fs");'],
  ["index.d.ts", 'declare module "prio" {}'],
  ["index.d.ts", 'export { x } from "./missing.js";'],
])("the check finds in %s: %s", (path, text) => {
  expect(unresolvable(path, `// a line before\n${text}`, () => false)).toEqual([
    expect.stringMatching(/:2: |:1: node$/),
  ]);
});

test("the check lets pass what is in dist, Node in the command, and mere talk of imports", () => {
  const exists = (path: string) => ["core/field.d.ts", "worker.js"].includes(path);
  expect(unresolvable("index.d.ts", 'export { F } from "./core/field.js";', exists)).toEqual([]);
  expect(unresolvable("cli.js", 'import "node:fs"; import "./worker.js"; require("node:os");', exists)).toEqual([]);
  expect(unresolvable("index.js", `// import "x"\nconst s = 'import "y"'; const requires = (x) => x;`, exists)).toEqual(
    [],
  );
});
