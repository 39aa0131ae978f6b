// A file to read, as a stream of bytes: gzip by the name's ending, "-" for standard input.

import { accessSync, constants, createReadStream, type ReadStream, statSync } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Failure, systemFailure } from "./failure.js";

const READ_BYTES = 2 ** 16;

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
