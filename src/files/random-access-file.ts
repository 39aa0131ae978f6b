// A file whose lines can be read at any offset.

import { closeSync, fstatSync, readSync } from "node:fs";

/** Bytes read at once. */
const BLOCK = 2 ** 16;
/**
 * Longest line that is read, in bytes: an id has at most 65,535 bytes, and at most six characters for each when
 * escaped.
 */
const MAX_LINE = 2 ** 19;
const NEWLINE = 10;

/** Keeps the block that it read last, so that lines in order cost no more than a scan. */
export class RandomAccessFile {
  /** The size when it was opened. What comes after is not read. */
  readonly size: number;
  readonly #fd: number;
  readonly #buffer: Buffer;
  #block: Buffer;
  #start = 0;

  constructor(fd: number) {
    this.#fd = fd;
    this.size = fstatSync(fd).size;
    // Of thousands of small files, none takes more than it has.
    this.#buffer = Buffer.allocUnsafe(Math.min(BLOCK, this.size));
    this.#block = this.#buffer.subarray(0, 0);
  }

  /** All lines that begin in a range of the file, with their offsets. */
  *lines(start = 0, end: number = this.size): Generator<{ line: Buffer; offset: number }> {
    // A file that has become shorter ends where nothing can be read any more.
    for (let offset = start; offset < end && this.#blockAt(offset).length > 0; ) {
      const line = this.lineAt(offset);
      const { length } = line;
      yield { line, offset };
      offset = length <= MAX_LINE ? offset + length + 1 : this.#nextLine(offset + length);
    }
  }

  /**
   * The line that starts at `offset`: a view, which the next call overwrites. Of a line that is longer than MAX_LINE,
   * at least the first MAX_LINE + 1 bytes.
   */
  lineAt(offset: number): Buffer {
    const parts: Buffer[] = [];
    for (let length = 0; length <= MAX_LINE; ) {
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

  /** The offset of the next line after `offset`. */
  #nextLine(offset: number): number {
    for (let at = offset; ; ) {
      const block = this.#blockAt(at);
      const end = block.indexOf(NEWLINE);
      if (end >= 0 || block.length === 0) return at + end + 1;
      at += block.length;
    }
  }

  /** The bytes from `offset` to the end of a block; none at the end of the file. */
  #blockAt(offset: number): Buffer {
    if (offset < this.#start || offset >= this.#start + this.#block.length) {
      this.#start = offset;
      const length = Math.max(0, Math.min(BLOCK, this.size - offset));
      this.#block = this.#buffer.subarray(0, readSync(this.#fd, this.#buffer, 0, length, offset));
    }
    return this.#block.subarray(offset - this.#start);
  }
}
