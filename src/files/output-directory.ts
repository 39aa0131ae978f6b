// A directory that a run writes. It takes the place of the earlier one only when everything in it is complete and on
// disk. Where there is an earlier one, the exchange takes two renames, so for a moment nothing has the name. A file
// `_SUCCESS`, beside the directory or in it, tells other programs that they can read.

import { closeSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { trySyncDirectory } from "./disk.js";
import { Failure, systemFailure } from "./failure.js";
import { makeDirectory, type PendingOutput } from "./output.js";
import { createTemporaryDirectory, forgetTemporaryFile, nameBeside, removeTemporaryFile } from "./temporary-files.js";

/** What Hadoop and Spark call the file that says that a directory is complete. */
export const MARKER = "_SUCCESS";

export class OutputDirectory implements PendingOutput {
  /** Where everything is written until the directory appears. */
  readonly temporary: string;
  readonly #path: string;
  /** The marker beside the directory; undefined when it is in it. */
  readonly #marker: string | undefined;
  /** Where the directory is kept that was there before. */
  #before: string | undefined;
  #hadMarker = false;

  /** Throws a Failure when no directory can be made there. */
  constructor(path: string, marker: "beside" | "inside" = "beside") {
    this.#path = path;
    this.#marker = marker === "beside" ? join(dirname(path), MARKER) : undefined;
    try {
      makeDirectory(dirname(path));
      if (isThere(path) && !statSync(path).isDirectory()) throw new Failure(`cannot write ${path}: is not a directory`);
      this.temporary = createTemporaryDirectory(path);
    } catch (error) {
      throw systemFailure(error, `cannot write ${path}`);
    }
  }

  complete(): Promise<void> {
    if (this.#marker === undefined) {
      this.#try(() => {
        mark(join(this.temporary, MARKER));
        trySyncDirectory(this.temporary);
      });
    }
    return Promise.resolve();
  }

  /**
   * Gives the directory its name. A process that is killed at its two renames leaves the earlier directory under the
   * hidden name `.NAME.….old`, and nothing under its own; the next run writes anew.
   */
  appear(): void {
    this.#try(() => {
      if (this.#marker !== undefined) {
        this.#hadMarker = isThere(this.#marker);
        rmSync(this.#marker, { force: true });
      }
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
      if (this.#marker === undefined) return;
      mark(this.#marker);
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
    if (this.#hadMarker && this.#marker !== undefined) mark(this.#marker);
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#path}`);
    }
  }
}

/** Makes the marker, an empty file. Throws the system's error. */
export function mark(path: string): void {
  closeSync(openSync(path, "w"));
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
