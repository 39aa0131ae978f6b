// Looks up the verification messages in a file by report id. The rows may be in any order: a first pass makes an index
// of their offsets, and then each row is read at its offset. What can be read only once (gzip, pipes) is copied to a
// temporary file first.

import { randomBytes } from "node:crypto";
import { openSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemFailure } from "./failure.js";
import { fingerprint, fingerprintKey } from "./fingerprints.js";
import type { Input } from "./input.js";
import { OffsetIndex } from "./offset-index.js";
import { RandomAccessFile } from "./random-access-file.js";
import { isRefusal, parseRow } from "./rows.js";

/** The messages of one server, by report id. */
export class MessageFile {
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

  /** Indexes the rows of a file. It skips rows that cannot be read, so their ids are unknown. */
  static async of(input: Input): Promise<MessageFile> {
    let file: RandomAccessFile | undefined;
    try {
      file = new RandomAccessFile(input.isSeekable ? openSync(input.name, "r") : await spool(input));
      return new MessageFile(file);
    } catch (error) {
      file?.close();
      throw systemFailure(error, `cannot read ${input.name}`);
    }
  }

  /** The payload of the first row with this id, in base64, or undefined when there is none. */
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

/** Copies an input to a temporary file without a name, and returns its descriptor. */
async function spool(input: Input): Promise<number> {
  const path = join(tmpdir(), `prio-${process.pid}-${randomBytes(8).toString("hex")}`);
  const fd = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  for await (const piece of input.pieces()) {
    for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
  }
  return fd;
}
