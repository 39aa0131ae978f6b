// The lock of a replay record: at most one process has a record open. Each process that wants it makes an empty file
// whose name says who it is, then looks for others, and withdraws when one of them lives. The name is there as a
// whole or not at all, and it belongs to one process for ever; so anybody may remove the file of a dead process, and
// nothing has to be taken over.

import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, unlinkSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { FILE_MODE, ReplayRecordError, systemCode, withSystem } from "./replay-files.js";

const PREFIX = "lock";
/** What stands between the parts of a name; none of them holds it. */
const SEPARATOR = ",";

/** Two processes that look at the same moment both withdraw, wait for a random time, and look again. */
const ATTEMPTS = 5;
const MAX_WAIT_MS = 100;

/** Who holds a lock, as its name says. */
interface Holder {
  readonly host: string;
  /** Names this boot of the machine and the container's process namespace. Empty where the system tells neither. */
  readonly boot: string;
  readonly container: string;
  readonly pid: string;
  /** When the process started. A process id can be used again, but not with the same time. Empty if not known. */
  readonly start: string;
}

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

  static #enter(directory: string, { host, boot, container, pid, start }: Holder): ReplayLock {
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
function livingOther(directory: string, own: string, self: Holder): string | undefined {
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

function holderOf(name: string): Holder | undefined {
  const [prefix, host, boot, container, pid, start, unique, ...more] = name.split(SEPARATOR);
  if (prefix !== PREFIX || !/^\d+$/.test(pid ?? "") || unique === undefined || more.length > 0) return undefined;
  return { host, boot, container, pid, start } as Holder;
}

/** "unknown": on another machine, or in another container. */
function stateOf(holder: Holder, self: Holder): "alive" | "dead" | "unknown" {
  if (holder.host !== self.host) return "unknown";
  // Nothing outlives a reboot.
  if (holder.boot !== self.boot) return "dead";
  if (holder.container !== self.container) return "unknown";
  const start = startOf(holder.pid);
  if (start === undefined) return "dead";
  // Where start times are not known, a living process of this number may be another one: it is not for us to say.
  if (start === "" || holder.start === "") return "unknown";
  return start === holder.start ? "alive" : "dead";
}

function thisProcess(): Holder {
  const isLinux = process.platform === "linux";
  return {
    host: hostname()
      .replaceAll(/[^\w.-]/g, "_")
      .slice(0, 64),
    boot: isLinux ? readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() : "",
    container: isLinux ? readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "") : "",
    pid: String(process.pid),
    start: startOf(String(process.pid)) ?? "",
  };
}

/** When a process started; undefined when none has this number, "" when the system does not say. */
function startOf(pid: string): string | undefined {
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // Another user's process cannot be signalled, and may be hidden from /proc, but it is there.
    if (systemCode(error) === "ESRCH") return undefined;
  }
  if (process.platform === "linux") return startFromProc(pid);
  if (process.platform === "win32") return "";
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", pid], { env: { ...process.env, LC_ALL: "C", TZ: "UTC" } });
  return (stdout?.toString("latin1") ?? "").replaceAll(/\W/g, "");
}

/** proc(5): after the name, in brackets and of any text, the first field is the state and the 20th the start. */
function startFromProc(pid: string): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return "";
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  // A process that has ended stays in the table until its parent asks after it.
  return state === "Z" || state === "X" ? undefined : (fields[19] ?? "");
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
