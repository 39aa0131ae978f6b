// Measures our command beside Mozilla's Python command: whole processes, stage after stage over the same files, in
// turn. From the same shares both must make the same messages and aggregates.

import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { median } from "./interleave.mjs";
import { Batch, FIELDS, ours } from "./stages.mjs";

/** @import { Commands, Duration } from "./results.js" */
/** @import { Stage } from "./stages.mjs" */

const FILE = "data.ndjson";
const REPORTS = 1000;
/** There and back, so that each command runs a stage twice as often. */
const ROUNDS = 2;

/** Runs a command and tells how much of the processor it took, by what every POSIX shell has. */
const WITH_TIMES = ["sh", "-c", '"$@"; status=$?; times >&2; exit $status', "sh"];

/**
 * Seconds of the processor that children took, out of what `times` prints: a line for the shell, then one for its
 * children, each of them of two times like `0m1.230s`.
 *
 * @param {string} text
 */
export function processorSeconds(text) {
  const last = text.trimEnd().split("\n").at(-1) ?? "";
  const times = [...last.matchAll(/(\d+)m([\d.]+)s/g)];
  if (times.length !== 2) throw new Error(`bench: expected the two times of the children, got "${last}"`);
  return times.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}

/** The payloads of a file, with the ids of their rows. @param {string} path */
function payloads(path) {
  const rows = readFileSync(path, "utf8").trimEnd().split("\n");
  return JSON.stringify(rows.map((row) => JSON.parse(row)).map(({ id, payload }) => [id, payload]));
}

/** The medians of both clocks. @param {Duration[]} runs @returns {Duration} */
const medians = (runs) => [median(runs.map(([wall]) => wall)), median(runs.map(([, processor]) => processor))];

/** The seconds of one run. @param {Batch} batch @param {Stage} stage @param {string[]} command @returns {Duration} */
function run(batch, { server, argv, output }, command) {
  // Python's encode-shares expects both folders to be there.
  for (const id of ["A", "B"]) mkdirSync(dirname(output.replace("/A/", `/${id}/`)), { recursive: true });
  const start = performance.now();
  const stderr = batch.run([...WITH_TIMES, ...command, ...argv], server);
  return [(performance.now() - start) / 1000, processorSeconds(stderr)];
}

/**
 * @param {string[]} python
 * @param {string} processor
 * @returns {Commands}
 */
export function measureCommands(python, processor) {
  const batch = new Batch();
  try {
    batch.write(FILE, REPORTS);
    for (const { server, argv } of batch.stages(FILE, "input", "input")) batch.run([...ours, ...argv], server);
    const pythonStages = batch.stages(FILE, "input", "python");
    const stages = batch.stages(FILE, "input", "ours").map((own, i) => {
      const theirs = /** @type {Stage} */ (pythonStages[i]);
      const oneJob = { ...own, argv: [...own.argv, "--jobs", "1"] };
      /** @type {Duration[][]} */
      const [ofOurs = [], ofPython = []] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        ofOurs.push(run(batch, oneJob, [...ours]));
        ofPython.push(run(batch, theirs, python), run(batch, theirs, python));
        ofOurs.push(run(batch, oneJob, [...ours]));
      }
      // Shares are random; what is made of them is not.
      if (own.stage !== "encode-shares" && payloads(own.output) !== payloads(theirs.output)) {
        throw new Error(`bench: server ${own.server}'s ${own.stage} differs between the commands`);
      }
      const result = { stage: own.stage, server: own.server, ours: medians(ofOurs), python: medians(ofPython) };
      console.log(result);
      return result;
    });
    return { processor, fields: FIELDS, reports: REPORTS, runs: 2 * ROUNDS, stages };
  } finally {
    batch.remove();
  }
}
