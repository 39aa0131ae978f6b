// Files to write, which appear under their names only when they are complete. A name that ends in .gz is compressed,
// "-" is standard output.

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { ClosedPipe, Failure, systemCode, systemFailure } from "./failure.js";

/** Takes ASCII text in order, and then `commit` or `discard`. */
export interface Output {
  write(text: string): Promise<void>;
  /** Makes the complete output appear under its name. */
  commit(): Promise<void>;
  /** Without a commit, leaves what was there before. After one, does nothing. */
  discard(): void;
}

/** The temporary files that exist now, for the handlers of signals. */
const temporaryFiles = new Set<string>();

/** Removes all temporary files, when a signal ends the process. */
export function removeTemporaryFiles(): void {
  for (const path of temporaryFiles) {
    try {
      unlinkSync(path);
    } catch {
      // The file is gone already, or cannot be removed. The process ends either way.
    }
  }
  temporaryFiles.clear();
}

/** Opens the output `name` in a directory, or standard output for "-". Throws a Failure when it cannot be written. */
export function openOutput(directory: string, name: string, stdout: Writable): Output {
  return directory === "-" ? new StandardOutput(stdout) : openFile(directory, name);
}

/** Opens a file in a directory, which is made when it is missing. */
export function openFile(directory: string, name: string): Output {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw systemFailure(error, `cannot write to ${directory}`);
  }
  return new FileOutput(join(directory, name));
}

/**
 * Makes a directory and its parents. (Node's own recursive mkdir loops for ever where none can be made, as in /proc.)
 */
function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have made it in the meantime.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/** The name of the output for an input: the same name, or for standard input the usual one of Prio's batches. */
export function outputName(input: string): string {
  return input === "-" ? "data.ndjson" : basename(input);
}

/** Writes a temporary file beside `path`, and renames it when it is complete and on disk. */
class FileOutput implements Output {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;
  readonly #gzip: ReturnType<typeof createGzip> | undefined;
  /** The first error of writing, until `#check` throws it. */
  #failed: unknown;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`);
    try {
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
        throw new Failure(`cannot write ${path}: is a directory`);
      }
      this.#fd = openSync(this.#temporary, "wx");
      temporaryFiles.add(this.#temporary);
    } catch (error) {
      throw systemFailure(error, `cannot write ${path}`);
    }
    if (path.endsWith(".gz")) {
      this.#gzip = createGzip();
      this.#gzip.on("data", (piece: Buffer) => this.#put(piece));
    }
  }

  async write(text: string): Promise<void> {
    if (this.#gzip === undefined) this.#put(Buffer.from(text, "latin1"));
    else await new Promise<void>((resolve) => this.#gzip?.write(text, "latin1", () => resolve()));
    this.#check();
  }

  async commit(): Promise<void> {
    const gzip = this.#gzip;
    if (gzip !== undefined) {
      await new Promise<void>((resolve) => {
        gzip.on("end", resolve);
        gzip.end();
      });
    }
    this.#check();
    try {
      fsyncSync(this.#fd);
      closeSync(this.#fd);
      renameSync(this.#temporary, this.#path);
      temporaryFiles.delete(this.#temporary);
      syncDirectory(dirname(this.#path));
    } catch (error) {
      throw systemFailure(error, `cannot write ${this.#path}`);
    }
  }

  discard(): void {
    if (!temporaryFiles.delete(this.#temporary)) return;
    this.#gzip?.destroy();
    try {
      closeSync(this.#fd);
    } catch {
      // A commit closed it and then failed.
    }
    try {
      unlinkSync(this.#temporary);
    } catch {
      // It keeps its temporary name; nothing appeared under the real one.
    }
  }

  #put(bytes: Buffer): void {
    if (this.#failed !== undefined) return;
    try {
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (error) {
      this.#failed = error;
    }
  }

  #check(): void {
    if (this.#failed !== undefined) throw systemFailure(this.#failed, `cannot write ${this.#path}`);
  }
}

/** Puts a rename on disk, by its directory. Systems that cannot open directories have their own guarantees. */
function syncDirectory(path: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(path, "r");
    fsyncSync(fd);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Standard output. It cannot be atomic, and its reader may go away: then `write` throws ClosedPipe. */
class StandardOutput implements Output {
  readonly #stdout: Writable;

  constructor(stdout: Writable) {
    this.#stdout = stdout;
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      // Waiting until the text has left bounds the memory when the reader is slow.
      this.#stdout.write(text, "latin1", (error) => {
        if (error === null || error === undefined) resolve();
        else if (systemCode(error) === "EPIPE" || systemCode(error) === "ERR_STREAM_DESTROYED")
          reject(new ClosedPipe());
        else reject(systemFailure(error, "cannot write standard output"));
      });
    });
  }

  commit(): Promise<void> {
    return Promise.resolve();
  }

  discard(): void {
    // The reader has what was written.
  }
}

/** Runs `work` on outputs, which are committed when it succeeds and discarded when it throws. */
export async function withOutputs(
  opening: readonly (() => Output)[],
  work: (outputs: readonly Output[]) => Promise<void>,
): Promise<void> {
  const outputs: Output[] = [];
  try {
    for (const open of opening) outputs.push(open());
    await work(outputs);
    for (const output of outputs) await output.commit();
  } finally {
    for (const output of outputs) output.discard();
  }
}
