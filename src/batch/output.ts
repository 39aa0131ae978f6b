// Output that appears under its name only when it is complete: files, gzip by the name's ending, and standard output for "-".

import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, unlinkSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { ClosedPipe, Failure, systemCode, systemFailure } from "./failure.js";

/** Where a command writes: ASCII text in order, then `commit`, or `discard`. */
export interface Output {
  write(text: string): Promise<void>;
  /** Makes the output complete under its name. */
  commit(): Promise<void>;
  /** Leaves what was there before. */
  discard(): void;
}

/** Temporary files that exist now: what a signal's handler removes. */
const temporaryFiles = new Set<string>();

/** Removes every temporary file; for the moment before the process ends. */
export function removeTemporaryFiles(): void {
  for (const path of temporaryFiles) {
    try {
      unlinkSync(path);
    } catch {
      // Gone already, or not ours to remove any more: the process ends anyway.
    }
  }
  temporaryFiles.clear();
}

/** The output `name` in a directory, or standard output for "-". */
export function openOutput(directory: string, name: string, stdout: Writable): Output {
  return directory === "-" ? new StandardOutput(stdout) : openFile(directory, name);
}

/** A file in a directory, which is made when it is missing. */
export function openFile(directory: string, name: string): Output {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw systemFailure(error, `cannot write to ${directory}`);
  }
  return new FileOutput(join(directory, name));
}

/** Makes a directory and those above it. (Node's own recursive mkdir never ends where the system makes none, as below /proc.) */
function makeDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(path);
  if (parent !== path) makeDirectory(parent);
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error;
  }
}

/** The name that output files take from an input; rows of standard input have the usual name of Prio's batches. */
export function outputName(input: string): string {
  return input === "-" ? "data.ndjson" : basename(input);
}

/** Writes `path` as a temporary file beside it, which is renamed when it is complete and on disk. */
class FileOutput implements Output {
  readonly #path: string;
  readonly #temporary: string;
  readonly #fd: number;
  readonly #gzip: ReturnType<typeof createGzip> | undefined;
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
      // Closed already by a commit that failed after it.
    }
    try {
      unlinkSync(this.#temporary);
    } catch {
      // What matters is the name, and nothing stands under it.
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

/** A rename is on disk when its directory is. Some systems do not open directories; they have their own promise. */
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

/** Standard output: nothing to make atomic, but a reader that may go away. */
class StandardOutput implements Output {
  readonly #stdout: Writable;

  constructor(stdout: Writable) {
    this.#stdout = stdout;
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      // The callback waits until the text has left, which also keeps memory bounded when the reader is slow.
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
    // What was written is with the reader.
  }
}

/** Runs `work` on outputs that are committed together when it succeeds, and discarded when it does not. */
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
