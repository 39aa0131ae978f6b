// The order of the house (CONTRIBUTING.md, "The house"), checked on the real import statements of src/:
// errors ← core ← codec, crypto ← prio1 ← batch ← cli; third-party code and Node only where they belong; no cycles.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { importsOf } from "./support/imports.js";

/** For each part of src/: the parts that it may import besides itself, and the packages. */
const house: Record<string, { parts: string[]; packages: RegExp }> = {
  errors: { parts: [], packages: /^$/ },
  core: { parts: ["errors"], packages: /^$/ },
  codec: { parts: ["errors", "core"], packages: /^@msgpack\/msgpack$/ },
  crypto: { parts: ["errors", "core"], packages: /^@noble\// },
  prio1: { parts: ["errors", "core", "codec", "crypto"], packages: /^$/ },
  index: { parts: ["errors", "core", "codec", "crypto", "prio1"], packages: /^$/ },
  batch: { parts: ["errors", "core", "codec", "crypto", "prio1", "index"], packages: /^node:/ },
  cli: { parts: ["errors", "core", "codec", "crypto", "prio1", "index", "batch"], packages: /^(node:.*|commander)$/ },
};

/** The part of src/ that a path such as `core/ntt.ts` or `errors.ts` belongs to. */
const partOf = (path: string) => path.split("/")[0]?.replace(/\.ts$/, "") ?? "";

/** Everything that breaks the order of the house, a sentence each. `files` maps paths below src/ to their text. */
function violations(files: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  for (const [path, text] of files) {
    const part = partOf(path);
    const rule = house[part];
    if (rule === undefined) {
      found.push(`${path}: has no place in the house`);
      continue;
    }
    const targets: string[] = [];
    graph.set(path, targets);
    for (const { specifier, line } of importsOf(path, text)) {
      const where = `${path}:${line}`;
      if (specifier === null) {
        found.push(`${where}: computed import`);
      } else if (!specifier.startsWith(".")) {
        if (!rule.packages.test(specifier)) found.push(`${where}: ${part} may not import ${specifier}`);
      } else {
        const target = normalize(join(dirname(path), specifier)).replace(/\.js$/, ".ts");
        if (!files.has(target)) found.push(`${where}: ${specifier} is not a file of src`);
        const targetPart = partOf(target);
        if (targetPart !== part && !rule.parts.includes(targetPart)) {
          found.push(`${where}: ${part} may not import ${targetPart}`);
        }
        targets.push(target);
      }
    }
    if (part === "index") found.push(...logicIn(path, text));
  }
  return [...found, ...cyclesIn(graph)];
}

/** The statements of a file that are anything but re-exports. */
function logicIn(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  return file.statements
    .filter((statement) => !(ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined))
    .map((statement) => {
      const line = file.getLineAndCharacterOfPosition(statement.getStart(file)).line + 1;
      return `${path}:${line}: index has logic: only re-exports belong here`;
    });
}

/** The import cycles that a depth-first walk meets, a sentence each. */
function cyclesIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`cycle: ${[...trail.slice(start), path].join(" → ")}`);
    if (start >= 0 || done.has(path)) return;
    for (const target of graph.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) walk(path, []);
  return found;
}

/** The files of src/ by their path below it. */
function sources(): Map<string, string> {
  const src = fileURLToPath(new URL("../src", import.meta.url));
  const paths = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  return new Map(paths.map((path) => [path.replaceAll("\\", "/"), readFileSync(join(src, path), "utf8")]));
}

test("src keeps the order of the house", () => {
  const files = sources();
  expect(files.size).toBeGreaterThan(5);
  expect(violations(files)).toEqual([]);
});

