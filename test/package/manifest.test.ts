// What package.json promises: no dependency, exports that resolve with `import` and `require`, the same public names in
// source, bundle and declarations, and everything that a user needs among the packed files.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { distFiles, manifest, prio, read, root } from "./built.js";

/** The values and the types of the public surface, whose names are binding. */
const publicValues = ["Client", "Config", "PrioError", "PrivateKey", "PublicKey", "Server", "ServerSecret"];
const publicFunctions = ["generateKeyPair", "publish"];
const publicTypes = ["ReplayRecord", "VerifiedReport", "Verifier"];

const node = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });

/** A strict program over one file, as a user's compiler would read it: es2020, no types but its own. */
function compile(path: string): { names: string[]; errors: string[] } {
  const program = ts.createProgram([`${root}/${path}`], {
    target: ts.ScriptTarget.ES2020,
    lib: ["lib.es2020.d.ts"],
    module: ts.ModuleKind.NodeNext,
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
  });
  const file = program.getSourceFile(`${root}/${path}`);
  const module = file && program.getTypeChecker().getSymbolAtLocation(file);
  return {
    names: module
      ? program
          .getTypeChecker()
          .getExportsOfModule(module)
          .map((symbol) => symbol.name)
          .sort()
      : [],
    errors: ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
  };
}

test("the package has no dependency and no script that runs at installation", () => {
  expect(manifest.dependencies ?? {}).toEqual({});
  expect(manifest.optionalDependencies ?? {}).toEqual({});
  expect(manifest.peerDependencies ?? {}).toEqual({});
  expect(manifest.bundleDependencies ?? []).toEqual([]);
  for (const name of ["preinstall", "install", "postinstall", "prepare"])
    expect(manifest.scripts).not.toHaveProperty(name);
});

test("development dependencies are pinned to exact versions", () => {
  // The package itself is linked, so that the aggregator's dependency on it is met from this folder.
  const { prio, ...others } = manifest.devDependencies;
  expect(prio).toBe("file:.");
  for (const [name, version] of Object.entries(others)) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
});

test("every target of the exports map exists, types first", () => {
  const targets = Object.values(manifest.exports).flatMap((target) => {
    if (typeof target === "string") return [target];
    expect(Object.keys(target)[0]).toBe("types");
    return Object.values(target);
  });
  for (const target of targets) expect(existsSync(`${root}/${target}`), target).toBe(true);
});

test("import and require load the package by its name, and both give the public names", () => {
  const print = "console.log(JSON.stringify(Object.keys(prio).sort()))";
  const imported = JSON.parse(node("--input-type=module", "--eval", `import * as prio from "prio"; ${print}`));
  const required = JSON.parse(node("--input-type=commonjs", "--eval", `const prio = require("prio"); ${print}`));
  expect(imported).toEqual(expect.arrayContaining([...publicValues, ...publicFunctions]));
  expect(required.filter((name: string) => name !== "__esModule")).toEqual(imported);
});

test("loading the package needs no global of a browser or of Node beyond the language's own", () => {
  // process stays: Node's own loader wants it. What a module reads lazily is tested where it is read.
  const strip = "for (const name of ['Buffer', 'crypto', 'window', 'document', 'fetch']) delete globalThis[name];";
  expect(node("--input-type=module", "--eval", `${strip} await import("prio"); console.log("loaded")`)).toBe(
    "loaded\n",
  );
});

test("the built package exports what src/index.ts exports, and what the design promises", async () => {
  const source = await import("../../src/index.js");
  expect(Object.keys(prio).sort()).toEqual(Object.keys(source).sort());
  for (const name of [...publicValues, ...publicFunctions]) expect(prio).toHaveProperty(name, expect.any(Function));
});

test("the declarations compile alone under the strictest settings and name what src/index.ts names", () => {
  const built = compile("dist/index.d.ts");
  expect(built.errors).toEqual([]);
  expect(built.names).toEqual(expect.arrayContaining([...publicValues, ...publicFunctions, ...publicTypes]));
  expect(built.names).toEqual(compile("src/index.ts").names);
});

test("the declarations of every entry compile for es2020, without node's types", () => {
  const declarations = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [] : [target["types"] as string],
  );
  expect(declarations.length).toBeGreaterThan(3);
  for (const path of new Set(declarations)) expect(compile(path).errors, path).toEqual([]);
});

test("declarations and bundles keep internals and this machine's paths to themselves", () => {
  for (const path of distFiles()) {
    const text = read(`dist/${path}`);
    if (path.endsWith(".d.ts")) expect(text, path).not.toContain("@internal");
    expect(text, path).not.toContain(root);
  }
});

test("the packed files are dist, documents, examples, recipes and licences, and no source or test", () => {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ files }] = JSON.parse(output) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  const expected = distFiles().map((path) => `dist/${path}`);
  expect(paths).toEqual(
    expect.arrayContaining([...expected, "LICENSE", "THIRD-PARTY-NOTICES", "CHANGELOG.md", "package.json"]),
  );
  for (const path of paths)
    expect(path).toMatch(
      /^(dist|docs|examples|deploy|spark)\/|^[A-Z-]+(\.md)?$|^package\.json$|^vectors\/libprio-bool\.json$/,
    );
});

test("the changelog has an entry for this version", () => {
  const entries = [...read("CHANGELOG.md").matchAll(/^## (.*)$/gm)].map(([, title]) => title);
  expect(entries).toContainEqual(expect.stringMatching(`^\\[${manifest.version}\\] - \\d{4}-\\d\\d-\\d\\d$`));
  for (const title of entries) expect(title).toMatch(/^\[Unreleased\]$|^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/);
});
