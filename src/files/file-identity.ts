// Tells whether two paths name one file, so that a run can refuse to write over a file that it reads. They do when
// device and inode agree, whatever symbolic links, hard links or `..` are in between. A file that does not exist yet is
// identified by its directory and its name.

import { type BigIntStats, fstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute } from "node:path";
import { systemCode } from "./failure.js";

/** Symbolic links that are followed in one path; Linux follows as many. */
const MAX_LINKS = 40;
/** On these systems, names that differ in case or in Unicode form can be one file. */
const FOLDS_NAMES = process.platform === "darwin" || process.platform === "win32";

/**
 * The path without `.`, `..` and symbolic links, as the system would go it: `..` after a link leads to the directory
 * above the link's target. What is missing counts as if it were made on the way. A link to a device or a pipe stays.
 */
export function canonicalPath(path: string): string {
  let reached = isAbsolute(path) ? rootOf(path) : realpathSync.native(".");
  const parts = partsOf(path);
  for (let links = 0; parts.length > 0; ) {
    const part = parts.shift() as string;
    if (part === "..") {
      reached = dirname(reached);
      continue;
    }
    const next = reached.endsWith("/") ? `${reached}${part}` : `${reached}/${part}`;
    const target = links < MAX_LINKS ? linkTarget(next) : undefined;
    if (target === undefined) {
      reached = next;
      continue;
    }
    links++;
    if (isAbsolute(target)) reached = rootOf(target);
    parts.unshift(...partsOf(target));
  }
  return reached;
}

/**
 * A text that is the same for all paths of one file, whether it exists or not. The identity of a file that does not
 * exist begins with that of its directory and a slash. Undefined for a character device, such as a terminal or
 * /dev/null: reading and writing the same one loses nothing.
 */
export function fileIdentity(path: string): string | undefined {
  const canonical = canonicalPath(path);
  const stat = statOf(canonical);
  if (stat !== undefined) return stat.isCharacterDevice() ? undefined : identity(stat);
  return missingFileIdentity(canonical);
}

/** The identity of a file that is open, or undefined when it is no regular file. */
export function openFileIdentity(fd: number): string | undefined {
  const stat = fstatSync(fd, { bigint: true });
  return stat.isFile() ? identity(stat) : undefined;
}

function missingFileIdentity(canonical: string): string {
  const directory = dirname(canonical);
  const stat = statOf(directory);
  const parent =
    stat === undefined && directory !== canonical ? missingFileIdentity(directory) : stat && identity(stat);
  const name = basename(canonical);
  return `${parent}/${FOLDS_NAMES ? name.normalize("NFC").toLowerCase() : name}`;
}

function identity({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

function rootOf(path: string): string {
  return process.platform === "win32" ? (/^[a-z]:[/\\]/i.exec(path)?.[0] ?? "/") : "/";
}

function partsOf(path: string): string[] {
  const separator = process.platform === "win32" ? /[/\\]/ : "/";
  const rest = isAbsolute(path) ? path.slice(rootOf(path).length) : path;
  return rest.split(separator).filter((part) => part !== "" && part !== ".");
}

/** What a path names, or undefined when it names nothing. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    // A path that leads through a file or around in links names nothing.
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Where a symbolic link leads, unless that is a device or a pipe. Undefined for anything but a link. */
function linkTarget(path: string): string | undefined {
  try {
    const target = readlinkSync(path);
    const stat = statOf(path);
    return stat === undefined || stat.isFile() || stat.isDirectory() ? target : undefined;
  } catch {
    return undefined;
  }
}
