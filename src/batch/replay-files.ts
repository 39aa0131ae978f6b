// What the files of a replay record need of the file system: whole reads and writes, names that survive a power cut,
// and one error class for everything that can go wrong with a record, so that no failure is ever taken for "not seen
// before".

import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

/**
 * What a {@link ReplayRecordError} can be about. The list is closed.
 *
 * | code | meaning |
 * |---|---|
 * | `in-use` | another run has the record open, or may have it open on a machine or in a container that cannot be looked into |
 * | `another-owner` | the record belongs to another secret, or to the other server |
 * | `not-a-record` | the path is no directory, or one that holds other files |
 * | `damaged` | a file of the record is missing, cut or changed |
 * | `unavailable` | the system refused to read or write: `cause` is its error |
 */
export type ReplayRecordErrorCode = "in-use" | "another-owner" | "not-a-record" | "damaged" | "unavailable";

/** A replay record cannot be used. What was committed before is still on disk, unless the code is `damaged`. */
export class ReplayRecordError extends Error {
  /** Always `"ReplayRecordError"`. */
  override readonly name = "ReplayRecordError";
  /** What the error is about; stable, for programs to act on. */
  readonly code: ReplayRecordErrorCode;

  /** Makes an error whose message begins with `replay record: `. */
  constructor(code: ReplayRecordErrorCode, message: string, options?: ErrorOptions) {
    super(`replay record: ${message}`, options);
    this.code = code;
  }
}

/** Only the owner may read or write the record's directory and files. */
export const DIRECTORY_MODE = 0o700;
export const FILE_MODE = 0o600;

/** Runs `work`. A refusal by the system becomes `unavailable`: `subject` ("cannot write x.segment"), then its code. */
export function withSystem<T>(subject: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new ReplayRecordError("unavailable", `${subject}: ${code}`, { cause: error });
  }
}

/** The system's name for an error, such as `ENOENT`, or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "syscall" in error && "code" in error ? String(error.code) : undefined;
}

/** Writes all of `bytes` at the file's position. */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}

/** Fills `bytes` from `position` on. Returns false when the file ends before. */
export function readWhole(fd: number, bytes: Uint8Array, position: number): boolean {
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
