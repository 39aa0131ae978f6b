// Files that commands write for an operator: on disk when the function returns, and whole or not at all, whenever the
// process ends.

import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { OperatorError, systemReason } from "./tasks/operator-error.js";

/** What file systems without hard links say. */
const WITHOUT_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"];

/** Writes a new file for its owner alone, and never over another. Throws an OperatorError. */
export function createSecretFile(path: string, text: string): void {
  write(path, text, 0o600, (temporary) => {
    try {
      linkSync(temporary, path);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") {
        throw new OperatorError(`${path} exists already: nothing was written`, "give the name of a new file");
      }
      if (!WITHOUT_LINKS.includes(code)) throw error;
      copyFileSync(temporary, path, constants.COPYFILE_EXCL);
    }
  });
}

/** Writes a file that everybody may read, or into a device or a pipe. Throws an OperatorError. */
export function writePublicFile(path: string, text: string): void {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isCharacterDevice() || stat?.isFIFO()) {
      writeFileSync(path, text);
      return;
    }
  } catch (error) {
    throw systemError(error, `cannot write ${path}`);
  }
  write(path, text, 0o644, (temporary) => renameSync(temporary, path));
}

/** Writes a file under another name, and lets `appear` give it its own. */
function write(path: string, text: string, mode: number, appear: (temporary: string) => void): void {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    // One that a process of this number left behind when it was killed.
    rmSync(temporary, { force: true });
    writeFileSync(temporary, text, { mode, flag: "wx", flush: true });
    appear(temporary);
    trySyncFolder(dirname(path));
  } catch (error) {
    throw systemError(error, `cannot write ${path}`);
  } finally {
    remove(temporary);
  }
}

/** Where it cannot be looked for, it was not made, and the error that said so is the one to tell. */
function remove(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {
    // As said.
  }
}

/** Some file systems cannot do it. The file is there all the same. */
function trySyncFolder(path: string): void {
  try {
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // As said.
  }
}

/** An OperatorError for an error of the system; any other error as it is. */
export function systemError(error: unknown, subject: string): Error {
  const reason = systemReason(error);
  return reason === undefined ? (error as Error) : new OperatorError(`${subject}: ${reason}`);
}
