// What every benchmark needs: the name of the processor, bundles of our programs, the runtimes that were asked for, and
// the files of results/.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, platform } from "node:os";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url));
export const cache = here("../node_modules/.cache/prio-bench");
export const processor = processorName();

/** How many processors, and which. Names like "AMD EPYC" stand for many, and Linux says more. */
function processorName() {
  const name = `${cpus().length} × ${cpus()[0]?.model}`;
  if (platform() !== "linux") return name;
  const info = readFileSync("/proc/cpuinfo", "utf8");
  const [family, model] = ["cpu family", "model"].map((key) => new RegExp(`^${key}\\s*: (\\d+)$`, "m").exec(info)?.[1]);
  return family === undefined ? name : `${name} (family ${family}, model ${model})`;
}

/** Bundles a file of this folder for Node and returns the path of the bundle. @param {string} name */
export async function bundle(name) {
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

/** What a program prints. @param {string[]} command */
export function outputOf([program = "", ...args]) {
  const { status, stdout } = spawnSync(program, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    // Loud rather than for ever, should a runtime hang.
    timeout: 900_000,
  });
  if (status !== 0) throw new Error(`bench: ${program} ended with ${status}`);
  return stdout;
}

/** Four digits are more than a measurement has. @param {string} name @param {unknown} results */
export function save(name, results) {
  const rounded = (/** @type {string} */ _key, /** @type {unknown} */ x) =>
    typeof x === "number" && !Number.isInteger(x) ? Number(x.toPrecision(4)) : x;
  mkdirSync(here("results"), { recursive: true });
  writeFileSync(here(`results/${name}.json`), `${JSON.stringify(results, rounded, 2)}\n`);
}

/**
 * The runtimes of a run by name, each with its command: this Node, and those of `NAME=COMMAND`.
 *
 * @param {readonly string[]} others
 */
export function parseRuntimes(others) {
  /** @type {Record<string, string[]>} */
  const runtimes = { node: [process.execPath] };
  for (const other of others) {
    const [name = "", command = ""] = other.split(/=(.*)/);
    runtimes[name] = command.split(" ");
  }
  return runtimes;
}
