// `npm run bench:prio3`: Prio3 of this package beside libprio-rs and beside `@divviup/prio3`, every instance and each
// step, on one thread. The programs take turns in one run (../interleave.mjs), and each measures itself:
//
// - ours, program.ts, bundled from the sources, under this Node and under each runtime NAME=COMMAND of the arguments,
// - a program of libprio-rs/, on the crate `prio`, which cargo builds. Without cargo, one line says so,
// - divviup.ts, on the package from the registry, which npm installs in a cache folder.
//
// A whole run with libprio-rs writes bench/results/prio3.json and the tables of docs/performance.md. `--only NAME`
// measures the instances that have NAME in their name, and writes nothing. `--profile` measures where our time goes
// instead (profile.ts), and `--tables` measures nothing and writes the tables anew.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { interleave } from "../interleave.mjs";
import { bundle, cache, outputOf, parseRuntimes, processor, save } from "../machine.mjs";
import { writeReports } from "../report.mjs";
import { instances, ofDivviup, STEPS } from "./instances.mjs";
import { PEERS, printRows } from "./report.mjs";

/** @import { Prio3Row } from "../results.js" */

const DIVVIUP = "@divviup/prio3@0.8.0";

/** The program of libprio-rs, or null. */
function buildLibprioRs() {
  if (spawnSync("cargo", ["--version"]).status !== 0) {
    console.log("\n  *** no cargo found: libprio-rs WAS NOT MEASURED, and nothing is written ***\n");
    return null;
  }
  const target = fileURLToPath(new URL("../../node_modules/.cache/libprio-rs", import.meta.url));
  const cwd = fileURLToPath(new URL("libprio-rs", import.meta.url));
  execFileSync("cargo", ["build", "--release", "--quiet", "--locked", "--target-dir", target], {
    cwd,
    stdio: "inherit",
  });
  return `${target}/release/prio3-bench`;
}

/** The path of the package's module, or null. */
function installDivviup() {
  const folder = `${cache}/divviup`;
  mkdirSync(folder, { recursive: true });
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", folder];
  const { status } = spawnSync("npm", ["install", ...flags, DIVVIUP], { stdio: ["ignore", "ignore", "inherit"] });
  if (status === 0) return `${folder}/node_modules/@divviup/prio3/dist/index.js`;
  console.log(`\n  *** npm could not install ${DIVVIUP}: it WAS NOT MEASURED ***\n`);
  return null;
}

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "" },
    profile: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
  },
});

if (options.profile) {
  const program = await bundle("prio3/profile");
  const profiles = instances
    .filter(({ isProfiled }) => isProfiled)
    .map(({ name, args }) => [name, JSON.parse(outputOf([process.execPath, program, ...args.map(String)]))]);
  save("prio3-profile", Object.fromEntries(profiles));
  writeReports();
} else if (!options.tables) {
  const [libprioRs, divviup] = [buildLibprioRs(), installDivviup()];
  const [program, divviupProgram] = [await bundle("prio3/program"), await bundle("prio3/divviup")];
  const loadBefore = loadavg()[0] ?? 0;
  /** @type {Prio3Row[]} */
  const rows = [];
  for (const { name, args } of instances.filter((instance) => instance.name.includes(options.only))) {
    const [type, ...numbers] = args;
    const arguments_ = [type, ...numbers.map(String)];
    const programs = Object.entries(parseRuntimes(positionals)).map(([runtime, command]) => ({
      runtime,
      command: [...command, program, ...arguments_],
    }));
    if (libprioRs !== null) programs.push({ runtime: PEERS.libprioRs, command: [libprioRs, ...arguments_] });
    if (divviup !== null && ofDivviup.has(type)) {
      const command = [process.execPath, divviupProgram, divviup, ...arguments_];
      programs.push({ runtime: PEERS.divviup, command });
    }
    const measured = /** @type {Prio3Row[]} */ (await interleave(name, programs, { steps: STEPS }));
    printRows(measured);
    rows.push(...measured);
  }
  // A part of the instances is a look at them, and no figure for a document.
  if (libprioRs !== null && options.only === "") {
    save("prio3", { processor, load: [loadBefore, loadavg()[0] ?? 0], rows });
    writeReports();
  }
} else writeReports();
