// The order of the house (test/support/house.ts), checked on the real import statements of src/ and aggregator/src/:
// imports go one way, packages and Node are only where they belong, and there are no cycles. CONTRIBUTING.md says the
// same.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { aggregatorHouse, exceptions, type House, house, type Room } from "./support/house.js";
import { importsOf } from "./support/imports.js";

/** The room that a path below src/ such as `core/ntt.ts` or `errors.ts` belongs to. */
const roomOf = (path: string) => path.split("/")[0]?.replace(/\.ts$/, "") ?? "";

const isAllowed = (name: string, packages: readonly string[] = []): boolean =>
  packages.some((allowed) => (allowed.endsWith("*") ? name.startsWith(allowed.slice(0, -1)) : name === allowed));

/**
 * Everything that breaks the order of the house, a sentence each.
 *
 * @param files paths below src/ and their texts
 * @param excepted imports that are let pass; one that is not there is a fault too
 */
function violations(
  files: ReadonlyMap<string, string>,
  excepted: readonly string[] = [],
  rules: House = house,
): string[] {
  const found: string[] = [];
  const graph = new Map<string, string[]>();
  const unused = new Set(excepted);
  for (const [path, text] of files) {
    const room = roomOf(path);
    const rule = rules[room];
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
        if (!isAllowed(specifier, rule.packages)) found.push(`${where}: ${room} may not import ${specifier}`);
      } else if (!specifier.endsWith(".json")) {
        const target = normalize(join(dirname(path), specifier)).replace(/\.js$/, ".ts");
        if (!files.has(target)) found.push(`${where}: ${specifier} is not a file of src`);
        targets.push(target);
        const targetRoom = roomOf(target);
        const allowed = [...rule.rooms, ...(rule.files?.[path.replace(/\.ts$/, "")] ?? [])];
        const isAllowedRoom = allowed.includes(targetRoom) || allowed.includes(target.replace(/\.ts$/, ""));
        if (targetRoom === room || isAllowedRoom) continue;
        const exception = `${path} → ${target}`;
        if (!excepted.includes(exception)) found.push(`${where}: ${room} may not import ${nameOf(target, rule)}`);
        unused.delete(exception);
      }
    }
    if (/(^|\/)index\.ts$/.test(path)) found.push(...logicIn(path, text));
  }
  return [
    ...found,
    ...Array.from(unused, (exception) => `${exception}: this exception is not needed`),
    ...cyclesIn(graph),
  ];
}

/** What a sentence calls an imported file: its room, or the file itself where only the room's index may be imported. */
const nameOf = (target: string, { rooms }: Room): string =>
  rooms.includes(`${roomOf(target)}/index`) ? target : roomOf(target);

