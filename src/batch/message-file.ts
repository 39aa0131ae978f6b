// Looks up the verification messages in a file by report id. The rows may be in any order: a first pass makes an index
// of their offsets, and then each row is read at its offset. What can be read only once (gzip, pipes) is copied to a
// temporary file first.

import { randomBytes } from "node:crypto";
import { closeSync, openSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAll } from "../files/disk.js";
import { Failure, systemFailure } from "../files/failure.js";
import type { Input } from "../files/input.js";
import { OffsetIndex } from "../files/offset-index.js";
import { RandomAccessFile } from "../files/random-access-file.js";
import { fingerprint, fingerprintKey } from "./fingerprints.js";
import { isRefusal, parseRow } from "./rows.js";

/** The messages of one server, by report id. */
export class MessageFile {
  readonly #input: Input;
  readonly #file: RandomAccessFile;
  readonly #key = fingerprintKey();
  readonly #index: OffsetIndex;

  private constructor(input: Input, file: RandomAccessFile) {
    this.#input = input;
    this.#file = file;
    if (file.size >= OffsetIndex.MAX_OFFSET) throw new Failure(`${input.name} is too large`);
    let lines = 0;
    for (const _line of file.lines()) lines++;
    this.#index = new OffsetIndex(lines);
    for (const { line, offset } of file.lines()) {
      const row = parseRow(line);
      if (!isRefusal(row) && !this.#index.add(this.#fingerprint(row.id), offset)) throw input.changed();
    }
    this.requireUnchanged();
  }

  /**
   * Indexes the rows of a file. It skips rows that cannot be read, so their ids are unknown. A file that must be copied
   * may have `maxCopied` bytes. Throws a Failure when the file cannot be read, is longer or changes.
   */
  static async of(input: Input, maxCopied = OffsetIndex.MAX_OFFSET): Promise<MessageFile> {
    let file: RandomAccessFile | undefined;
    try {
      file = new RandomAccessFile(input.isSeekable ? openSync(input.name, "r") : await copyOf(input, maxCopied));
      return new MessageFile(input, file);
    } catch (error) {
      file?.close();
      throw systemFailure(error, `cannot read ${input.name}`);
    }
  }

  /** How many bytes it has, decompressed. */
  get size(): number {
    return this.#file.size;
  }

  /** The payload of the first row with this id, in base64, or undefined when there is none. */
  get(id: string): string | undefined {
    const offset = this.#index.get(this.#fingerprint(id));
    if (offset === undefined) return undefined;
    const row = parseRow(this.#file.lineAt(offset));
    // Another id has the same fingerprint by chance, in one of 2^64 cases.
    return isRefusal(row) || row.id !== id ? undefined : row.payload;
  }

  /** Throws a Failure when the file is not the one that was indexed. Ask it before you use what came of `get`. */
  requireUnchanged(): void {
    this.#input.requireUnchanged();
  }

  close(): void {
    this.#file.close();
  }

  #fingerprint(id: string): readonly [number, number] {
    return fingerprint(this.#key, id);
  }
}

/** Copies an input to a temporary file without a name, and returns its descriptor. */
async function copyOf(input: Input, maxBytes: number): Promise<number> {
  const path = join(tmpdir(), `prio-${process.pid}-${randomBytes(8).toString("hex")}`);
  let fd: number | undefined;
  try {
    fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    let bytes = 0;
    for await (const piece of input.pieces()) {
      bytes += piece.length;
      if (bytes > maxBytes)
        throw new Failure(`${input.name}: has more than ${maxBytes} bytes: not a file of this batch`);
      writeAll(fd, piece);
    }
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    // What went wrong with the input itself is a Failure already.
    throw systemFailure(error, `cannot copy ${input.name} to ${tmpdir()}`);
  }
}
