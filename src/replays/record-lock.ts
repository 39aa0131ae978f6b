// The lock of a replay record: at most one process has a record open. Each process that wants it makes an empty file
// whose name says who it is, then looks for others, and withdraws when one of them lives. The name is there as a
// whole or not at all, and it belongs to one process for ever; so anybody may remove the file of a dead process, and
// nothing has to be taken over.

import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "../files/failure.js";
import { type ProcessName, stateOf, thisProcess } from "../files/processes.js";
import { ReplayRecordError, withSystem } from "./record-error.js";
import { FILE_MODE } from "./record-modes.js";

const PREFIX = "lock";
/** What stands between the parts of a name; none of them holds it. */
const SEPARATOR = ",";

/** Two processes that look at the same moment both withdraw, wait for a random time, and look again. */
const ATTEMPTS = 5;
const MAX_WAIT_MS = 100;

/** A lock that this process holds. */
export class ReplayLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Locks a directory. Throws `in-use` when another run has it, `unavailable`. */
  static take(directory: string): ReplayLock {
    const self = thisProcess();
    for (let attempt = 1; ; attempt++) {
      const lock = ReplayLock.#enter(directory, self);
      try {
        const other = livingOther(directory, lock.#path, self);
        if (other === undefined) return lock;
        if (attempt === ATTEMPTS) throw new ReplayRecordError("in-use", other);
      } catch (error) {
        lock.release();
        throw error;
      }
      lock.release();
      sleep(Math.random() * MAX_WAIT_MS);
    }
  }

  static #enter(directory: string, { host, boot, container, pid, start }: ProcessName): ReplayLock {
    const unique = randomBytes(8).toString("hex");
    const path = join(directory, [PREFIX, host, boot, container, pid, start, unique].join(SEPARATOR));
    withSystem(`cannot lock ${directory}`, () => closeSync(openSync(path, "wx", FILE_MODE)));
    return new ReplayLock(path);
  }

  /** Gives the directory back. Throws nothing. */
  release(): void {
    try {
      unlinkSync(this.#path);
    } catch {
      // Others see that its process has ended, when it has.
    }
  }
}

/** Whether a file of the directory is a lock. */
export function isLock(name: string): boolean {
  return holderOf(name) !== undefined;
}

/** Removes the locks of dead processes. Returns a sentence about one that lives, or may live, or undefined. */
function livingOther(directory: string, own: string, self: ProcessName): string | undefined {
  return withSystem(`cannot lock ${directory}`, () => {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const holder = holderOf(name);
      if (holder === undefined || path === own) continue;
      const state = stateOf(holder, self);
      if (state === "dead") {
        unlinkIfThere(path);
        continue;
      }
      if (state === "alive") return `${directory} is in use by process ${holder.pid}`;
      return (
        `${directory} is in use by process ${holder.pid} of ${holder.host}, or was when that ended; ` +
        `if it has ended, remove ${path}`
      );
    }
    return;
  });
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

function holderOf(name: string): ProcessName | undefined {
  const [prefix, host, boot, container, pid, start, unique, ...more] = name.split(SEPARATOR);
  if (prefix !== PREFIX || !/^\d+$/.test(pid ?? "") || unique === undefined || more.length > 0) return undefined;
  return { host, boot, container, pid, start } as ProcessName;
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
