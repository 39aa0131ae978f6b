// Programs that run beside a test: servers and browsers. Each runs in a group of its own, and the whole group is ended.

import { spawn } from "node:child_process";

/** How long a server may take to start, or a page to send its outcome, in milliseconds. */
const PATIENCE = 120_000;

/** @typedef {{ command: string, args: string[], cwd?: string, env?: NodeJS.ProcessEnv }} Program */

/**
 * The value of a promise, or an error after a time.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what
 * @returns {Promise<T>}
 */
export function within(promise, what) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`error: no ${what} in ${PATIENCE / 1000} s`)), PATIENCE);
  });
  return Promise.race([promise, /** @type {Promise<never>} */ (late)]).finally(() => clearTimeout(timer));
}

/**
 * Runs a program beside `use`, which gets a function that waits until the program has printed something, and ends it.
 *
 * @template T
 * @param {Program} program
 * @param {(printed: (text: RegExp) => Promise<RegExpExecArray>) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function beside({ command, args, cwd, env }, use) {
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  /** @type {(() => void) | undefined} */
  let look;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      look?.();
    });
  }
  /** @type {Promise<void>} */
  const closed = new Promise((resolve) => child.once("close", () => resolve()));
  /** @type {Promise<never>} */
  const failed = new Promise((_, reject) => {
    child.once("error", reject);
    closed.then(() => reject(new Error(`error: ${command} ended: ${output.trim().split("\n").at(-1)}`)));
  });
  /** @param {RegExp} text */
  const printed = (text) =>
    within(
      new Promise((resolve) => {
        look = () => {
          const match = text.exec(output);
          if (match !== null) resolve(match);
        };
        look();
      }),
      `${text} from ${command}`,
    );
  try {
    return await Promise.race([use(printed), failed]);
  } finally {
    if (child.pid !== undefined) {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has ended by itself.
      }
      await closed;
    }
  }
}
