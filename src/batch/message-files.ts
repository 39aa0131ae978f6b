// Looks up the verification messages of a server by report id, in one file or in many. Rows and files may be in any
// order: a first pass makes an index of where the rows are, and then each row is read at its place. What can be read
// only once (gzip, pipes) is copied to a temporary file first.

import { randomBytes } from "node:crypto";
import { closeSync, openSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeAll } from "../files/disk.js";
import { Failure, systemFailure } from "../files/failure.js";
import type { Input } from "../files/input.js";
import type { InputParts } from "../files/input-parts.js";
import { OffsetIndex } from "../files/offset-index.js";
import { RandomAccessFile } from "../files/random-access-file.js";
import { fingerprint, fingerprintKey } from "./fingerprints.js";
import { isRefusal, parseRow } from "./rows.js";

/** Files that are kept open at once. Rows that follow one another are often in the same few files. */
const MAX_OPEN = 32;

/** Where the rows of an input are: in a file, from one offset to another. */
interface Rows {
  readonly input: Input;
  readonly volume: Volume;
  readonly start: number;
  readonly end: number;
}

/** A file that is read at any offset: an input, or the copy of all inputs that can be read only once. */
interface Volume {
  /** Its name, or the descriptor of the copy. */
  readonly file: string | number;
  /** What its offsets count from among those of all volumes. */
  readonly base: number;
}

/** The messages of one server, by report id. */
export class MessageFiles {
  readonly #parts: InputParts;
  readonly #key = fingerprintKey();
  /** In the order of their bases. */
  readonly #volumes: Volume[] = [];
  /** The files that are open. The one that was used last is the last. */
  readonly #open = new Map<Volume, RandomAccessFile>();
  #index = new OffsetIndex(0);
  #size = 0;

  private constructor(parts: InputParts) {
    this.#parts = parts;
  }

  /**
   * Indexes the rows of all files. It skips rows that cannot be read, so their ids are unknown. The files that must be
   * copied may have `maxCopied` bytes. Throws a Failure when a file cannot be read, is longer or changes.
   */
  static async of(parts: InputParts, maxCopied = OffsetIndex.MAX_OFFSET): Promise<MessageFiles> {
    const files = new MessageFiles(parts);
    try {
      files.#addAll(await files.#rows(maxCopied));
      files.requireUnchanged();
      return files;
    } catch (error) {
      files.close();
      throw error;
    }
  }

  /** How many bytes they have, decompressed. */
  get size(): number {
    return this.#size;
  }

  /** The payload of the first row with this id, in base64, or undefined when there is none. */
  get(id: string): string | undefined {
    const place = this.#index.get(this.#fingerprint(id));
    if (place === undefined) return undefined;
    const volume = this.#volumeAt(place);
    const row = parseRow(this.#fileOf(volume).lineAt(place - volume.base));
    // Another id has the same fingerprint by chance, in one of 2^64 cases.
    return isRefusal(row) || row.id !== id ? undefined : row.payload;
  }

  /** Throws a Failure when the files are not those that were indexed. Ask it before you use what came of `get`. */
  requireUnchanged(): void {
    this.#parts.requireUnchanged();
  }

  close(): void {
    for (const file of this.#open.values()) file.close();
    this.#open.clear();
  }

  /** Where the rows of each input are, in the order of the inputs. */
  async #rows(maxCopied: number): Promise<Rows[]> {
    const { inputs } = this.#parts;
    const once = inputs.filter(({ isSeekable }) => !isSeekable);
    const copies = once.length === 0 ? undefined : await copyOf(once, maxCopied);
    const copy = copies && this.#addVolume(copies.fd, copies.size);
    if (copy !== undefined) this.#fileOf(copy);
    return inputs.map((input) => {
      const range = copies?.ranges.get(input);
      if (range !== undefined) return { input, volume: copy as Volume, ...range };
      const size = input.size as number;
      return { input, volume: this.#addVolume(input.name, size), start: 0, end: size };
    });
  }

  #addVolume(file: string | number, size: number): Volume {
    const volume = { file, base: this.#size };
    this.#size += size;
    if (this.#size >= OffsetIndex.MAX_OFFSET) throw new Failure(`${this.#parts.name} is too large`);
    this.#volumes.push(volume);
    return volume;
  }

  #addAll(rows: readonly Rows[]): void {
    let lines = 0;
    for (const { volume, start, end } of rows) {
      for (const _line of this.#fileOf(volume).lines(start, end)) lines++;
    }
    this.#index = new OffsetIndex(lines);
    for (const { input, volume, start, end } of rows) {
      for (const { line, offset } of this.#fileOf(volume).lines(start, end)) {
        const row = parseRow(line);
        if (isRefusal(row)) continue;
        if (!this.#index.add(this.#fingerprint(row.id), volume.base + offset)) throw input.changed();
      }
    }
  }

  /** The last volume whose base is not after the place. */
  #volumeAt(place: number): Volume {
    let [low, high] = [0, this.#volumes.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#volumes[middle] as Volume).base <= place) low = middle;
      else high = middle - 1;
    }
    return this.#volumes[low] as Volume;
  }

  /** The volume as an open file. Those that were not used for longest are closed, but not the copy: it has no name. */
  #fileOf(volume: Volume): RandomAccessFile {
    const open = this.#open.get(volume);
    if (open !== undefined) {
      if (this.#volumes.length > MAX_OPEN) {
        this.#open.delete(volume);
        this.#open.set(volume, open);
      }
      return open;
    }
    for (const [other, file] of this.#open) {
      if (this.#open.size < MAX_OPEN) break;
      if (typeof other.file === "number") continue;
      this.#open.delete(other);
      file.close();
    }
    const file = new RandomAccessFile(typeof volume.file === "number" ? volume.file : opened(volume.file));
    this.#open.set(volume, file);
    return file;
  }

  #fingerprint(id: string): readonly [number, number] {
    return fingerprint(this.#key, id);
  }
}

function opened(path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** Copies of inputs in one file. */
interface Copies {
  readonly fd: number;
  readonly size: number;
  readonly ranges: ReadonlyMap<Input, { readonly start: number; readonly end: number }>;
}

/** Copies inputs to a temporary file without a name, each with a newline at its end. */
async function copyOf(inputs: readonly Input[], maxBytes: number): Promise<Copies> {
  const path = join(tmpdir(), `prio-${process.pid}-${randomBytes(8).toString("hex")}`);
  let fd: number | undefined;
  try {
    fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    const ranges = new Map<Input, { start: number; end: number }>();
    let size = 0;
    for (const input of inputs) {
      const start = size;
      for await (const piece of input.pieces()) {
        size += piece.length;
        if (size > maxBytes)
          throw new Failure(`${input.name}: has more than ${maxBytes} bytes: not a file of this batch`);
        writeAll(fd, piece);
      }
      ranges.set(input, { start, end: size });
      writeAll(fd, NEWLINE);
      size += NEWLINE.length;
    }
    return { fd, size, ranges };
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    // What went wrong with an input itself is a Failure already.
    const names = inputs.length === 1 ? inputs[0]?.name : `${inputs.length} files`;
    throw systemFailure(error, `cannot copy ${names} to ${tmpdir()}`);
  }
}

const NEWLINE = Buffer.from("\n");
