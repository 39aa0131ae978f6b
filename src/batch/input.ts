// Files to read, as streams of bytes. A name that ends in .gz is decompressed, "-" is standard input.

import { accessSync, constants, createReadStream, type ReadStream, statSync } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Failure, systemFailure } from "./failure.js";

const READ_BYTES = 2 ** 16;

/** A file to read, or standard input. */
export class Input {
  /** Its name in messages. */
  readonly name: string;
  /** Bytes on disk; undefined for anything but a regular file. */
  readonly size: number | undefined;
  readonly #path: string;
  readonly #stdin: Readable;
  #file: ReadStream | undefined;

  /** Throws a Failure when there is no such file, or when this process may not read it. */
  constructor(path: string, stdin: Readable) {
    this.name = path === "-" ? "standard input" : path;
    this.#path = path;
    this.#stdin = stdin;
    if (path === "-") return;
    try {
      const stat = statSync(path);
      if (stat.isDirectory())
        throw new Failure(`cannot read ${path}: is a directory`, "name a file of rows, or - for standard input");
      // Fail before any work when the file cannot be read, but do not open it yet: a pipe can be opened only once.
      accessSync(path, constants.R_OK);
      if (stat.isFile()) this.size = stat.size;
    } catch (error) {
      throw systemFailure(error, `cannot read ${path}`);
    }
  }

  /** Whether rows can be read at any offset. */
  get isSeekable(): boolean {
    return this.size !== undefined && !this.#path.endsWith(".gz");
  }

  /** How many bytes of a file were read so far, before decompression. */
  get bytesRead(): number {
    return this.#file?.bytesRead ?? 0;
  }

  /** The bytes of the file, decompressed. Throws a Failure when reading fails. */
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
    // An error of either stream ends both, and the reader of the pieces gets it.
    return pipeline(this.#file, createGunzip({ chunkSize: READ_BYTES }), () => undefined);
  }

  /** Closes an input that was not read to its end. */
  close(): void {
    if (this.#path === "-") this.#stdin.destroy();
    else this.#file?.destroy();
  }
}
