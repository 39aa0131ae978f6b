// `npm run bench`: bundles the suite from the sources, runs it under this Node, writes bench/results/, and from that the
// plots and the tables of the documents. Arguments are other runtimes to measure instead, as `name=command`, for example
// `bun="npx -y bun"`; each is measured against the yardstick of this Node, taken just before. `--memory` measures memory
// instead (memory.ts), and `--tables` nothing: it writes plots and tables anew.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import esbuild from "esbuild";
import { writeReports } from "./report.mjs";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
const cache = here("../node_modules/.cache/prio-bench");
const suite = `${cache}/suite.mjs`;

/**
 * Bundles a file of this folder for Node and returns the path of the bundle.
 *
 * @param {string} name
 */
async function bundle(name) {
  mkdirSync(cache, { recursive: true });
  const outfile = `${cache}/${name}.mjs`;
  await esbuild.build({
    entryPoints: [here(`${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["bun:*", "@mitata/counters"],
    target: "es2022",
    logLevel: "warning",
  });
  return outfile;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {"inherit" | "pipe"} stdout
 */
function run(command, args, stdout) {
  const [program = "", ...first] = command.split(" ");
  const { status, stdout: text } = spawnSync(program, [...first, ...args], {
    stdio: ["ignore", stdout, "inherit"],
    encoding: "utf8",
    // Loud rather than for ever, should a runtime hang.
    timeout: 900_000,
  });
  if (status !== 0) throw new Error(`bench: ${command} ended with ${status}`);
  return text ?? "";
}

/**
 * @param {string} name
 * @param {string} command
 * @param {string[]} args
 */
function measure(name, command, args) {
  run(command, [suite, "--libprio", here("libprio-c.json"), "--out", here(`results/${name}.json`), ...args], "inherit");
}

/** Each measurement in a process of its own, since a peak of memory cannot be taken back. */
async function measureMemory() {
  const file = await bundle("memory");
  const of = (/** @type {string} */ name) => {
    const result = JSON.parse(run(own, [file, name], "pipe"));
    console.log(name, result);
    return result;
  };
  const growth = ["record-stream", "record-report", "session-stream", "session-report"];
  const results = { runtime: `Node ${process.versions.node}`, encoding: of("encoding"), growth: growth.map(of) };
  writeFileSync(here("results/memory.json"), `${JSON.stringify(results, null, 2)}\n`);
}

const own = `${process.execPath} --expose-gc`;
const { positionals: runtimes, values: options } = parseArgs({
  allowPositionals: true,
  options: { memory: { type: "boolean", default: false }, tables: { type: "boolean", default: false } },
});
mkdirSync(here("results"), { recursive: true });
if (options.memory) await measureMemory();
else if (!options.tables) {
  await bundle("suite");
  if (runtimes.length === 0) measure("node-20", own, []);
  for (const runtime of runtimes) {
    const [name = "", command = ""] = runtime.split(/=(.*)/);
    const yardstick = run(own, [suite, "--only-yardstick"], "pipe").trim();
    measure(name, command, ["--yardstick", yardstick]);
  }
}
await writeReports();