describe("the check itself", () => {
  const base: [string, string][] = [
    ["errors.ts", "export const e = 1;"],
    ["core/a.ts", 'import { e } from "../errors.js";\nexport const a = e;'],
    [
      "codec/m.ts",
      'import { a } from "../core/a.js";\nimport { decode } from "@msgpack/msgpack";\nexport const m = [a, decode];',
    ],
    ["crypto/k.ts", 'import { sha256 } from "@noble/hashes/sha2.js";\nexport const k = sha256;'],
    ["prio1/p.ts", 'import { m } from "../codec/m.js";\nimport { k } from "../crypto/k.js";\nexport const p = [m, k];'],
    ["index.ts", 'export { p } from "./prio1/p.js";'],
    ["cli/main.ts", 'import { readFileSync } from "node:fs";\nimport { p } from "../index.js";\nreadFileSync(p);'],
  ];

  test("a well-built house has no violation", () => {
    expect(violations(new Map(base))).toEqual([]);
  });

  test.each([
    ["errors imports core", "errors.ts", 'import "./core/a.js";', "errors may not import core"],
    ["core imports codec", "core/b.ts", 'import { m } from "../codec/m.js";', "core may not import codec"],
    [
      "core imports a type of prio1",
      "core/b.ts",
      'import type { p } from "../prio1/p.js";',
      "core may not import prio1",
    ],
    ["core re-exports crypto", "core/b.ts", 'export * from "../crypto/k.js";', "core may not import crypto"],
    ["core names a type by import()", "core/b.ts", 'type T = import("../prio1/p.js").P;', "core may not import prio1"],
    ["codec imports crypto", "codec/b.ts", 'await import("../crypto/k.js");', "codec may not import crypto"],
    ["crypto imports codec", "crypto/b.ts", 'import { m } from "../codec/m.js";', "crypto may not import codec"],
    ["prio1 imports cli", "prio1/b.ts", 'import "../cli/main.js";', "prio1 may not import cli"],
    ["prio1 imports index", "prio1/b.ts", 'import "../index.js";', "prio1 may not import index"],
    [
      "prio1 imports noble",
      "prio1/b.ts",
      'import "@noble/hashes/sha2.js";',
      "prio1 may not import @noble/hashes/sha2.js",
    ],
    ["crypto imports msgpack", "crypto/b.ts", 'import "@msgpack/msgpack";', "crypto may not import @msgpack/msgpack"],
    [
      "codec imports noble",
      "codec/b.ts",
      'import "@noble/curves/utils.js";',
      "codec may not import @noble/curves/utils.js",
    ],
    ["crypto imports node:", "crypto/b.ts", 'import "node:crypto";', "crypto may not import node:crypto"],
    ["crypto requires node:", "crypto/b.ts", 'require("node:crypto");', "crypto may not import node:crypto"],
    ["core computes an import", "core/b.ts", 'import("../" + "prio1/p.js");', "core/b.ts:1: computed import"],
    ["an import of nothing", "core/b.ts", 'import "./c.js";', "./c.js is not a file of src"],
    ["an import out of src", "core/b.ts", 'import "../../test/x.js";', "core may not import .."],
    ["batch imports cli", "batch/b.ts", 'import "../cli/main.js";', "batch may not import cli"],
    ["batch imports commander", "batch/b.ts", 'import "commander";', "batch may not import commander"],
    ["an unknown folder", "prio9/b.ts", "", "prio9/b.ts: has no place in the house"],
    ["logic in index", "index.ts", "export const x = 1;", "index.ts:1: index has logic"],
    ["an import in index", "index.ts", 'import "./core/a.js";', "index.ts:1: index has logic"],
    ["a cycle of one", "core/b.ts", 'import "./b.js";', "cycle: core/b.ts → core/b.ts"],
  ])("%s: found", (_name, path, text, sentence) => {
    expect(violations(new Map([...base, [path, text]])).join("\n")).toContain(sentence);
  });

  test("a cycle inside a folder: found once", () => {
    const files = new Map(base);
    files.set("core/b.ts", 'import type { c } from "./c.js";').set("core/c.ts", 'export * from "./d.js";');
    files.set("core/d.ts", 'import "./b.js";\nimport "./a.js";');
    expect(violations(files)).toEqual(["cycle: core/b.ts → core/c.ts → core/d.ts → core/b.ts"]);
  });
});