/** The statements of a file that are anything but re-exports. */
function logicIn(path: string, text: string): string[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  return file.statements
    .filter((statement) => !(ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined))
    .map((statement) => {
      const line = file.getLineAndCharacterOfPosition(statement.getStart(file)).line + 1;
      return `${path}:${line}: an index has no logic, only re-exports`;
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

/** The files of a folder, src/ by default, by their path below it. */
function sources(folder = "../src"): Map<string, string> {
  const src = fileURLToPath(new URL(folder, import.meta.url));
  const paths = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  return new Map(paths.map((path) => [path.replaceAll("\\", "/"), readFileSync(join(src, path), "utf8")]));
}

test("src keeps the order of the house", () => {
  const files = sources();
  expect(files.size).toBeGreaterThan(5);
  expect(violations(files, exceptions)).toEqual([]);
});

test("so does aggregator/src", () => {
  const files = sources("../aggregator/src");
  expect(files.size).toBeGreaterThan(100);
  expect(violations(files, [], aggregatorHouse)).toEqual([]);
});

test.each([
  ["src", house],
  ["aggregator/src", aggregatorHouse],
])("no room of %s may import one that stands behind it", (_name, rules) => {
  const names = Object.keys(rules);
  for (const [i, name] of names.entries()) {
    const { rooms = [], files = {} } = rules[name] ?? {};
    for (const room of [...rooms, ...Object.values(files).flat()]) {
      expect(names.slice(0, i), `${name} imports ${room}`).toContain(roomOf(room));
    }
  }
});

/** The rooms that hold more than a fifth of all code, with their shares in percent. Comments do not count. */
function crowded(files: ReadonlyMap<string, string>): Record<string, number> {
  const printer = ts.createPrinter({ removeComments: true });
  const lines = new Map<string, number>();
  let all = 0;
  for (const [path, text] of files) {
    const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022);
    const count = printer.printFile(file).split("\n").length - 1;
    lines.set(roomOf(path), (lines.get(roomOf(path)) ?? 0) + count);
    all += count;
  }
  const shares = Array.from(lines, ([room, count]) => [room, (100 * count) / all] as const);
  return Object.fromEntries(shares.filter(([, share]) => share > 20));
}

test("no room of the library is more than a fifth of the house", () => {
  const { cli: _command, ...library } = crowded(sources());
  expect(library).toEqual({});
});

/** How CONTRIBUTING.md writes what a room may import. */
function inWords({ rooms, packages = [], files = {} }: Room): string {
  const built = rooms.filter((room) => isBuilt(room));
  const words = [...built, ...packages.map((name) => `\`${name}\``)].join(", ") || "nothing";
  const single = Object.entries(files).map(
    ([file, more]) => `; \`${file.split("/").at(-1)}.ts\` also ${more.join(", ")}`,
  );
  return words + single.join("");
}

/** Whether a room is there yet: the rules are made before the rooms. */
const isBuilt = (room: string) => [...sources().keys()].some((path) => roomOf(path) === roomOf(room));

const contributing = readFileSync(new URL("../CONTRIBUTING.md", import.meta.url), "utf8");

test("the tables of CONTRIBUTING.md name each room of the aggregator, and say what it may import", () => {
  const rows = [...contributing.matchAll(/^\| `aggregator\/src\/([\w-]+)(?:\.ts|\/)` \| .* \| (.*) \|$/gm)];
  const inRules = Object.entries(aggregatorHouse).map(([name, { rooms, packages = [] }]) => [
    name,
    [...rooms, ...packages.map((one) => `\`${one}\``)].join(", ") || "nothing",
  ]);
  expect(rows.map(([, name, words]) => [name, words])).toEqual(inRules);
});

test("the table of CONTRIBUTING.md says what each room may import", () => {
  const text = contributing;
  const rows = [...text.matchAll(/^\| `src\/(\w+)(?:\.ts|\/)` \| .* \| (.*) \|$/gm)];
  const rules = Object.entries(house).filter(([name]) => isBuilt(name));
  expect(rows.map(([, name, words]) => [name, words])).toEqual(rules.map(([name, room]) => [name, inWords(room)]));
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
    ["prio3/index.ts", 'export { q } from "./q.js";'],
    ["prio3/q.ts", "export const q = 1;"],
    ["files/f.ts", 'import { e } from "../errors.js";\nimport { statSync } from "node:fs";\nstatSync(e);'],
    ["batch/run.ts", 'import { readFileSync } from "node:fs";\nimport { p } from "../index.js";\nreadFileSync(p);'],
    [
      "cli/main.ts",
      'import { Command } from "commander";\nimport "../batch/run.js";\nimport "../prio3/index.js";\nnew Command();',
    ],
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
    ["prio1 imports prio3", "prio1/b.ts", 'import "../prio3/q.js";', "prio1 may not import prio3"],
    ["prio3 imports prio1", "prio3/b.ts", 'import "../prio1/p.js";', "prio3 may not import prio1"],
    ["index imports codec", "index.ts", 'export * from "./codec/m.js";', "index may not import codec"],
    ["batch imports cli", "batch/b.ts", 'import "../cli/main.js";', "batch may not import cli"],
    ["batch imports prio1", "batch/b.ts", 'import type { p } from "../prio1/p.js";', "batch may not import prio1"],
    ["batch imports commander", "batch/b.ts", 'import "commander";', "batch may not import commander"],
    ["cli imports crypto", "cli/b.ts", 'import "../crypto/k.js";', "cli may not import crypto"],
    ["cli imports the inside of prio3", "cli/b.ts", 'import "../prio3/q.js";', "cli may not import prio3/q.ts"],
    ["cli imports noble", "cli/b.ts", 'import "@noble/hashes/sha2.js";', "cli may not import @noble/hashes/sha2.js"],
    ["cli imports a package beside", "cli/b.ts", 'import "commander/esm.mjs";', "cli may not import commander/esm.mjs"],
    ["an import of nothing", "core/b.ts", 'import "./c.js";', "./c.js is not a file of src"],
    ["an import out of src", "core/b.ts", 'import "../../test/x.js";', "core may not import .."],
    ["files imports batch", "files/b.ts", 'import "../batch/run.js";', "files may not import batch"],
    ["files imports the protocol", "files/b.ts", 'import "../index.js";', "files may not import index"],
    ["replays imports batch", "replays/b.ts", 'import "../batch/run.js";', "replays may not import batch"],
    ["a file of dap imports VDAFs", "dap/b.ts", 'import "../prio3/index.js";', "dap may not import prio3"],
    ["dap/vdafs imports the inside of prio3", "dap/vdafs.ts", 'import "../prio3/q.js";', "dap may not import prio3"],
    ["an unknown folder", "prio9/b.ts", "", "prio9/b.ts: has no place in the house"],
    ["logic in index", "index.ts", "export const x = 1;", "index.ts:1: an index has no logic"],
    ["an import in index", "index.ts", 'import "./prio1/p.js";', "index.ts:1: an index has no logic"],
    ["logic in a room's index", "prio3/index.ts", "export const x = 1;", "prio3/index.ts:1: an index has no logic"],
    ["a cycle of one", "core/b.ts", 'import "./b.js";', "cycle: core/b.ts → core/b.ts"],
  ])("%s: found", (_name, path, text, sentence) => {
    expect(violations(new Map([...base, [path, text]])).join("\n")).toContain(sentence);
  });

  test("a room of the aggregator that imports one above it, or a package that is not its own: found", () => {
    const files = new Map([
      ["http/a.ts", 'import fastify from "fastify";\nexport const a = fastify;'],
      ["protocol/b.ts", 'import { a } from "../http/a.js";\nimport "pg";\nimport "../../package.json";\na();'],
    ]);
    expect(violations(files, [], aggregatorHouse)).toEqual([
      "protocol/b.ts:1: protocol may not import http",
      "protocol/b.ts:2: protocol may not import pg",
    ]);
  });

  test("a room of more than a fifth of the lines: found with its share", () => {
    const lines = (count: number) => "// A comment.\n\nf();\n".repeat(count);
    const rooms = {
      "errors.ts": 20,
      "codec/m.ts": 20,
      "crypto/k.ts": 19,
      "core/a.ts": 10,
      "core/b.ts": 11,
      "index.ts": 20,
    };
    const files = new Map(Object.entries(rooms).map(([path, count]) => [path, lines(count)]));
    expect(crowded(files)).toEqual({ core: 21 });
  });

  test("an exception lets its import pass, and no other", () => {
    const files = new Map([...base, ["cli/b.ts", 'import "../crypto/k.js";\nimport "../prio1/p.js";'] as const]);
    expect(violations(files, ["cli/b.ts → crypto/k.ts"])).toEqual(["cli/b.ts:2: cli may not import prio1"]);
  });

  test("an exception that is not needed: found", () => {
    const sentence = "cli/b.ts → crypto/k.ts: this exception is not needed";
    expect(violations(new Map(base), ["cli/b.ts → crypto/k.ts"])).toEqual([sentence]);
  });

  test("a cycle inside a folder: found once", () => {
    const files = new Map(base);
    files.set("core/b.ts", 'import type { c } from "./c.js";').set("core/c.ts", 'export * from "./d.js";');
    files.set("core/d.ts", 'import "./b.js";\nimport "./a.js";');
    expect(violations(files)).toEqual(["cycle: core/b.ts → core/c.ts → core/d.ts → core/b.ts"]);
  });
});
