// Keeps a run from writing over a file that it reads or that holds a secret: before a command starts, every path that
// it will write is compared with all others.

import { statSync } from "node:fs";
import { basename } from "node:path";
import { canonicalPath, fileIdentity, openFileIdentity } from "../files/file-identity.js";
import type { Input } from "../files/input.js";
import { usageFailure } from "./exit.js";
import type { Io } from "./io.js";
import type { Options } from "./options.js";

/** A file, and the option that names it or its directory. */
export interface NamedFile {
  /** Without the dashes. */
  readonly option: string;
  /** "-" is standard output or, for a file to read, standard input. */
  readonly path: string;
}

/**
 * The options that name files which no run may write over. They count wherever they come from and for every command:
 * a file that holds a secret must be safe from a command that does not read it, too.
 */
const PROTECTED_OPTIONS = [
  "input",
  "input-internal",
  "input-external",
  "labels",
  "data-config",
  "origins",
  "private-key-file",
  "shared-secret-file",
  "task",
  "token-file",
  "tls-cert",
  "tls-key",
  "tls-ca",
] as const;

/** The files that a run must not write over. */
function protectedFiles(options: Options): NamedFile[] {
  return PROTECTED_OPTIONS.flatMap((option) => options.texts(option).map((path) => ({ option, path })));
}

interface Identified {
  readonly name: string;
  readonly path: string;
  readonly identity: string;
}

/**
 * Throws a usage failure that names both options when a file that the run will write is one that another option
 * names, be it to read, to write or for a secret; when a directory that it will make anew has such a file in it; and
 * when something would be written into a directory that it reads. Every command that writes a file calls it before it
 * opens the first.
 */
export function requireDistinctPaths(
  { options, io }: { options: Options; io: Io },
  written: readonly NamedFile[],
  directories: readonly NamedFile[] = [],
): void {
  const read = protectedFiles(options);
  const all = [...written, ...directories];
  requireOutsideReplays(options, all);
  requireOutsideInputs(read, all);
  const replays = options.texts("replays").map((path) => ({ option: "replays", path }));
  for (const directory of directories) {
    const others = [...read, ...replays, ...all.filter((other) => other !== directory)];
    requireNothingIn(directory, others);
  }
  const earlier: Identified[] = read.flatMap((file) => identified(file, io.stdin, "standard input"));
  for (const file of written) {
    for (const next of identified(file, io.stdout, "standard output")) {
      const other = earlier.find(({ identity }) => overlap(identity, next.identity));
      if (other !== undefined) {
        throw usageFailure(
          `${next.name} would write over the file of ${other.name}: ${next.path}`,
          "nothing was read or written; name another file or directory",
        );
      }
      earlier.push(next);
    }
  }
}

/**
 * Throws a usage failure when something would be written into the directory of --replays: whatever is lost there, an
 * operator needs a new secret.
 */
function requireOutsideReplays(options: Options, written: readonly NamedFile[]): void {
  const replays = options.text("replays");
  if (replays === undefined) return;
  const directory = canonicalPath(replays);
  for (const { option, path } of written) {
    if (path === "-" || !isWithin(directory, canonicalPath(path))) continue;
    throw usageFailure(`--${option} is in the directory of --replays: ${path}`, "nothing but the record may be there");
  }
}

/** Throws a usage failure when a directory that will be made anew is, or has in it, what another option names. */
export function requireNothingIn(directory: NamedFile, others: readonly NamedFile[]): void {
  const path = canonicalPath(directory.path);
  const other = others.find((file) => file.path !== "-" && isWithin(path, canonicalPath(file.path)));
  if (other === undefined) return;
  throw usageFailure(
    `--${directory.option} would replace what --${other.option} names: ${other.path}`,
    `a run makes ${directory.path} anew`,
  );
}

/** Throws a usage failure when a file to be written is one of the files to be read, by whatever name. */
export function requireOtherFiles(inputs: readonly Input[], files: readonly NamedFile[]): void {
  const written = new Map(files.map((file) => [fileIdentity(file.path), file]));
  for (const { name, identity } of inputs) {
    const same = identity === undefined ? undefined : written.get(identity);
    if (same === undefined) continue;
    throw usageFailure(`--${same.option} would write over a file of the input: ${name}`, "name another file");
  }
}

/** The options whose directories stand for the files in them. */
const PARTS_OPTIONS: readonly string[] = ["input", "input-internal", "input-external"];

/** Throws a usage failure when something would be written where the next run would take it for a part. */
function requireOutsideInputs(read: readonly NamedFile[], written: readonly NamedFile[]): void {
  for (const { option, path } of read) {
    if (!PARTS_OPTIONS.includes(option) || path === "-" || !isDirectory(path)) continue;
    const directory = canonicalPath(path);
    for (const file of written) {
      if (file.path === "-" || /^[._]/.test(basename(file.path))) continue;
      const canonical = canonicalPath(file.path);
      if (canonical === directory || !isWithin(directory, canonical)) continue;
      throw usageFailure(
        `--${file.option} is in the directory of --${option}: ${file.path}`,
        "the next run would read it as a part",
      );
    }
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // Whoever reads it says why it cannot be.
    return false;
  }
}

/** Whether a path is a directory or in it. Both are canonical. */
function isWithin(directory: string, path: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

/** Whether both are one file, or one that is not there yet stands where the other needs a directory. */
function overlap(a: string, b: string): boolean {
  return a === b || isMissingAbove(a, b) || isMissingAbove(b, a);
}

/** The identity of a file that is not there yet has a slash. */
function isMissingAbove(a: string, b: string): boolean {
  return a.includes("/") && b.startsWith(`${a}/`);
}

/** The file with its identity; none for what cannot be written over. */
function identified({ option, path }: NamedFile, stream: object, streamName: string): Identified[] {
  const fd = path === "-" && "fd" in stream && typeof stream.fd === "number" ? stream.fd : undefined;
  const identity = path === "-" ? (fd === undefined ? undefined : openFileIdentity(fd)) : fileIdentity(path);
  const name = path === "-" ? `${streamName} (--${option})` : `--${option}`;
  return identity === undefined ? [] : [{ name, path, identity }];
}
