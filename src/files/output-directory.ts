// A directory that a run writes. It takes the place of the earlier one only when everything in it is complete and on
// disk. The exchange takes two renames, so for a moment nothing has the name. A file `_SUCCESS` beside the directory,
// which comes last, tells other programs that they can read.

import { closeSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { trySyncDirectory } from "./disk.js";
import { Failure, systemFailure } from "./failure.js";
import { makeDirectory, type PendingOutput } from "./output.js";
import { createTemporaryDirectory, forgetTemporaryFile, nameBeside, removeTemporaryFile } from "./temporary-files.js";

const MARKER = "_SUCCESS";

export class OutputDirectory implements PendingOutput {
  /** Where everything is written until the directory appears. */
  readonly temporary: string;
  readonly #path: string;
  readonly #marker: string;
  /** Where the directory is kept that was there before. */
  #before: string | undefined;
  #hadMarker = false;

  /** Throws a Failure when no directory can be made there. */
  constructor(path: string) {
    this.#path = path;
    this.#marker = join(dirname(path), MARKER);
    try {
      makeDirectory(dirname(path));
      if (isThere(path) && !statSync(path).isDirectory()) throw new Failure(`cannot write ${path}: is not a directory`);
      this.temporary = createTemporaryDirectory(path);
    } catch (error) {
      throw systemFailure(error, `cannot write ${path}`);
    }
  }

  complete(): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Gives the directory its name. A process that is killed at its two renames leaves the earlier directory under the
   * hidden name `.NAME.….old`, and no `_SUCCESS`; the next run writes anew.
   */
  appear(): void {
    this.#try(() => {
      this.#hadMarker = isThere(this.#marker);
      rmSync(this.#marker, { force: true });
      if (isThere(this.#path)) {
        const before = nameBeside(this.#path, "old");
        renameSync(this.#path, before);
        this.#before = before;
      }
      try {
        renameSync(this.temporary, this.#path);
      } catch (error) {
        this.#putBack();
        throw error;
      }
      forgetTemporaryFile(this.temporary);
    });
  }

  takeBack(): void {
    this.#try(() => {
      rmSync(this.#path, { recursive: true, force: true });
      this.#putBack();
    });
  }

  settle(): void {
    this.#try(() => {
      trySyncDirectory(dirname(this.#path));
      this.#mark();
      trySyncDirectory(dirname(this.#path));
    });
    // What cannot be removed stays under its hidden name.
    if (this.#before !== undefined) removeTree(this.#before);
  }

  discard(): void {
    removeTemporaryFile(this.temporary);
  }

  #putBack(): void {
    if (this.#before !== undefined) renameSync(this.#before, this.#path);
    this.#before = undefined;
    if (this.#hadMarker) this.#mark();
  }

  #mark(): void {
    closeSync(openSync(this.#marker, "w"));
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#path}`);
    }
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function removeTree(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // It stays.
  }
}
