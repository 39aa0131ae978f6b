// One file that a run writes, as bytes: a regular file appears under its name only when it is complete and on disk; a
// device or a pipe is written into, and never replaced.

import {
  closeSync,
  constants,
  fsync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { writeAll } from "./disk.js";
import { Failure, systemCode, systemFailure } from "./failure.js";
import { createTemporaryFile, forgetTemporaryFile, nameBeside, removeTemporaryFile } from "./temporary-files.js";

/** Takes bytes in order. Errors of the system come as Failures that name the file. */
export interface OutputFile {
  write(bytes: Buffer): Promise<void>;
  /** Puts all bytes on disk, still under a temporary name. */
  complete(): Promise<void> | void;
  /** Gives the complete file its name. With `canTakeBack`, keeps what was there before until `settle`. */
  appear(canTakeBack: boolean): void;
  /** After `appear`, puts back what was there before. */
  takeBack(): void;
  /**
   * After the last `appear` of a run: there is no way back any more. Adds the directory whose names have changed, which
   * must then be put on disk.
   */
  settle(changed: Set<string>): void;
  /** Unless the file has appeared, leaves no trace of it. */
  discard(): void;
}

/** Opens a file to write. `path` leads through no symbolic link. Throws a Failure when it cannot be written. */
export function openOutputFile(path: string, mode: number): OutputFile {
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined || stat.isFile()) return new RegularFile(path, mode);
    if (stat.isDirectory()) throw new Failure(`cannot write ${path}: is a directory`);
    if (!stat.isCharacterDevice() && !stat.isFIFO()) {
      throw new Failure(`cannot write ${path}: is not a regular file, character device or pipe`);
    }
    return new SpecialFile(path);
  } catch (error) {
    throw systemFailure(error, `cannot write ${path}`);
  }
}

/**
 * Opens a file in a directory that itself has a temporary name: the file has its own from the start. Messages call it
 * `name`. Throws a Failure when it cannot be written.
 */
export function openNewFile(path: string, mode: number, name: string): OutputFile {
  try {
    return new NewFile(path, mode, name);
  } catch (error) {
    throw systemFailure(error, `cannot write ${name}`);
  }
}

/** Writes a temporary file beside `path`, and renames it. */
class RegularFile implements OutputFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: OpenFile;
  /** What was there before, under another name; null when there was nothing. Undefined when nothing was kept. */
  #before: string | null | undefined;

  constructor(path: string, mode: number) {
    this.#path = path;
    const { path: temporary, fd } = createTemporaryFile(path, mode);
    this.#temporary = temporary;
    this.#file = new OpenFile(fd);
  }

  write(bytes: Buffer): Promise<void> {
    this.#try(() => writeAll(this.#file.fd, bytes));
    return Promise.resolve();
  }

  complete(): void {
    this.#try(() => {
      fsyncSync(this.#file.fd);
      this.#file.close();
    });
  }

  appear(canTakeBack: boolean): void {
    this.#try(() => {
      const before = canTakeBack ? keepAside(this.#path) : undefined;
      try {
        renameSync(this.#temporary, this.#path);
      } catch (error) {
        if (typeof before === "string") putBack(before, this.#path);
        throw error;
      }
      this.#before = before;
      forgetTemporaryFile(this.#temporary);
    });
  }

  takeBack(): void {
    const before = this.#before;
    this.#before = undefined;
    if (before === null) unlinkSync(this.#path);
    else if (before !== undefined) {
      try {
        putBack(before, this.#path);
      } catch (error) {
        throw systemFailure(error, `cannot put back ${this.#path}, which is kept as ${before}`);
      }
    }
  }

  settle(changed: Set<string>): void {
    if (typeof this.#before === "string") tryUnlink(this.#before);
    changed.add(dirname(this.#path));
  }

  discard(): void {
    try {
      this.#file.close();
    } catch {
      // The file goes away in any case.
    }
    removeTemporaryFile(this.#temporary);
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#path}`);
    }
  }
}

/** Gives what is at `path` a second name, and returns that, or null when nothing is there. */
function keepAside(path: string): string | null {
  const aside = nameBeside(path, "old");
  try {
    linkSync(path, aside);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    if (statSync(path).isDirectory()) throw new Failure(`cannot write ${path}: is a directory`);
    // Some file systems have no second names. Then nothing is at `path` until the new file is, a moment later.
    renameSync(path, aside);
  }
  return aside;
}

/** Gives what was kept aside its name again. */
function putBack(aside: string, path: string): void {
  renameSync(aside, path);
  // Where both names are of one file, the system leaves them as they are.
  tryUnlink(aside);
}

function tryUnlink(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has gone, or it stays beside the file.
  }
}

/** A file that appears together with its directory. It goes to disk while the next ones are written. */
class NewFile implements OutputFile {
  readonly #name: string;
  readonly #file: OpenFile;
  #isCompleting = false;

  constructor(path: string, mode: number, name: string) {
    this.#name = name;
    this.#file = new OpenFile(openSync(path, "wx", mode));
  }

  write(bytes: Buffer): Promise<void> {
    this.#try(() => writeAll(this.#file.fd, bytes));
    return Promise.resolve();
  }

  async complete(): Promise<void> {
    this.#isCompleting = true;
    try {
      await fsyncLater(this.#file.fd);
      this.#file.close();
    } catch (error) {
      this.#file.close();
      throw systemFailure(error, `cannot write ${this.#name}`);
    }
  }

  appear(): void {
    // Its directory does.
  }

  takeBack(): void {
    // Its directory is.
  }

  settle(): void {
    // Nothing is left to do.
  }

  discard(): void {
    // While the system still works on the descriptor, nothing else may get its number.
    if (!this.#isCompleting) this.#file.close();
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#name}`);
    }
  }
}

const fsyncLater: (fd: number) => Promise<void> = promisify(fsync);

/** Milliseconds between two tries when the reader of a pipe is slow. */
const RETRY = 5;

/** A device or a pipe. What was written cannot be taken back. */
class SpecialFile implements OutputFile {
  readonly #path: string;
  readonly #file: OpenFile;

  constructor(path: string) {
    this.#path = path;
    // A pipe that nobody reads must not hold up the process, where no signal could end it.
    const { O_WRONLY, O_APPEND, O_NONBLOCK } = constants;
    this.#file = new OpenFile(openSync(path, O_WRONLY | O_APPEND | O_NONBLOCK));
  }

  async write(bytes: Buffer): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(this.#file.fd, bytes, done);
      } catch (error) {
        if (systemCode(error) !== "EAGAIN") throw systemFailure(error, `cannot write ${this.#path}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  }

  complete(): void {
    this.#file.close();
  }

  appear(): void {
    // It was there before.
  }

  takeBack(): void {
    // Its reader has it.
  }

  settle(): void {
    // Nothing is left to do.
  }

  discard(): void {
    this.#file.close();
  }
}

/** A descriptor that is closed once: its number may be another file's afterwards. */
class OpenFile {
  #fd: number | undefined;

  constructor(fd: number) {
    this.#fd = fd;
  }

  get fd(): number {
    if (this.#fd === undefined) throw new Error("output file: used after its end");
    return this.#fd;
  }

  close(): void {
    const fd = this.#fd;
    this.#fd = undefined;
    if (fd !== undefined) closeSync(fd);
  }
}
