// The manifest of a replay record: the one small file that says which segments make up the record. A commit replaces
// it by a rename, so after a crash there is the manifest of before or the one of after, never a mixture.
//
// It has two lines: a JSON object, and the SHA-256 of that line in hex.

import { hash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, renameSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import { readAll, syncDirectory, writeAll } from "../files/disk.js";
import { systemCode } from "../files/failure.js";
import type { ServerId } from "../index.js";
import { ReplayRecordError, withSystem } from "./record-error.js";
import { FILE_MODE } from "./record-modes.js";
import type { SegmentDescription } from "./segments.js";

/** Whose record it is. */
export interface ReplayOwner {
  readonly server: ServerId;
  /** A hash of the servers' secret under `hashKey`, in hex. */
  readonly secret: string;
  /** The key of the record's hashes, 32 random bytes in hex. */
  readonly hashKey: string;
}

export interface Manifest {
  readonly owner: ReplayOwner;
  /** The last run that committed something, counted from 1. */
  readonly run: number;
  /** The number that the next segment gets. */
  readonly nextSegment: number;
  /** The segments, oldest first. */
  readonly segments: readonly SegmentDescription[];
}

const FORMAT = "prio replay record 1";
const NAME = "manifest";
export const TEMPORARY_MANIFEST = "manifest.tmp";
/** Some 100 bytes a segment, and there are at most a few dozen. */
const MAX_BYTES = 2 ** 16;

/** The manifest in a directory, or undefined when there is none. Throws `damaged`, `not-a-record`, `unavailable`. */
export function readManifest(directory: string): Manifest | undefined {
  const path = join(directory, NAME);
  const text = withSystem(`cannot read ${path}`, () => textOf(path));
  if (text === undefined) return undefined;
  const [line = "", digest, end, ...more] = text.split("\n");
  if (digest !== hash("sha256", line) || end !== "" || more.length > 0) {
    throw new ReplayRecordError("damaged", `${path} is cut or changed`);
  }
  const { format, byteOrder, ...manifest } = JSON.parse(line) as Manifest & { format: string; byteOrder: string };
  if (format !== FORMAT || byteOrder !== endianness()) {
    throw new ReplayRecordError("not-a-record", `${path} is of another version or of a machine of another byte order`);
  }
  return manifest;
}

/** Puts a manifest in the place of the one before. Returns when it will survive a power cut. Throws `unavailable`. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const path = join(directory, NAME);
  const temporary = join(directory, TEMPORARY_MANIFEST);
  const line = JSON.stringify({ format: FORMAT, byteOrder: endianness(), ...manifest });
  withSystem(`cannot write ${path}`, () => {
    const fd = openSync(temporary, "w", FILE_MODE);
    try {
      writeAll(fd, Buffer.from(`${line}\n${hash("sha256", line)}\n`));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    // The names of the segments must be on disk before the manifest that names them.
    syncDirectory(directory);
    renameSync(temporary, path);
    syncDirectory(directory);
  });
}

function textOf(path: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, MAX_BYTES));
    readAll(fd, bytes, 0);
    return bytes.toString("latin1");
  } finally {
    closeSync(fd);
  }
}
