// Tests the package as its users get it: packed, installed into a new project with nothing else fetched, compiled under
// each way of resolving modules, and run by each runtime, as an ES module and through require(). publint and
// @arethetypeswrong check the same tarball. Prints tables; exits with 1 when anything fails. A runtime that the
// registry does not have gets a row that says so.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { compile, pack, root, wordsOf, writeConsumer } from "./package-under-test.mjs";
import { install, runtimes } from "./runtimes.mjs";

const work = mkdtempSync(join(tmpdir(), "prio-runtimes-"));
const consumer = join(work, "consumer");
let failures = 0;

/**
 * What `check` returns, or that it failed and how.
 *
 * @param {() => string} check
 */
function verdict(check) {
  try {
    return check();
  } catch (error) {
    failures++;
    return `FAILED: ${wordsOf(error)}`;
  }
}

/** @param {string[][]} rows the first is the head */
function printTable(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  console.log();
}

/** A project that has the tarball and nothing else: npm may not fetch. @param {string} tarball */
function installOffline(tarball) {
  writeConsumer(consumer);
  writeFileSync(join(consumer, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
  // A cache of its own: what npm has kept from other installs does not help.
  const flags = ["--offline", "--no-audit", "--no-fund", "--cache", join(work, "npm-cache"), "--loglevel=error"];
  execFileSync("npm", ["install", ...flags, tarball], { cwd: consumer, encoding: "utf8", stdio: "pipe" });
  const installed = readdirSync(join(consumer, "node_modules")).filter((name) => !name.startsWith("."));
  if (installed.join() !== "prio") throw new Error(`expected prio alone in node_modules, got ${installed.join(", ")}`);
  return `${readdirSync(join(consumer, "node_modules/prio/dist")).length} entries in dist, no other package`;
}

/** Compiles a file of the consumer. @param {string} file @param {ts.CompilerOptions} [options] */
function compiles(file, options) {
  compile([join(consumer, file)], options);
  return "ok";
}

function checkTypes() {
  const { Bundler, Node16 } = ts.ModuleResolutionKind;
  const node16 = { module: ts.ModuleKind.Node16, moduleResolution: Node16 };
  printTable([
    ["moduleResolution", "ES module", "CommonJS"],
    [
      "bundler",
      verdict(() => compiles("collect.mts", { module: ts.ModuleKind.ESNext, moduleResolution: Bundler, noEmit: true })),
      verdict(() =>
        compiles("collect.cts", { module: ts.ModuleKind.Preserve, moduleResolution: Bundler, noEmit: true }),
      ),
    ],
    [
      "node16",
      verdict(() => compiles("collect.mts", { ...node16, noEmit: true })),
      verdict(() => `${compiles("lazy.cts", node16)} by import()`),
    ],
    // Compiled last and kept: these are the files that the runtimes run.
    ["nodenext", verdict(() => compiles("collect.mts")), verdict(() => compiles("collect.cts"))],
  ]);
}

/** Writes the programs for the runtimes. They run the consumer on the recorded batch. */
function writePrograms() {
  const print = "console.log(run(batch).join(' and '));\n";
  const names = [
    ["run", "./collect"],
    ["batch", "./batch"],
  ];
  const imports = names.map(([name, file]) => `import { ${name} } from "${file}.mjs";\n`);
  const requires = names.map(([name, file]) => `const { ${name} } = require("${file}.cjs");\n`);
  writeFileSync(join(consumer, "run.mjs"), imports.join("") + print);
  writeFileSync(join(consumer, "run.cjs"), requires.join("") + print);
  writeFileSync(
    join(consumer, "lazy-run.cjs"),
    'require("./lazy.cjs").refuseNoFields().then((code) => console.log(code));\n',
  );
}

function checkRuntimes() {
  const rows = [["runtime", "version", "import", "require()", "import() from CommonJS", "prio keygen"]];
  let ran = 0;
  for (const [i, runtime] of runtimes.entries()) {
    const folder = join(work, `runtime-${i}`);
    let binary;
    try {
      binary = install(runtime, folder);
    } catch (error) {
      rows.push([runtime.name, runtime.specifier, `could not be had: ${wordsOf(error)}`]);
      continue;
    }
    /** @param {string[]} args */
    const output = (args) =>
      execFileSync(binary, args, { cwd: consumer, encoding: "utf8", stdio: "pipe", timeout: 120_000 }).trim();
    const version = /\d+\.\d+\.\d+/.exec(verdict(() => output(["--version"])))?.[0] ?? "unknown";
    const run = (/** @type {string} */ file) => verdict(() => `ok: ${output(runtime.run(file))}`);
    const lazy = verdict(() => {
      const code = output(runtime.run("lazy-run.cjs"));
      if (code !== "out-of-range") throw new Error(`expected out-of-range, got ${code}`);
      return "ok";
    });
    // The command is for Node alone.
    const keygen = () => {
      const { public_key } = JSON.parse(output(["node_modules/prio/dist/cli.js", "keygen"]));
      if (!/^[0-9A-F]{64}$/.test(public_key)) throw new Error("expected a public key of 64 hex digits");
      return "ok";
    };
    const command = runtime.name.startsWith("Node") ? verdict(keygen) : "–";
    rows.push([runtime.name, version, run("run.mjs"), run("run.cjs"), lazy, command]);
    ran++;
    // A runtime takes up to 200 MB, so they are not all kept at once.
    rmSync(folder, { recursive: true });
  }
  printTable(rows);
  if (ran === 0) throw new Error("no runtime could be had");
}

/** @param {string} tarball */
async function checkPackage(tarball) {
  const { messages, pkg } = await publint({ pkgDir: join(consumer, "node_modules/prio"), strict: true });
  const problems = messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
  if (problems.length > 0) failures++;
  console.log(`publint: ${problems.length === 0 ? "clean" : `FAILED\n${problems.join("\n")}`}`);

  // The package has ES modules only. Every Node that it supports requires them, so that a CommonJS consumer meets an ES
  // module is no fault; TypeScript says the rest under "node16" above. Resolution as before Node 12 ("node10") knows no
  // exports map, and so finds the root alone.
  const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const clean = verdict(() => {
    execFileSync(
      process.execPath,
      [attw, tarball, "--no-color", "--no-emoji", "--profile", "node16", "--ignore-rules", "cjs-resolves-to-esm"],
      { encoding: "utf8", stdio: "pipe" },
    );
    return "clean";
  });
  console.log(`@arethetypeswrong/cli: ${clean}\n`);
}

try {
  const tarball = pack(work);
  console.log(`\nthe packed package, installed offline: ${installOffline(tarball)}\n`);
  checkTypes();
  writePrograms();
  await checkPackage(tarball);
  checkRuntimes();
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (failures > 0) {
  console.log(`${failures} checks FAILED`);
  process.exitCode = 1;
}
