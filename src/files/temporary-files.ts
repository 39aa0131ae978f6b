// Files and directories under temporary names, beside what they become. On a signal, this process removes its own. The
// next run that writes into the same directory removes those of a process that was killed.
//
// The name holds the writer: `.NAME.HOST-PID-RANDOM.tmp`. HOST stands for the boot of the machine and the process
// namespace, so a process id is only looked up where it means something: on a network file system, files of other
// machines and containers stay. A file of this machine goes when no process has the id in its name. If
// another process has got the id since, the file stays until that one has ended too.

import { randomBytes } from "node:crypto";
import { mkdirSync, openSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { hasEnded, hostTag } from "./processes.js";

const PATTERN = /^\..*\.([0-9a-f]{8})-(\d{1,10})-[0-9a-f]{8}\.tmp$/s;
const TEMPORARY = /^\..*\.[0-9a-f]{8}-\d{1,10}-[0-9a-f]{8}\.(?:tmp|old)$/s;
/** In UTF-16 units of the name: leaves room for the rest in the 255 bytes that a file system allows. */
const MAX_NAME = 60;

/** Whether a name in a directory is a temporary one, of whatever process. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY.test(name);
}

/** The temporary files of this process that exist now. */
const temporaryFiles = new Set<string>();
/** How many of them each directory has. */
const perDirectory = new Map<string, number>();

/** A name beside `path` that no other process uses. */
export function nameBeside(path: string, ending: "tmp" | "old"): string {
  const writer = `${hostTag()}-${process.pid}-${randomBytes(4).toString("hex")}`;
  return `${dirname(path)}/.${basename(path).slice(0, MAX_NAME)}.${writer}.${ending}`;
}

/**
 * Creates a temporary file beside `path`, and removes those that killed runs left in the directory, unless `sweeps` is
 * false. Throws the system's error.
 */
export function createTemporaryFile(
  path: string,
  mode: number,
  sweeps = true,
): { readonly path: string; readonly fd: number } {
  if (sweeps) cleanOnce(dirname(path));
  const temporary = nameBeside(path, "tmp");
  const fd = openSync(temporary, "wx", mode);
  remember(temporary);
  return { path: temporary, fd };
}

/** Creates a temporary directory beside `path`; everything else is as for files. */
export function createTemporaryDirectory(path: string): string {
  cleanOnce(dirname(path));
  const temporary = nameBeside(path, "tmp");
  mkdirSync(temporary);
  remember(temporary);
  return temporary;
}

/** Says that a temporary file has got its real name. */
export function forgetTemporaryFile(path: string): void {
  if (!temporaryFiles.delete(path)) return;
  const directory = dirname(path);
  const others = (perDirectory.get(directory) ?? 1) - 1;
  if (others > 0) perDirectory.set(directory, others);
  else perDirectory.delete(directory);
}

/** Removes a temporary file of this process, unless it has got its real name. */
export function removeTemporaryFile(path: string): void {
  if (!temporaryFiles.has(path)) return;
  forgetTemporaryFile(path);
  remove(path);
}

/** Removes all temporary files of this process, when a signal ends it. */
export function removeTemporaryFiles(): void {
  for (const path of temporaryFiles) remove(path);
  temporaryFiles.clear();
  perDirectory.clear();
}

function remember(path: string): void {
  temporaryFiles.add(path);
  const directory = dirname(path);
  perDirectory.set(directory, (perDirectory.get(directory) ?? 0) + 1);
}

/** A run over thousands of parts has as many temporary files in one directory, and looks through it for the first. */
function cleanOnce(directory: string): void {
  if (!perDirectory.has(directory)) removeAbandonedFiles(directory);
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
    const [, tag, pid = ""] = PATTERN.exec(name) ?? [];
    if (tag === hostTag() && hasEnded(pid)) remove(`${directory}/${name}`);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It is gone already, or keeps its temporary name; nothing appeared under the real one.
  }
}
