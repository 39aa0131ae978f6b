// Writes a file whole or not at all, and so that neither a killed process nor a power cut leaves a part of it: under a
// temporary name beside it, then onto the disk, then under its own name.

import { type BigIntStats, close, fstat, fsync, write } from "node:fs";
import { link, lstat, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { trySyncDirectory } from "../../files/disk.js";
import { systemCode } from "../../files/failure.js";
import { createTemporaryFile, forgetTemporaryFile, removeTemporaryFile } from "../../files/temporary-files.js";

/** Anybody, less what the process's umask takes away. */
const MODE = 0o666;

/** Why a file was not written; everything else is an error of the system. */
export class NotWritten extends Error {
  readonly why: "exists" | "no-links" | "wrong-size";

  constructor(why: NotWritten["why"]) {
    super(why);
    this.why = why;
  }
}

export interface FileToWrite {
  readonly path: string;
  readonly size: number;
  readonly bytes: AsyncIterable<Buffer>;
  readonly ifAbsent: boolean;
  /** Whether to remove the files that killed runs left in the directory. */
  readonly sweeps: boolean;
  /** Called with the path of the temporary file, before anything is written. */
  readonly check: (temporary: string) => Promise<void>;
}

/** Returns the stats of the file that was written. Throws NotWritten, or the system's error. */
export async function writeWholeFile({
  path,
  size,
  bytes,
  ifAbsent,
  sweeps,
  check,
}: FileToWrite): Promise<BigIntStats> {
  const { path: temporary, fd } = createTemporaryFile(path, MODE, sweeps);
  try {
    let stats: BigIntStats;
    try {
      await check(temporary);
      let written = 0;
      for await (const piece of bytes) {
        written += piece.length;
        // Nothing beyond the size is written: it could fill the disk.
        if (written > size) break;
        await writeAll(fd, piece);
      }
      if (written !== size) throw new NotWritten("wrong-size");
      // Network file systems say only now that there was no space.
      await promisify(fsync)(fd);
      stats = await promisify(fstat)(fd, { bigint: true });
    } finally {
      await promisify(close)(fd);
    }
    if (ifAbsent) await linkIfAbsent(temporary, path);
    else {
      await rename(temporary, path);
      forgetTemporaryFile(temporary);
    }
    return stats;
  } finally {
    removeTemporaryFile(temporary);
    // Puts the new name on disk.
    trySyncDirectory(dirname(path));
  }
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await promisify(write)(fd, bytes, done, bytes.length - done, null);
    done += bytesWritten;
  }
}

/** Gives a file a second name that nothing has. A rename would replace what is there. */
async function linkIfAbsent(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    const code = systemCode(error);
    // The answer of a network file system can get lost. Asked again, it says that the name is there: it is ours.
    if (code === "EEXIST" && (await isSameFile(temporary, path))) return;
    if (code === "EEXIST") throw new NotWritten("exists");
    if (code === "EPERM" || code === "ENOTSUP" || code === "EOPNOTSUPP" || code === "ENOSYS") {
      throw new NotWritten("no-links");
    }
    throw error;
  }
}

async function isSameFile(x: string, y: string): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(x, { bigint: true }), lstat(y, { bigint: true })]);
  return a.ino === b.ino && a.dev === b.dev;
}

/** Removes a file, if it is there, for good. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  trySyncDirectory(dirname(path));
}
