// The package as its users get it, and a user's program for it: what the tests of runtimes and of environments share.

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** Installs packages as these tests do: no script of a package runs, and nothing is asked. */
export const installFlags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];

/** Packs the package into a folder and returns the tarball's path. @param {string} folder */
export function pack(folder) {
  const output = execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return join(folder, JSON.parse(output)[0].filename);
}

/**
 * Writes the consumer's sources and the batch that it reproduces into a project: `collect.mts` and `batch.mjs` for ES
 * modules, `collect.cts` and `batch.cjs` for CommonJS.
 *
 * @param {string} project
 */
export function writeConsumer(project) {
  mkdirSync(project, { recursive: true });
  const source = join(root, "scripts/consumer");
  copyFileSync(join(source, "collect.mts"), join(project, "collect.mts"));
  copyFileSync(join(source, "collect.mts"), join(project, "collect.cts"));
  copyFileSync(join(source, "lazy.cts"), join(project, "lazy.cts"));
  const batch = JSON.stringify(recordedBatch());
  writeFileSync(join(project, "batch.mjs"), `export const batch = ${batch};\n`);
  writeFileSync(join(project, "batch.cjs"), `exports.batch = ${batch};\n`);
}

/** A batch recorded from libprio, as the consumer takes it: bytes are numbers, which every environment can read. */
function recordedBatch() {
  const { cases } = JSON.parse(readFileSync(join(root, "vectors/libprio-bool.json"), "utf8"));
  const { fields, batchId, secret, serverA, serverB, reports, result } = cases.find(
    (/** @type {{ fields: number }} */ { fields }) => fields >= 20,
  );
  const bytes = (/** @type {string} */ base64) => [...Buffer.from(base64, "base64")];
  return {
    fields,
    batchId,
    secret,
    result,
    privateKeys: { a: serverA.privateKey, b: serverB.privateKey },
    reports: reports.map((/** @type {Record<string, string>} */ report) => {
      const pair = (/** @type {string} */ name) => ({
        a: bytes(report[`${name}A`] ?? ""),
        b: bytes(report[`${name}B`] ?? ""),
      });
      return { packets: pair("packet"), verify1: pair("verify1"), verify2: pair("verify2") };
    }),
  };
}

/**
 * Compiles files of a project in place, under the strictest settings, with only the types of the language.
 *
 * @param {string[]} files
 * @param {ts.CompilerOptions} [options]
 */
export function compile(files, options = {}) {
  const program = ts.createProgram(files, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    lib: ["lib.es2022.d.ts"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    skipLibCheck: false,
    ...options,
  });
  const { diagnostics } = program.emit();
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    const [first] = problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
    throw new Error(`error: ${first} (${problems.length} in all)`);
  }
}

/** The last words of a failed command, on one line. @param {unknown} error */
export function wordsOf(error) {
  const { stderr, stdout, message } = /** @type {Record<string, string | null | undefined>} */ (error);
  const text = [stderr, stdout, message, String(error)].find((words) => words?.trim());
  const lines = (text ?? "").split("\n").map((line) => line.trim());
  return lines.find((line) => /error/i.test(line)) ?? lines.find((line) => line !== "") ?? "failed without a word";
}
