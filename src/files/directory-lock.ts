// The lock of a directory: at most one process has it. Each process that wants it makes an empty file whose name says
// who it is, then looks for others, and withdraws when one of them lives. The name is there as a whole or not at all,
// and it belongs to one process for ever; so anybody may remove the file of a dead process, and nothing has to be taken
// over.
//
// The processes of a container cannot be seen from another, such as the one that takes its place. So the file is a
// named pipe there, and its process keeps it open for reading. The system closes it when the process ends, however that
// is, and tells whoever opens it for writing on the same machine.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, constants, lstatSync, openSync, readdirSync, renameSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { Failure, systemCode } from "./failure.js";
import { formatProcess, type ProcessName, parseProcess, stateOf, thisProcess } from "./processes.js";
import { nameBeside, removeAbandonedFiles } from "./temporary-files.js";

/** The name of a lock: of its process, and random digits. */
const NAME = /^lock,(.*),[0-9a-f]{16}$/;

/** Two processes that look at the same moment both withdraw, wait for a random time, and look again. */
const ATTEMPTS = 5;
const MAX_WAIT_MS = 100;

/** Linux's number of the process namespace that is in no container (PROC_PID_INIT_INO of its sources). */
const HOST_NAMESPACE = "4026531836";

/** A lock is for its owner alone. */
const FILE_MODE = 0o600;

/** Another process has the directory, or may have it. The message says which, and what to do about a dead one. */
export class DirectoryInUse extends Failure {}

/** A lock that this process holds. */
export class DirectoryLock {
  readonly #path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Locks a directory. Throws DirectoryInUse when another process has it, and the system's errors. */
  static take(directory: string, self: ProcessName = thisProcess()): DirectoryLock {
    removeAbandonedFiles(directory);
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
    const fd = self.container === HOST_NAMESPACE ? undefined : makeOpenPipe(path);
    return new DirectoryLock(path, fd ?? openSync(path, "wx", FILE_MODE));
  }

  /** Gives the directory back. Throws nothing. */
  release(): void {
    try {
      unlinkSync(this.#path);
      closeSync(this.#fd);
    } catch {
      // Others see that its process has ended, when it has.
    }
  }
}

/**
 * Makes a named pipe that is open for reading, and returns its file descriptor; undefined where there are none. It gets
 * its name when it is open, so that nobody takes it for that of a dead process.
 */
function makeOpenPipe(path: string): number | undefined {
  // Node has no call for it. Deno would ask its user whether the program may run another.
  if (process.platform !== "linux" || process.versions["deno"] !== undefined) return undefined;
  const temporary = nameBeside(path, "tmp");
  const { status } = spawnSync("mkfifo", ["-m", FILE_MODE.toString(8), temporary], { stdio: "ignore" });
  if (status !== 0) return undefined;
  try {
    const fd = openSync(temporary, constants.O_RDONLY | constants.O_NONBLOCK);
    renameSync(temporary, path);
    return fd;
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
}

/** What a lock that is a pipe tells of its process, which is or was one of this machine since it was started. */
function stateByPipe(path: string): "alive" | "dead" | "unknown" {
  try {
    if (!lstatSync(path).isFIFO()) return "unknown";
    closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    return "alive";
  } catch (error) {
    return ["ENXIO", "ENOENT"].includes(systemCode(error) ?? "") ? "dead" : "unknown";
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
    const known = stateOf(holder, self);
    const isOfThisBoot = holder.boot !== "" && holder.boot === self.boot;
    const state = known === "unknown" && isOfThisBoot ? stateByPipe(path) : known;
    if (state === "dead") {
      unlinkIfThere(path);
      continue;
    }
    const where = known === "alive" ? "" : ` of ${holder.host}`;
    const holds = `${directory} is in use by process ${holder.pid}${where}`;
    return state === "alive" ? holds : `${holds}, or was when that ended; if it has ended, remove ${path}`;
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
