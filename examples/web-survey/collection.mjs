// The collector: gets one batch after the other, and publishes the sum of all.

import { existsSync } from "node:fs";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { prio } from "./commands.mjs";

/**
 * The sum of all batches, and the file of the newest, as `prio collect` wrote it.
 *
 * @typedef {{ reports: number, totals: number[] }} Results
 * @typedef {(results: Results, batch: string | null) => Promise<void>} Publish
 */

/**
 * Collects until the signal is aborted. Each batch has a file of its own and a state of the same number: a run that
 * ends early, at whatever moment, goes on with the same batch and counts none twice.
 *
 * @param {{ folder: string, args: readonly string[] }} collector @param {Publish} publish @param {AbortSignal} signal
 */
export async function collect({ folder, args }, publish, signal) {
  await publish(await sum(folder), null);
  for (let number = 1; !signal.aborted; number++) {
    const output = join(folder, `batch-${number}.json`);
    const state = join(folder, `batch-${number}.state`);
    if (existsSync(output) && !existsSync(state)) continue;
    try {
      const files = ["--state", state, "--format", "json", "--output", output];
      await prio(["collect", ...args, "--next-batch", ...files, "--quiet"], signal);
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await publish(await sum(folder), output);
  }
}

/** The sum of all batches that are there. @param {string} folder */
async function sum(folder) {
  let reports = 0;
  /** @type {number[]} */
  const totals = [];
  for (const name of await readdir(folder)) {
    if (!/^batch-\d+\.json$/.test(name)) continue;
    const { reportCount, result } = JSON.parse(await readFile(join(folder, name), "utf8"));
    reports += reportCount;
    for (const [i, total] of result.entries()) totals[i] = (totals[i] ?? 0) + total;
  }
  return { reports, totals };
}

/** Writes a file that a server reads, whole or not at all. @param {string} path @param {unknown} value */
export async function writeJson(path, value) {
  await writeFile(`${path}.new`, JSON.stringify(value));
  await rename(`${path}.new`, path);
}
