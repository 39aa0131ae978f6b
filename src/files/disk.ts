// Reads and writes of whole buffers, and names of files that survive a power cut.

import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { systemCode } from "./failure.js";

/** Writes all bytes: the system may take fewer than it is given, and says so only by their number. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** Fills `bytes` from `position` on. Returns false when the file ends before. */
export function readAll(fd: number, bytes: Uint8Array, position: number): boolean {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(fd, bytes, done, bytes.length - done, position + done);
    if (read === 0) return false;
    done += read;
  }
  return true;
}

/** Makes the names in a directory survive a power cut. Windows cannot open a directory, and need not. */
export function syncDirectory(path: string): void {
  if (process.platform === "win32") return;
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** As `syncDirectory`, if the file system can do that: some have guarantees of their own. */
export function trySyncDirectory(path: string): void {
  try {
    syncDirectory(path);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
