// The code that the documents and docstrings show: it compiles under the strictest settings, and it runs. Readers paste
// it into TypeScript and into JavaScript, so the samples of one file are tried as both. The guide's files are
// JavaScript with types in comments; guide.test.ts runs them.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { read, root } from "../package/built.js";
import { docstringSamples } from "./docstrings.js";
import { documents } from "./documents.js";

/** The blocks of JavaScript in a document. The first line of some names a file. */
const blocksOf = (path: string): string[] =>
  [...read(path).matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string);
const fileOf = (code: string): string | undefined => /^\/\/ ([a-z-]+\.mjs)\b/.exec(code)?.[1];

/** Samples that stand alone, by where they are. */
const samples = new Map<string, string>();
for (const path of documents()) {
  for (const [i, code] of blocksOf(path).entries()) {
    if (fileOf(code) === undefined) samples.set(`${path}, block ${i + 1}`, code);
  }
}
for (const [name, code] of docstringSamples()) samples.set(`the docstring of ${name}`, code);

/** The files of documents that speak of several. */
const files = new Map(
  documents()
    .flatMap(blocksOf)
    .flatMap((code) => {
      const name = fileOf(code);
      return name === undefined ? [] : [[name, code] as const];
    }),
);

const scratch = mkdtempSync(join(tmpdir(), "prio-samples-"));
const nameOf = (i: number) => `sample-${i}`;

beforeAll(() => {
  mkdirSync(join(scratch, "node_modules/@types"), { recursive: true });
  symlinkSync(root, join(scratch, "node_modules/prio"), "dir");
  symlinkSync(join(root, "node_modules/@types/node"), join(scratch, "node_modules/@types/node"), "dir");
  writeFileSync(join(scratch, "package.json"), '{ "private": true, "type": "module" }\n');
  for (const [i, code] of [...samples.values()].entries()) {
    // A module of its own even if it imports nothing.
    writeFileSync(join(scratch, `${nameOf(i)}.mts`), `${code}\nexport {};\n`);
    writeFileSync(join(scratch, `${nameOf(i)}.mjs`), code);
  }
  for (const [name, code] of files) writeFileSync(join(scratch, name), code);
});
afterAll(() => rmSync(scratch, { recursive: true }));

const settings: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
  types: ["node"],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noImplicitReturns: true,
  noEmit: true,
  skipLibCheck: true,
  allowJs: true,
  checkJs: true,
};

/** What the compiler says of files, a sentence each. */
function problemsIn(names: readonly string[]): string[] {
  const program = ts.createProgram(
    names.map((name) => join(scratch, name)),
    settings,
  );
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName.slice(scratch.length + 1)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

test("there are samples, and files", () => {
  expect(samples.size).toBeGreaterThan(15);
  expect(files.size).toBe(5);
});

test("samples compile as TypeScript, under the strictest settings", () => {
  const names = [...samples.keys()];
  const problems = problemsIn(names.map((_, i) => `${nameOf(i)}.mts`));
  expect(problems.map((text) => text.replace(/^sample-(\d+)\.mts/, (_, i) => names[Number(i)] ?? ""))).toEqual([]);
});

test("the files of a document compile, as JavaScript with types in comments", () => {
  expect(problemsIn([...files.keys()])).toEqual([]);
});

test("a sample with a fault is found", () => {
  writeFileSync(join(scratch, "fault.mts"), 'import { Config } from "prio";\nnew Config({ fields: "3" });\n');
  expect(problemsIn(["fault.mts"]).join()).toMatch(/^fault\.mts:2: /);
});

describe("runs, as JavaScript and as TypeScript, and prints what its comments say", () => {
  test.each([...samples.entries()].map(([name, code], i) => ({ name, code, i })))("$name", ({ code, i }) => {
    const promised = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text as string);
    expect(promised.length).toBeGreaterThan(0);
    const { outputText } = ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    writeFileSync(join(scratch, `${nameOf(i)}.ts.mjs`), outputText);
    for (const file of [`${nameOf(i)}.mjs`, `${nameOf(i)}.ts.mjs`]) {
      const printed = execFileSync(process.execPath, [file], { cwd: scratch, encoding: "utf8" });
      expect(printed.trimEnd().split("\n")).toEqual(promised);
    }
  });
});
