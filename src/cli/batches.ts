// Files of rows, read and written as streams: NDJSON in chunks of whole lines, gzip by the name's ending, "-" for standard
// input and output, and output that appears under its name only when it is complete.

import { randomBytes } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  createReadStream,
  fsyncSync,
  mkdirSync,
  openSync,
  type ReadStream,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline, type Readable, type Writable } from "node:stream";
import { createGunzip, createGzip } from "node:zlib";
import { ClosedPipe, Failure, systemCode, systemFailure } from "./failure.js";

/** Longest line that is kept, in bytes: a packet for 262,143 fields takes 9 MB of base64. Longer ones are one bad row. */
const MAX_LINE = 32 * 2 ** 20;
const READ_BYTES = 2 ** 16;
const NEWLINE = 10;

/** Some whole lines of a file. */
export interface Chunk {
  /** Where the chunk stands among the file's chunks. */
  readonly index: number;
  /** The lines one after the other, without their ends. */
  readonly bytes: Uint8Array;
  /** Where each line ends in `bytes`. A line of no bytes stands for one that was too long. */
  readonly ends: readonly number[];
  /** The number of each line in the file, from 1; blank lines count here and are no rows. */
  readonly numbers: readonly number[];
}

/** How much one chunk may hold. */
export interface ChunkLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** The lines of a chunk, as views. */
export function linesOf({ bytes, ends }: Pick<Chunk, "bytes" | "ends">): Buffer[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return ends.map((end, i) => buffer.subarray(ends[i - 1] ?? 0, end));
}

/** A file to read, or standard input. */
export class Input {
  /** As given, for messages. */
  readonly name: string;
  /** Bytes on disk, when that is known. */
  readonly size: number | undefined;
  readonly #path: string;
  readonly #stdin: Readable;
  #file: ReadStream | undefined;

  /** Throws a Failure when there is no such file to read. */
  constructor(path: string, stdin: Readable) {
    this.name = path === "-" ? "standard input" : path;
    this.#path = path;
    this.#stdin = stdin;
    if (path === "-") return;
    try {
      const stat = statSync(path);
      if (stat.isDirectory())
        throw new Failure(`cannot read ${path}: is a directory`, "name a file of rows, or - for standard input");
      // A file that cannot be read is told before any work. It is not opened here: a pipe can be opened once.
      accessSync(path, constants.R_OK);
      if (stat.isFile()) this.size = stat.size;
    } catch (error) {
      throw systemFailure(error, `cannot read ${path}`);
    }
  }

  /** Whether the rows can be read where they stand. */
  get isSeekable(): boolean {
    return this.size !== undefined && !this.#path.endsWith(".gz");
  }

  /** Bytes read so far from a file, as they are on disk. */
  get bytesRead(): number {
    return this.#file?.bytesRead ?? 0;
  }

  /** The file's bytes, decompressed when its name ends in .gz. */
  async *pieces(): AsyncGenerator<Buffer> {
    try {
      if (this.#path === "-") yield* this.#stdin as AsyncIterable<Buffer>;
      else yield* this.#filePieces();
    } catch (error) {
      throw systemFailure(error, `cannot read ${this.name}`);
    }
  }

  #filePieces(): AsyncIterable<Buffer> {
    this.#file = createReadStream(this.#path, { highWaterMark: READ_BYTES });
    if (!this.#path.endsWith(".gz")) return this.#file;
    // Errors of either stream end both, and reach whoever reads the pieces.
    return pipeline(this.#file, createGunzip({ chunkSize: READ_BYTES }), () => undefined);
  }

  /** Gives back what reading holds; for an input that was not read to its end. */
  close(): void {
    if (this.#path === "-") this.#stdin.destroy();
    else this.#file?.destroy();
  }
}

/** Cuts a stream of bytes into chunks of whole lines. Blank lines and a byte order mark are passed over. */
export async function* chunksOf(pieces: AsyncIterable<Buffer>, limits: ChunkLimits): AsyncGenerator<Chunk> {
  let index = 0;
  let number = 0;
  /** The lines of the chunk in the making. */
  let lines: Buffer[] = [];
  let numbers: number[] = [];
  let bytes = 0;
  /** The beginning of a line whose end is still to come. */
  let begun: Buffer[] = [];
  let begunBytes = 0;

  const endLine = (rest: Buffer): void => {
    number++;
    const tooLong = begunBytes + rest.length > MAX_LINE;
    let line = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
    begun = [];
    begunBytes = 0;
    if (number === 1 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3);
    if (!tooLong && isBlank(line)) return;
    lines.push(tooLong ? line.subarray(0, 0) : line);
    numbers.push(number);
    bytes += tooLong ? 0 : line.length;
  };
  const full = (): boolean => lines.length >= limits.rows || bytes >= limits.bytes;
  const take = (): Chunk => {
    let end = 0;
    const chunk = {
      index: index++,
      bytes: joined(lines, bytes),
      ends: lines.map((line) => (end += line.length)),
      numbers,
    };
    lines = [];
    numbers = [];
    bytes = 0;
    return chunk;
  };

  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, start)) {
      endLine(piece.subarray(start, end));
      start = end + 1;
      if (full()) yield take();
    }
    if (start === piece.length) continue;
    begunBytes += piece.length - start;
    // Of a line that is too long already nothing is kept.
    if (begunBytes > MAX_LINE) begun = [];
    else begun.push(piece.subarray(start));
  }
  if (begunBytes > 0) endLine(Buffer.alloc(0));
  if (lines.length > 0) yield take();
}

/** One array of its own, which can be handed to another thread. */
function joined(lines: readonly Buffer[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const line of lines) {
    bytes.set(line, offset);
    offset += line.length;
  }
  return bytes;
}

function isBlank(line: Buffer): boolean {
  for (const byte of line) if (byte !== 32 && byte !== 9 && byte !== 13) return false;
  return true;
}

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
