// Why a run ends early: one sentence, and perhaps a hint. The library's PrioError is about values; a Failure is about
// the run, and written for the person who started it.

import { PrioError } from "../errors.js";

/** Ends a run. `message` says what happened, `hint` what to do. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** The reader of standard output has gone away. That is no error. */
export class ClosedPipe extends Error {
  override readonly name = "ClosedPipe";
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EIO: "the device reports an error",
  EISDIR: "is a directory",
  EMFILE: "too many open files",
  ENOENT: "no such file or directory",
  ENXIO: "it is a device that is not there, or a pipe that nobody reads",
  EPIPE: "its reader has gone away",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EDQUOT: "the quota of disk space is used up",
  EFBIG: "the file would be too large",
  ENOSPC: "no space left on the device",
  ENOTDIR: "a part of the path is not a directory",
  EPERM: "not permitted",
  ESTALE: "the network file system has lost it (stale file handle)",
  EROFS: "the file system is read-only",
  EEXIST: "already exists and is not a directory",
  Z_BUF_ERROR: "the compressed data ends too early",
  Z_DATA_ERROR: "it is not a gzip file, or it is damaged",
};

/** The code of an error of the system or of zlib, or undefined. */
export function systemCode(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** An error's code of the system or of zlib, in words where there are some. */
export function systemReason(code: string): string {
  return SYSTEM_ERRORS[code] ?? code;
}

/** Makes a Failure of an error of the system; `subject` says what it kept us from. Returns any other error as it is. */
export function systemFailure(error: unknown, subject: string): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof Failure || error instanceof PrioError) return error;
  return new Failure(`${subject}: ${systemReason(code)}`);
}
