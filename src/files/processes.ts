// Which process something belongs to that outlives it, such as a temporary file or a lock: names for processes that
// mean the same in a later run, and whether a process has ended.

import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { systemCode } from "./failure.js";

/** A process, in a way that no other machine, container, boot or process has. */
export interface ProcessName {
  readonly host: string;
  /** Names this boot of the machine and the container's process namespace. Empty where the system tells neither. */
  readonly boot: string;
  readonly container: string;
  readonly pid: string;
  /** When the process started. A process id can be used again, but not with the same time. Empty if not known. */
  readonly start: string;
}

/** The process that runs this. */
export function thisProcess(): ProcessName {
  return {
    host: hostname()
      .replaceAll(/[^\w.-]/g, "_")
      .slice(0, 64),
    boot: orNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()),
    container: orNothing(() => readlinkSync("/proc/self/ns/pid").replaceAll(/\D/g, "")),
    pid: String(process.pid),
    start: startOf(String(process.pid)) ?? "",
  };
}

/** What stands between the parts of a name; none of them holds it. */
const SEPARATOR = ",";

/** A process's name as a text that can be part of a file's name. */
export function formatProcess({ host, boot, container, pid, start }: ProcessName): string {
  return [host, boot, container, pid, start].join(SEPARATOR);
}

/** The process that such a text names, or undefined when it names none. */
export function parseProcess(text: string): ProcessName | undefined {
  const [host = "", boot = "", container = "", pid = "", start, ...more] = text.split(SEPARATOR);
  return /^\d+$/.test(pid) && start !== undefined && more.length === 0
    ? { host, boot, container, pid, start }
    : undefined;
}

let knownHostTag: string | undefined;

/**
 * Eight hexadecimal digits that stand for the machine since it was started, and for the process namespace of a
 * container in it: where they are the same, a process id means the same process or one that came after it.
 */
export function hostTag(): string {
  if (knownHostTag === undefined) {
    const { host, boot, container } = thisProcess();
    knownHostTag = hash("sha256", [host, boot, container].join("\n")).slice(0, 8);
  }
  return knownHostTag;
}

/** What is known of a process: "unknown" when it is of another machine, or of another container. */
export function stateOf(process: ProcessName, self: ProcessName): "alive" | "dead" | "unknown" {
  if (process.host !== self.host) return "unknown";
  // Nothing outlives a reboot.
  if (process.boot !== self.boot) return "dead";
  if (process.container !== self.container) return "unknown";
  const start = startOf(process.pid);
  if (start === undefined) return "dead";
  // Where start times are not known, a living process of this number may be another one: it is not for us to say.
  if (start === "" || process.start === "") return "unknown";
  return start === process.start ? "alive" : "dead";
}

/** Whether no process of this machine and container has this id. */
export function hasEnded(pid: string): boolean {
  return startOf(pid) === undefined;
}

/** When a process started; undefined when none has this id, "" when the system does not say. */
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

/** Only Linux has the files. Elsewhere, the host's name alone tells machines apart. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
