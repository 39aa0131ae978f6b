// Files to read, as streams of bytes. A name that ends in .gz is decompressed, "-" is standard input. A file that
// changes while it is read is an error: what was read of it is neither its old content nor its new one.

import { accessSync, type BigIntStats, constants, createReadStream, type ReadStream, statSync } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Failure, systemFailure } from "./failure.js";

const READ_BYTES = 2 ** 16;

/**
 * How many bytes may come of one compressed byte. Packets and messages are random bytes in base64, and the shortest
 * rows of them shrink to a fifth. Clients' values may be nothing but zeros, and pings are much alike: they shrink as
 * far as DEFLATE can.
 */
export const MAX_EXPANSION = { messages: 16, values: 1032 } as const;
/** Decompressed bytes that are always let through. */
const FREE_BYTES = 2 ** 26;

/** What a file to read is called in messages. */
export function inputName(path: string): string {
  return path === "-" ? "standard input" : path;
}

/** A file to read, or standard input. */
export class Input {
  /** Its name in messages. */
  readonly name: string;
  /** Its path, or "-". */
  readonly path: string;
  /** Bytes on disk; undefined for anything but a regular file. */
  readonly size: number | undefined;
  readonly #stdin: Readable;
  readonly #maxExpansion: number;
  /** The file as it was at the start; undefined for anything but a regular file. */
  readonly #before: string | undefined;
  #file: ReadStream | undefined;
  /** Bytes that were read when the file was closed. */
  #bytesRead = 0;

  /** Throws a Failure when there is no such file, or when this process may not read it. */
  constructor(path: string, stdin: Readable, maxExpansion: number = MAX_EXPANSION.messages) {
    this.name = inputName(path);
    this.path = path;
    this.#stdin = stdin;
    this.#maxExpansion = maxExpansion;
    if (path === "-") return;
    try {
      const stat = statSync(path, { bigint: true });
      if (stat.isDirectory())
        throw new Failure(`cannot read ${path}: is a directory`, "name a file of rows, or - for standard input");
      // Fail before any work when the file cannot be read, but do not open it yet: a pipe can be opened only once.
      accessSync(path, constants.R_OK);
      if (!stat.isFile()) return;
      this.size = Number(stat.size);
      this.#before = stateOf(stat);
    } catch (error) {
      throw systemFailure(error, `cannot read ${path}`);
    }
  }

  /** Whether rows can be read at any offset. */
  get isSeekable(): boolean {
    return this.size !== undefined && !this.#isCompressed;
  }

  get #isCompressed(): boolean {
    return this.path.endsWith(".gz");
  }

  /** How many bytes of a file were read so far, before decompression. */
  get bytesRead(): number {
    return this.#file?.bytesRead ?? this.#bytesRead;
  }

  /** What tells a regular file from every other one; undefined for anything else. */
  get identity(): string | undefined {
    return this.#before && /^\d+:\d+/.exec(this.#before)?.[0];
  }

  /**
   * The bytes of the file, decompressed. Throws a Failure when reading fails, or when the file has changed meanwhile.
   */
  async *pieces(): AsyncGenerator<Buffer> {
    try {
      if (this.path === "-") yield* this.#stdin as AsyncIterable<Buffer>;
      else yield* this.#isCompressed ? this.#decompressed() : this.#open();
    } catch (error) {
      throw systemFailure(error, `cannot read ${this.name}`);
    } finally {
      this.#endFile();
    }
    if (this.isSeekable && this.bytesRead !== this.size) throw this.changed();
    this.requireUnchanged();
  }

  #open(): ReadStream {
    this.#file = createReadStream(this.path, { highWaterMark: READ_BYTES });
    return this.#file;
  }

  async *#decompressed(): AsyncGenerator<Buffer> {
    let bytes = 0;
    // An error of either stream ends both, and the reader of the pieces gets it.
    const gunzip = pipeline(this.#open(), createGunzip({ chunkSize: READ_BYTES }), () => undefined);
    for await (const piece of gunzip as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > FREE_BYTES + this.#maxExpansion * this.bytesRead) {
        throw new Failure(
          `${this.name}: decompresses to more than ${this.#maxExpansion} times its size: not a file of rows`,
        );
      }
      yield piece;
    }
  }

  /** Throws a Failure when a regular file is not the one that it was at the start. */
  requireUnchanged(): void {
    if (this.#before === undefined) return;
    const now = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (now === undefined || stateOf(now) !== this.#before) throw this.changed();
  }

  /** The Failure that says so. */
  changed(): Failure {
    return new Failure(`${this.name} has changed since this run began`, "run again when nothing writes to it any more");
  }

  /** Closes an input that was not read to its end. */
  close(): void {
    if (this.path === "-") this.#stdin.destroy();
    else this.#endFile();
  }

  /** Closes the file and forgets the stream: a run over thousands of files keeps none of them. */
  #endFile(): void {
    this.#bytesRead = this.bytesRead;
    this.#file?.destroy();
    this.#file = undefined;
  }
}

/** Which file it is, and its size and time, in a text: a run over thousands of files keeps one for each. */
function stateOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${size}:${mtimeNs}`;
}
