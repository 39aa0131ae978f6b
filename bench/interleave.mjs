// Programs that take turns: each runs a block of reports while the others wait, in one order and then in the reverse
// one, so that what a shared machine does to one of them it does to all. A program (program.ts, libprio/driver.c, those
// of prio3/) is a process that answers a number of reports with the time that each step of them took.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** @import { Timings } from "./results.js" */

/** How long a block computes: much longer than a clock's tick, and short beside the changes of a machine's load. */
const BLOCK_MS = 60;
/**
 * How long a program computes before it is measured, so that V8's compilers are done with it: on a busy machine that is
 * many times as long on the wall.
 */
const WARM_UP_MS = 4000;
/** How long programs take turns, for one shape of reports, on the wall. */
const TURNS_MS = 40_000;
/** The fewest and the most rounds, each of them there and back: two blocks of every program. */
const MIN_ROUNDS = 3;
const MAX_ROUNDS = 15;

/** A running program. */
class Process {
  #child;
  #answers;

  /** @param {string[]} command */
  constructor([program = "", ...args]) {
    this.name = [program, ...args].join(" ");
    this.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.ended = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("close", (code, signal) => {
        if (code === 0) resolve(undefined);
        else reject(new Error(`bench: ${this.name} ended with ${code ?? signal}`));
      });
    });
    this.ended.catch(() => {
      // Whoever waits for an answer, or for the end, hears of it.
    });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line of its output. */
  async answer() {
    const { value, done } = await this.#answers.next();
    if (!done) return JSON.parse(value);
    await this.ended;
    throw new Error(`bench: ${this.name} ended before it answered`);
  }

  /** Runs a block. @param {number} reports @returns {Promise<Timings>} */
  run(reports) {
    this.#child.stdin.write(`${reports}\n`);
    return this.answer();
  }

  /** Lets it check its totals and end. */
  async end() {
    this.#child.stdin.end();
    await this.ended;
  }

  kill() {
    this.#child.kill();
  }
}

/** @param {Timings} block @param {string} name @param {number} i */
const figureOf = (block, name, i) => block[name]?.[i] ?? Number.NaN;

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[(sorted.length - 1) >> 1], sorted[middle]];
  return (low + high) / 2;
}

/**
 * Warms a program up, and returns how many reports make a block.
 *
 * @param {Process} program
 * @param {readonly string[]} steps
 * @param {number} warmUpMs
 */
async function warmUp(program, steps, warmUpMs) {
  let reports = 1;
  for (let spent = 0; ; ) {
    const block = await program.run(reports);
    const ms = steps.reduce((sum, step) => sum + figureOf(block, step, 1) / 1e6, 0);
    spent += ms;
    // The last blocks, when the program is warm, say best how many reports a block takes.
    const enough = Math.max(1, Math.ceil((reports * BLOCK_MS) / ms));
    reports = Math.min(enough, 2 * reports);
    if (spent >= warmUpMs || (ms >= warmUpMs && reports === 1)) return reports;
  }
}

/** The medians of a program's blocks. @param {readonly Timings[]} blocks @param {number} reports */
function summarize(blocks, reports) {
  const { bytes, ...steps } = /** @type {Timings} */ (blocks[0]);
  /** @type {(step: string, clock: 0 | 1) => number} */
  const msOf = (step, clock) => median(blocks.map((block) => figureOf(block, step, clock))) / (1e6 * reports);
  const ms = Object.fromEntries(Object.keys(steps).map((step) => [step, [msOf(step, 0), msOf(step, 1)]]));
  if (bytes === undefined) return { ms };
  const meanBytes = bytes.map((_, of) => Math.round(median(blocks.map((block) => figureOf(block, "bytes", of)))));
  return { ms, bytes: meanBytes };
}

/**
 * Measures programs side by side over reports of one shape. A program's first answer is its version. Returns a row for
 * each, of the type that the program's answers make.
 *
 * @template R
 * @param {string} shape
 * @param {readonly { runtime: string, command: string[], version?: string }[]} programs
 * @param {object} options
 * @param {readonly string[]} options.steps the steps that together are a report's whole way
 * @param {number} [options.warmUpMs]
 * @param {number} [options.turnsMs]
 * @returns {Promise<R[]>}
 */
export async function interleave(shape, programs, { steps, warmUpMs = WARM_UP_MS, turnsMs = TURNS_MS }) {
  const processes = programs.map(({ command }) => new Process(command));
  try {
    const running = [];
    for (const [i, process] of processes.entries()) {
      const { version } = await process.answer();
      const { command: _, ...program } = /** @type {typeof programs[0]} */ (programs[i]);
      const described = {
        ...program,
        version: program.version === undefined ? version : `${program.version}, ${version}`,
      };
      running.push({
        process,
        program: described,
        reports: await warmUp(process, steps, warmUpMs),
        blocks: /** @type {Timings[]} */ ([]),
      });
    }
    const end = performance.now() + turnsMs;
    for (let round = 0; round < MIN_ROUNDS || (round < MAX_ROUNDS && performance.now() < end); round++) {
      for (const turn of [...running, ...[...running].reverse()])
        turn.blocks.push(await turn.process.run(turn.reports));
    }
    for (const { process } of running) await process.end();
    return running.map(({ program, reports, blocks }) => {
      const row = { shape, ...program, blocks: blocks.length, reportsPerBlock: reports, ...summarize(blocks, reports) };
      return /** @type {R} */ (/** @type {unknown} */ (row));
    });
  } finally {
    for (const process of processes) process.kill();
  }
}
