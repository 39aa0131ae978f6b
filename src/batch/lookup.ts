// The verification packets of a file, by report id. The rows may be in any order, so an index of offsets is made in a first
// pass (11 bytes a row) and the rows are read where they stand. What cannot be read twice (gzip, pipes) is first copied to
// a temporary file.

import { randomBytes } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemFailure } from "./failure.js";
import { fingerprint, fingerprintKey } from "./fingerprints.js";
import type { Input } from "./input.js";
import { OffsetIndex } from "./offset-index.js";
import { isRefusal, parseRow } from "./rows.js";

const BLOCK = 2 ** 16;
/** Longest row that is looked at: ids have at most 65,535 bytes, six characters each when escaped. */
const MAX_ROW = 2 ** 19;
const NEWLINE = 10;

export class VerificationPackets {
  readonly #file: RandomAccessFile;
  readonly #key = fingerprintKey();
  readonly #index: OffsetIndex;

  private constructor(file: RandomAccessFile) {
    this.#file = file;
    let lines = 0;
    for (const _line of file.lines()) lines++;
    this.#index = new OffsetIndex(lines);
    for (const { line, offset } of file.lines()) {
      const row = parseRow(line);
      if (!isRefusal(row)) this.#index.add(this.#hash(row.id), offset);
    }
  }

  /** Indexes the rows of a file. Rows that cannot be read are passed over: their ids are unknown then. */
  static async of(input: Input): Promise<VerificationPackets> {
    let file: RandomAccessFile | undefined;
    try {
      file = new RandomAccessFile(input.isSeekable ? openSync(input.name, "r") : await spool(input));
      return new VerificationPackets(file);
    } catch (error) {
      file?.close();
      throw systemFailure(error, `cannot read ${input.name}`);
    }
  }

  /** The payload of the first row with this id, in base64, or undefined. */
  get(id: string): string | undefined {
    for (const offset of this.#index.offsets(this.#hash(id))) {
      const row = parseRow(this.#file.lineAt(offset));
      if (!isRefusal(row) && row.id === id) return row.payload;
    }
    return undefined;
  }

  close(): void {
    this.#file.close();
  }

  #hash(id: string): number {
    return fingerprint(this.#key, id)[0];
  }
}

/** Reads lines where they stand, through the block of the file that was read last: rows in order cost no more than a scan. */
class RandomAccessFile {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(BLOCK);
  #block = this.#buffer.subarray(0, 0);
  #start = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** All lines with where they start. */
  *lines(): Generator<{ line: Buffer; offset: number }> {
    const { size } = fstatSync(this.#fd);
    for (let offset = 0; offset < size; ) {
      const line = this.lineAt(offset);
      const { length } = line;
      yield { line, offset };
      offset = length <= MAX_ROW ? offset + length + 1 : this.#nextLine(offset + length);
    }
  }

  /** The line that starts at `offset`, a view until the next call; of a longer one, the first MAX_ROW + 1 bytes or more. */
  lineAt(offset: number): Buffer {
    const parts: Buffer[] = [];
    for (let length = 0; length <= MAX_ROW; ) {
      const block = this.#blockAt(offset + length);
      const end = block.indexOf(NEWLINE);
      const part = end < 0 ? block : block.subarray(0, end);
      if (parts.length === 0 && end >= 0) return part;
      parts.push(Buffer.from(part));
      length += part.length;
      if (end >= 0 || block.length === 0) break;
    }
    return Buffer.concat(parts);
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Where the line after `offset` starts. */
  #nextLine(offset: number): number {
    for (let at = offset; ; ) {
      const block = this.#blockAt(at);
      const end = block.indexOf(NEWLINE);
      if (end >= 0 || block.length === 0) return at + end + 1;
      at += block.length;
    }
  }

  /** What is known of the file from `offset` on, up to a block; empty at its end. */
  #blockAt(offset: number): Buffer {
    if (offset < this.#start || offset >= this.#start + this.#block.length) {
      this.#start = offset;
      this.#block = this.#buffer.subarray(0, readSync(this.#fd, this.#buffer, 0, BLOCK, offset));
    }
    return this.#block.subarray(offset - this.#start);
  }
}

/** Copies an input to a temporary file that has no name any more, and returns its descriptor. */
async function spool(input: Input): Promise<number> {
  const path = join(tmpdir(), `prio-${process.pid}-${randomBytes(8).toString("hex")}`);
  const fd = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  for await (const piece of input.pieces()) {
    for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
  }
  return fd;
}
