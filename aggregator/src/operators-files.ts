// Files that commands write for an operator: on disk when the function returns, and whole or not at all.

import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { OperatorError, systemReason } from "./tasks/operator-error.js";

/** Writes a new file for its owner alone, and never over another. Throws an OperatorError. */
export function createSecretFile(path: string, text: string): void {
  let fd: number;
  try {
    fd = openSync(path, "wx", 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new OperatorError(`${path} exists already: nothing was written`, "give the name of a new file");
    }
    throw systemError(error, `cannot write ${path}`);
  }
  try {
    writeWhole(fd, text);
  } catch (error) {
    unlinkSync(path);
    throw systemError(error, `cannot write ${path}`);
  } finally {
    closeSync(fd);
  }
}

/** Writes a file that everybody may read. Throws an OperatorError. */
export function writePublicFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const fd = openSync(temporary, "wx", 0o644);
    try {
      writeWhole(fd, text);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    throw systemError(error, `cannot write ${path}`);
  }
}

function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
  fsyncSync(fd);
}

/** An OperatorError for an error of the system; any other error as it is. */
export function systemError(error: unknown, subject: string): Error {
  const reason = systemReason(error);
  return reason === undefined ? (error as Error) : new OperatorError(`${subject}: ${reason}`);
}
