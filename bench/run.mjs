// `npm run bench`: bundles program.ts from the sources and measures it under this Node, reports of every length, each
// of its steps, and prints what it took. More programs take turns with it:
//
//   --libprio PATH      libprio, as its own build left it in PATH (libprio/compile.mjs)
//   --python COMMAND    Mozilla's Python command `prio`, whole stages beside ours (commands.mjs)
//   NAME=COMMAND        another runtime, for example node-24="npx -y -p node@24 node"
//
// Figures in documents are comparisons, and all of one run: with --libprio the run writes bench/results/, and with it
// the tables and plots of the documents. `--tables` measures nothing and writes tables and plots anew; `--memory`
// measures memory (memory.ts).

import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measureCommands } from "./commands.mjs";
import { interleave } from "./interleave.mjs";
import { compileDriver } from "./libprio/compile.mjs";
import { bundle, cache, outputOf, parseRuntimes, processor, save } from "./machine.mjs";
import { printReports, STEPS, writeReports } from "./report.mjs";

/** @import { ArithmeticRow, Program, Row } from "./results.js" */
/** @typedef {Omit<Program, "version"> & { command: string[], version?: string }} Runnable */

const FIELDS = [10, 100, 1000, 10_000, 100_000];
const INTEGERS = ["1x42", "100x10"];
/** BigInt vectors are the reference, not the product: measured while they are quick. */
const MAX_BIGINT_FIELDS = 1000;
/** Where the kinds of query points are compared. */
const POINTS_FIELDS = [1000, 10_000];

/** Each measurement in a process of its own, since a peak of memory cannot be taken back. */
async function measureMemory() {
  const file = await bundle("memory");
  const of = (/** @type {string} */ name) => {
    const result = JSON.parse(outputOf([process.execPath, "--expose-gc", file, name]));
    console.log(name, result);
    return result;
  };
  const growth = ["record-stream", "record-report", "session-stream", "session-report"];
  save("memory", { runtime: `Node ${process.versions.node}`, encoding: of("encoding"), growth: growth.map(of) });
}

/**
 * The programs that take turns over reports of one shape.
 *
 * @param {string} shape
 * @param {string} program
 * @param {Record<string, string[]>} runtimes
 * @param {{ driver: string, version: string } | undefined} libprio
 * @returns {Runnable[]}
 */
function programsFor(shape, program, runtimes, libprio) {
  const fields = Number(shape);
  /**
   * @type {(runtime: string, ...form: ["packed" | "bigint", "native" | "noble", "stream" | "report" | "batch"]) =>
   * Runnable}
   */
  const own = (runtime, vectors, crypto, points) => ({
    runtime,
    form: { vectors, crypto, points },
    command: [...(runtimes[runtime] ?? []), program, shape, vectors, crypto, points],
  });
  const cryptos = /** @type {const} */ (["native", "noble"]);
  const programs = Object.keys(runtimes).flatMap((runtime) =>
    // Integers cost what their bits cost: one runtime shows it.
    Number.isNaN(fields) && runtime !== "node" ? [] : cryptos.map((crypto) => own(runtime, "packed", crypto, "stream")),
  );
  if (fields <= MAX_BIGINT_FIELDS) programs.push(...cryptos.map((crypto) => own("node", "bigint", crypto, "stream")));
  if (POINTS_FIELDS.includes(fields)) {
    programs.push(own("node", "packed", "native", "report"), own("node", "packed", "native", "batch"));
  }
  if (libprio !== undefined && !Number.isNaN(fields)) {
    programs.push({ runtime: "libprio", version: libprio.version, command: [libprio.driver, shape] });
  }
  return programs;
}

/**
 * Cost of the arithmetic alone, in each runtime. @param {Record<string, string[]>} runtimes @returns
 * {Promise<ArithmeticRow[]>}
 */
async function measureArithmetic(runtimes) {
  const file = await bundle("arithmetic");
  return Object.entries(runtimes).flatMap(([runtime, command]) =>
    JSON.parse(outputOf([...command, file])).map((/** @type {object} */ row) => ({ runtime, ...row })),
  );
}

const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    libprio: { type: "string" },
    python: { type: "string" },
    fields: { type: "string" },
    memory: { type: "boolean", default: false },
    tables: { type: "boolean", default: false },
  },
});

const runtimes = parseRuntimes(positionals);

if (options.memory) await measureMemory();
else if (!options.tables) {
  const program = await bundle("program");
  const driver = `${cache}/libprio-driver`;
  const libprio =
    options.libprio === undefined ? undefined : { driver, version: compileDriver(options.libprio, driver) };
  const loadBefore = loadavg()[0] ?? 0;
  /** @type {Row[]} */
  const rows = [];
  for (const shape of options.fields?.split(",") ?? [...FIELDS.map(String), ...INTEGERS]) {
    const programs = programsFor(shape, program, runtimes, libprio);
    const measured = /** @type {Row[]} */ (await interleave(shape, programs, { steps: STEPS }));
    printReports(measured);
    rows.push(...measured);
  }
  const load = [loadBefore, loadavg()[0] ?? 0];
  const arithmetic = await measureArithmetic(runtimes);
  console.table(arithmetic);
  const commands = options.python === undefined ? undefined : measureCommands(options.python.split(" "), processor);
  // A part of the shapes is a look at them, and no figure for a document.
  if (libprio !== undefined && options.fields === undefined) {
    save("reports", { processor, load, rows });
    save("arithmetic", arithmetic);
    if (commands !== undefined) save("commands", commands);
  }
}
if (options.memory || options.tables || (options.libprio !== undefined && options.fields === undefined)) writeReports();
