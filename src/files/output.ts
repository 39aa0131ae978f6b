// The outputs of a run, which appear all together or not at all. Opens them as streams of text: a file, compressed if
// its name ends in .gz, or standard output for "-".

import { mkdirSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Writable } from "node:stream";
import { createGzip } from "node:zlib";
import { trySyncDirectory } from "./disk.js";
import { ClosedPipe, systemCode, systemFailure } from "./failure.js";
import { canonicalPath } from "./file-identity.js";
import { type OutputFile, openNewFile, openOutputFile } from "./output-file.js";

/** What a run makes, and what appears when the run is done. `withOutputs` sees to that. */
export interface PendingOutput {
  /** Completes the output, and puts it on disk under a temporary name. */
  complete(): Promise<void>;
  /**
   * Makes the complete output appear under its name. With `canTakeBack`, keeps what was there before until `settle`.
   */
  appear(canTakeBack: boolean): void;
  /** After `appear`, puts back what was there before. */
  takeBack(): void;
  /**
   * After the last `appear` of a run: there is no way back any more. Adds the directories whose names have changed,
   * which are then put on disk.
   */
  settle(changed: Set<string>): void;
  /** Unless the output has appeared, leaves what was there before. */
  discard(): void;
}

/** Takes ASCII text in order. */
export interface Output extends PendingOutput {
  write(text: string): Promise<void>;
  /** How many bytes it has so far, compressed if it is. */
  readonly bytesWritten: number;
}

/** The standard streams that a run can write to. */
export interface OutputStreams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Permissions of a new file, before the umask. */
const ANYBODY = 0o666;

/**
 * The path of the output in a directory. Unlike node's `join`, it leaves `..` to the system, which knows the symbolic
 * links.
 */
export function outputPath(directory: string, name: string): string {
  return directory === "-" ? "-" : `${directory}/${name}`;
}

/** The name of the output for an input: the same name, or for standard input the usual one of Prio's batches. */
export function outputName(input: string): string {
  return input === "-" ? "data.ndjson" : basename(input);
}

/**
 * Opens a file, whose directory is made when it is missing, or standard output for "-". Throws a Failure when it
 * cannot be written.
 */
export function openOutput(path: string, streams: OutputStreams, mode = ANYBODY): Output {
  if (path === "-") return new StandardOutput(streams.stdout);
  const stream = standardStream(path, streams);
  if (stream !== undefined) return new StandardOutput(stream);
  try {
    makeDirectory(dirname(path));
  } catch (error) {
    throw systemFailure(error, `cannot write to ${dirname(path)}`);
  }
  // The file that a symbolic link leads to is written, and the link stays.
  return new FileOutput(openOutputFile(canonicalPath(path), mode), path.endsWith(".gz"));
}

/**
 * Opens a file that appears together with its directory, which has a temporary name. Messages call it `name`. Throws a
 * Failure when it cannot be written.
 */
export function openNewOutput(path: string, name: string, mode = ANYBODY): Output {
  return new FileOutput(openNewFile(path, mode, name), path.endsWith(".gz"));
}

/** The process's own stream that a path names. Opening it anew would fail for a socket, and overwrite a file. */
function standardStream(path: string, { stdout, stderr }: OutputStreams): Writable | undefined {
  const [, name] = /^\/(?:dev\/(?:fd\/)?|proc\/self\/fd\/)(stdout|stderr|1|2)$/.exec(path) ?? [];
  if (name === undefined) return undefined;
  return name === "stdout" || name === "1" ? stdout : stderr;
}

/**
 * Makes a directory and its parents. (Node's own recursive mkdir loops for ever where none can be made, as in /proc.)
 */
