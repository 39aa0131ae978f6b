// Segments: the immutable files of a replay record. A segment holds entries in the order of their keys, in blocks of
// 4,096 bytes, and after them an index with the first key and the CRC-32 of every block. The index stays in memory,
// an eighth of a byte an entry, so that looking a key up reads one block. Words are in the machine's byte order,
// which the manifest names.

import { hash } from "node:crypto";
import { closeSync, fstatSync, fsyncSync, openSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { readAll, writeAll } from "../files/disk.js";
import { systemCode } from "../files/failure.js";
import { compareKeys, ENTRY_BYTES, ENTRY_WORDS, KEY_WORDS } from "./entries.js";
import { ReplayRecordError, withSystem } from "./record-error.js";
import { FILE_MODE } from "./record-modes.js";

const BLOCK_ENTRIES = 128;
const BLOCK_WORDS = BLOCK_ENTRIES * ENTRY_WORDS;
const BLOCK_BYTES = BLOCK_ENTRIES * ENTRY_BYTES;
/** Words of the index for a block: its first key, and its CRC-32. */
const INDEX_WORDS = KEY_WORDS + 1;
/** Blocks that are read or written at once when a segment is gone through. */
const BATCH_BLOCKS = 64;

/** What the manifest says of a segment. */
export interface SegmentDescription {
  /** Names the file. */
  readonly number: number;
  readonly entries: number;
  /** The SHA-256 of the index, in hex: with the CRC-32s in it, it covers the whole file. */
  readonly digest: string;
}

/** The name of a segment's file. */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, "0")}.segment`;
}

/** The number in the name of a segment's file; undefined for other names. */
export function segmentNumber(name: string): number | undefined {
  const digits = /^(\d{8,})\.segment$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function openExisting(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw systemCode(error) === "ENOENT" ? damaged(path) : error;
  }
}

/** Removes a file that the manifest does not name. The next run that opens the record removes what is left here. */
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is no part of the record, whether it is there or not.
  }
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function indexLength(entries: number): number {
  return INDEX_WORDS * Math.ceil(entries / BLOCK_ENTRIES);
}

/** A segment that is open for reading. */
export class Segment {
  readonly description: SegmentDescription;
  readonly #path: string;
  readonly #fd: number;
  readonly #index: Uint32Array;
  /** The block that was read last. */
  readonly #block = new Uint32Array(BLOCK_WORDS);

  private constructor(path: string, description: SegmentDescription, fd: number, index: Uint32Array) {
    this.#path = path;
    this.description = description;
    this.#fd = fd;
    this.#index = index;
  }

  /** Opens a segment that the manifest names. Throws `damaged`, `unavailable`. */
  static open(directory: string, description: SegmentDescription): Segment {
    const path = join(directory, segmentName(description.number));
    const fd = withSystem(`cannot read ${path}`, () => openExisting(path));
    try {
      const { entries, digest } = description;
      const index = new Uint32Array(indexLength(entries));
      const isWhole = withSystem(`cannot read ${path}`, () => {
        const bytes = entries * ENTRY_BYTES;
        return fstatSync(fd).size === bytes + index.byteLength && readAll(fd, bytesOf(index), bytes);
      });
      if (!isWhole || digestOf(index) !== digest) throw damaged(path);
      return new Segment(path, description, fd, index);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /**
   * Writes a segment of at least one entry and at most `maxEntries`, which `fill` gives to the writer in the order of
   * their keys. Throws `unavailable`, and leaves no file then.
   */
  static write(directory: string, number: number, maxEntries: number, fill: (to: SegmentWriter) => void): Segment {
    const path = join(directory, segmentName(number));
    return withSystem(`cannot write ${path}`, () => {
      const fd = openSync(path, "wx+", FILE_MODE);
      try {
        const writer = new SegmentWriter(fd, maxEntries);
        fill(writer);
        const index = writer.end();
        return new Segment(path, { number, entries: writer.entries, digest: digestOf(index) }, fd, index);
      } catch (error) {
        closeSync(fd);
        removeQuietly(path);
        throw error;
      }
    });
  }

  /** A copy of the entry of this key, or undefined. Throws `damaged`, `unavailable`. */
  find(key: Uint32Array): Uint32Array | undefined {
    const index = this.#index;
    const block = lastUpTo(key, index, index.length / INDEX_WORDS, INDEX_WORDS);
    if (block < 0) return undefined;
    const words = this.#read(block, 1, this.#block);
    const at = ENTRY_WORDS * lastUpTo(key, words, words.length / ENTRY_WORDS, ENTRY_WORDS);
    return compareKeys(words, at, key, 0) === 0 ? words.slice(at, at + ENTRY_WORDS) : undefined;
  }

  /** All entries in order, in pieces of thousands, each valid until the next. Throws `damaged`, `unavailable`. */
  *pieces(): Generator<Uint32Array> {
    const blocks = this.#index.length / INDEX_WORDS;
    const into = new Uint32Array(Math.min(BATCH_BLOCKS, blocks) * BLOCK_WORDS);
    for (let block = 0; block < blocks; block += BATCH_BLOCKS) {
      yield this.#read(block, Math.min(BATCH_BLOCKS, blocks - block), into);
    }
  }

  /** The words of `count` blocks, after their CRC-32s were compared. */
  #read(first: number, count: number, into: Uint32Array): Uint32Array {
    const end = Math.min((first + count) * BLOCK_ENTRIES, this.description.entries);
    const words = into.subarray(0, (end - first * BLOCK_ENTRIES) * ENTRY_WORDS);
    const position = first * BLOCK_BYTES;
    if (!withSystem(`cannot read ${this.#path}`, () => readAll(this.#fd, bytesOf(words), position))) {
      throw damaged(this.#path);
    }
    for (let k = 0; k < count; k++) {
      const sum = this.#index[INDEX_WORDS * (first + k) + KEY_WORDS];
      if (crc32(bytesOf(words.subarray(k * BLOCK_WORDS, (k + 1) * BLOCK_WORDS))) !== sum) throw damaged(this.#path);
    }
    return words;
  }

  /** Makes the file's bytes survive a power cut; its name does when the directory is synced. Throws `unavailable`. */
  sync(): void {
    withSystem(`cannot write ${this.#path}`, () => fsyncSync(this.#fd));
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Closes a segment that the manifest does not name, and removes its file. */
  remove(): void {
    this.close();
    removeQuietly(this.#path);
  }
}

/** Writes the blocks of a segment and makes their index. */
export class SegmentWriter {
  /** Entries in the blocks that are written. */
  entries = 0;
  readonly #fd: number;
  readonly #index: Uint32Array;
  /** Whole blocks. */
  readonly #pending: Uint32Array;
  #used = 0;

  constructor(fd: number, maxEntries: number) {
    this.#fd = fd;
    this.#index = new Uint32Array(indexLength(maxEntries));
    this.#pending = new Uint32Array(Math.min(BATCH_BLOCKS, Math.ceil(maxEntries / BLOCK_ENTRIES)) * BLOCK_WORDS);
  }

  /** Adds the entry at `at` of `words`. Its key comes after the one before. */
  add(words: Uint32Array, at: number): void {
    for (let k = 0; k < ENTRY_WORDS; k++) this.#pending[this.#used + k] = words[at + k] as number;
    this.#used += ENTRY_WORDS;
    if (this.#used === this.#pending.length) this.#flush();
  }

  /** Writes what is left and the index, which it returns. */
  end(): Uint32Array {
    this.#flush();
    const index = this.#index.slice(0, indexLength(this.entries));
    writeAll(this.#fd, bytesOf(index));
    return index;
  }

  #flush(): void {
    for (let at = 0; at < this.#used; at += BLOCK_WORDS) {
      const block = this.#pending.subarray(at, Math.min(at + BLOCK_WORDS, this.#used));
      const place = INDEX_WORDS * (this.entries / BLOCK_ENTRIES);
      this.#index.set(block.subarray(0, KEY_WORDS), place);
      this.#index[place + KEY_WORDS] = crc32(bytesOf(block));
      this.entries += block.length / ENTRY_WORDS;
    }
    writeAll(this.#fd, bytesOf(this.#pending.subarray(0, this.#used)));
    this.#used = 0;
  }
}

/**
 * Of `count` keys in order, which stand at the multiples of `stride` in `words`, the number of the last one that does
 * not come after `key`; −1 when all do.
 */
function lastUpTo(key: Uint32Array, words: Uint32Array, count: number, stride: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(words, middle * stride, key, 0) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function digestOf(index: Uint32Array): string {
  return hash("sha256", bytesOf(index));
}

function damaged(path: string): ReplayRecordError {
  return new ReplayRecordError("damaged", `${path} is missing, cut or changed`);
}
