// Files and directories under temporary names, beside what they become. A signal removes those of this process. Those
// of a process that was killed are removed by the next run that writes into the same directory.
//
// The name holds the writer: `.NAME.HOST-PID-RANDOM.tmp`. HOST stands for the boot of the machine and the process
// namespace, so a process id is only looked up where it means something: on a network file system, files of other
// machines and containers stay. A file of ours goes when no process has its id. If another process has got the id
// since, the file stays until that one has ended too.

import { hash, randomBytes } from "node:crypto";
import { mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname } from "node:path";
import { systemCode } from "./failure.js";

const PATTERN = /^\..*\.([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}\.tmp$/s;
/** In UTF-16 units of the name: leaves room for the rest in the 255 bytes that a file system allows. */
const MAX_NAME = 60;

/** The temporary files of this process that exist now. */
const temporaryFiles = new Set<string>();

/** A name beside `path` that no other process uses. */
export function nameBeside(path: string, ending: "tmp" | "old"): string {
  const writer = `${hostTag()}-${process.pid}-${randomBytes(4).toString("hex")}`;
  return `${dirname(path)}/.${basename(path).slice(0, MAX_NAME)}.${writer}.${ending}`;
}

/**
 * Creates a temporary file beside `path`, and removes those that killed runs left in the directory. Throws the
 * system's error.
 */
export function createTemporaryFile(path: string, mode: number): { readonly path: string; readonly fd: number } {
  removeAbandonedFiles(dirname(path));
  const temporary = nameBeside(path, "tmp");
  const fd = openSync(temporary, "wx", mode);
  temporaryFiles.add(temporary);
  return { path: temporary, fd };
}

/** Creates a temporary directory beside `path`; everything else is as for files. */
export function createTemporaryDirectory(path: string): string {
  removeAbandonedFiles(dirname(path));
  const temporary = nameBeside(path, "tmp");
  mkdirSync(temporary);
  temporaryFiles.add(temporary);
  return temporary;
}

/** Says that a temporary file has got its real name. */
export function forgetTemporaryFile(path: string): void {
  temporaryFiles.delete(path);
}

/** Removes a temporary file of this process, unless it has got its real name. */
export function removeTemporaryFile(path: string): void {
  if (temporaryFiles.delete(path)) remove(path);
}

/** Removes all temporary files of this process, when a signal ends it. */
export function removeTemporaryFiles(): void {
  for (const path of temporaryFiles) remove(path);
  temporaryFiles.clear();
}

/** Removes the temporary files that dead processes of this machine left in a directory. */
export function removeAbandonedFiles(directory: string): void {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    // A directory can be writable and not readable: then its files stay.
    return;
  }
  for (const name of names) {
    const [, tag, pid] = PATTERN.exec(name) ?? [];
    if (tag === hostTag() && isDead(Number(pid))) remove(`${directory}/${name}`);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It is gone already, or keeps its temporary name; nothing appeared under the real one.
  }
}

/** Whether no process has this id. */
function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}

let knownHostTag: string | undefined;

/** Stands for the machine since it was started, and for the process namespace of a container in it. */
export function hostTag(): string {
  knownHostTag ??= hash("sha256", [hostname(), bootId(), processNamespace()].join("\n")).slice(0, 8);
  return knownHostTag;
}

function bootId(): string {
  return orNothing(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"));
}

function processNamespace(): string {
  return orNothing(() => readlinkSync("/proc/self/ns/pid"));
}

/** Only Linux has these files. Elsewhere, the host's name alone tells machines apart. */
function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
