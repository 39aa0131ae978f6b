// The programs of this example as processes, and what looks after them: it starts a server again that was killed.

import { execFile, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * @typedef {{ pending: number, counted: number, refused: number, redelivered: number }} Progress What a server prints
 *   after each group of messages. `redelivered` are messages that the broker gave somebody before.
 * @typedef {{ reports: number, totals: number[] }} Totals
 */

const pathOf = (/** @type {string} */ name) => fileURLToPath(new URL(name, import.meta.url));

/** Runs a program to its end, and returns what it prints. @param {string} name @param {string[]} args */
export async function run(name, ...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [pathOf(name), ...args]);
  return stdout.trim();
}

/**
 * Runs a server until it has published, and returns what that is. It may end up to 100 times before.
 *
 * @param {string} folder of the server
 * @param {object} [watcher]
 * @param {(progress: Progress, kill: () => void) => void} [watcher.onProgress]
 * @param {(how: "done" | "killed" | "failed", last: Progress) => unknown} [watcher.onEnd] is awaited
 * @returns {Promise<Totals>}
 */
export async function supervise(folder, { onProgress = () => undefined, onEnd = () => undefined } = {}) {
  for (let start = 0; start < 100; start++) {
    const server = spawn(process.execPath, [pathOf("server.mjs"), folder], { stdio: ["ignore", "pipe", "inherit"] });
    /** @type {Promise<number | null>} */
    const ended = new Promise((resolve) => server.on("exit", resolve));
    /** @type {Progress} */
    let last = { pending: 0, counted: 0, refused: 0, redelivered: 0 };
    for await (const line of createInterface({ input: server.stdout })) {
      last = JSON.parse(line);
      onProgress(last, () => server.kill("SIGKILL"));
    }
    const status = await ended;
    await onEnd(status === 0 ? "done" : status === null ? "killed" : "failed", last);
    if (status === 0) return JSON.parse(readFileSync(join(folder, "totals.json"), "utf8"));
  }
  throw new Error(`${folder}: the server ended 100 times`);
}