export function makeDirectory(path: string): void {
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

/** A file as text, compressed or not. */
class FileOutput implements Output {
  readonly #file: OutputFile;
  readonly #gzip: ReturnType<typeof createGzip> | undefined;
  /** What gzip has made and the file has not got yet. */
  #compressed: Buffer[] = [];
  #bytesWritten = 0;

  constructor(file: OutputFile, isCompressed: boolean) {
    this.#file = file;
    if (!isCompressed) return;
    this.#gzip = createGzip();
    this.#gzip.on("data", (piece: Buffer) => this.#compressed.push(piece));
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  async write(text: string): Promise<void> {
    const gzip = this.#gzip;
    if (gzip === undefined) return this.#put(Buffer.from(text, "latin1"));
    await new Promise<void>((resolve) => gzip.write(text, "latin1", () => resolve()));
    await this.#writeCompressed();
  }

  async complete(): Promise<void> {
    const gzip = this.#gzip;
    if (gzip !== undefined) {
      await new Promise<void>((resolve) => {
        gzip.on("end", resolve);
        gzip.end();
      });
      await this.#writeCompressed();
    }
    await this.#file.complete();
  }

  appear(canTakeBack: boolean): void {
    this.#file.appear(canTakeBack);
  }

  takeBack(): void {
    this.#file.takeBack();
  }

  settle(changed: Set<string>): void {
    this.#file.settle(changed);
  }

  discard(): void {
    this.#gzip?.destroy();
    this.#file.discard();
  }

  async #writeCompressed(): Promise<void> {
    const pieces = this.#compressed;
    this.#compressed = [];
    for (const piece of pieces) await this.#put(piece);
  }

  #put(bytes: Buffer): Promise<void> {
    this.#bytesWritten += bytes.length;
    return this.#file.write(bytes);
  }
}

/**
 * Standard output or standard error. It cannot be taken back, and its reader may go away: then `write` throws
 * ClosedPipe.
 */
class StandardOutput implements Output {
  readonly #stream: Writable;
  bytesWritten = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  write(text: string): Promise<void> {
    this.bytesWritten += text.length;
    return new Promise((resolve, reject) => {
      // Waiting until the text has left bounds the memory when the reader is slow.
      this.#stream.write(text, "latin1", (error) => {
        if (error === null || error === undefined) resolve();
        else reject(streamFailure(error));
      });
    });
  }

  complete(): Promise<void> {
    return Promise.resolve();
  }

  appear(): void {
    // The reader has what was written.
  }

  takeBack(): void {
    // The reader keeps it.
  }

  settle(): void {
    // Nothing is left to do.
  }

  discard(): void {
    // The reader keeps what was written.
  }
}

/**
 * Waits until all that was written to standard output has left, or its reader has gone away. Throws a Failure when it
 * failed.
 */
export function flushed(stdout: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error: unknown): void => {
      const failure = error && streamFailure(stdout.errored ?? error);
      if (!failure || failure instanceof ClosedPipe) resolve();
      else reject(failure);
    };
    if (stdout.errored) end(stdout.errored);
    else stdout.write("", end);
  });
}

/** An error of writing to a standard stream as what ends the run. */
function streamFailure(error: unknown): unknown {
  const code = systemCode(error);
  if (code === "EPIPE" || code === "ERR_STREAM_DESTROYED") return new ClosedPipe();
  return systemFailure(error, "cannot write standard output");
}

/**
 * Runs `work` on outputs. When it succeeds, all of them appear, and after them those `besides` that were open before;
 * when it throws, or when one cannot appear, none does. Only a process that is killed between two renames leaves the
 * first ones.
 */
export async function withOutputs<T extends PendingOutput>(
  opening: readonly (() => T)[],
  besides: readonly PendingOutput[],
  work: (outputs: readonly T[]) => Promise<void>,
): Promise<void> {
  const outputs: T[] = [];
  try {
    for (const open of opening) outputs.push(open());
    await work(outputs);
    await appearTogether([...outputs, ...besides]);
  } finally {
    for (const output of outputs) output.discard();
  }
}

/** Makes all outputs appear or none. No signal can come in between the renames, as nothing in it waits. */
async function appearTogether(outputs: readonly PendingOutput[]): Promise<void> {
  for (const output of outputs) await output.complete();
  const there: PendingOutput[] = [];
  try {
    for (const output of outputs) {
      output.appear(there.length + 1 < outputs.length);
      there.push(output);
    }
  } catch (error) {
    let reason = error;
    for (const output of there.reverse()) {
      try {
        output.takeBack();
      } catch (worse) {
        reason = worse;
      }
    }
    throw reason;
  }
  const changed = new Set<string>();
  for (const output of outputs) output.settle(changed);
  for (const directory of changed) trySyncDirectory(directory);
}
