// The lock of a directory: at most one process has it. Each process that wants it makes an empty file whose name says
// who it is, then looks for others, and withdraws when one of them lives. The name is there as a whole or not at all,
// and it belongs to one process for ever; so anybody may remove the file of a dead process, and nothing has to be taken
// over.

import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Failure, systemCode } from "./failure.js";
import { formatProcess, type ProcessName, parseProcess, stateOf, thisProcess } from "./processes.js";

/** The name of a lock: of its process, and random digits. */
const NAME = /^lock,(.*),[0-9a-f]{16}$/;

/** Two processes that look at the same moment both withdraw, wait for a random time, and look again. */
const ATTEMPTS = 5;
const MAX_WAIT_MS = 100;

/** A lock is for its owner alone. */
const FILE_MODE = 0o600;

/** Another process has the directory, or may have it. The message says which, and what to do about a dead one. */
export class DirectoryInUse extends Failure {}

/** A lock that this process holds. */
export class DirectoryLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Locks a directory. Throws DirectoryInUse when another process has it, and the system's errors. */
  static take(directory: string): DirectoryLock {
    const self = thisProcess();
    for (let attempt = 1; ; attempt++) {
      const lock = DirectoryLock.#enter(directory, self);
      try {
        const other = livingOther(directory, lock.#path, self);
        if (other === undefined) return lock;
        if (attempt === ATTEMPTS) throw new DirectoryInUse(other);
      } catch (error) {
        lock.release();
        throw error;
      }
      lock.release();
      sleep(Math.random() * MAX_WAIT_MS);
    }
  }

  static #enter(directory: string, self: ProcessName): DirectoryLock {
    const path = join(directory, `lock,${formatProcess(self)},${randomBytes(8).toString("hex")}`);
    closeSync(openSync(path, "wx", FILE_MODE));
    return new DirectoryLock(path);
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
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}

function holderOf(name: string): ProcessName | undefined {
  const [, process] = NAME.exec(name) ?? [];
  return process === undefined ? undefined : parseProcess(process);
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
