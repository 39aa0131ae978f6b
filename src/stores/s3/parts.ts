// Cuts what is written into the parts of an upload.

import type { Content } from "../store.js";

/** What was to be written has not the size that it was said to have. */
export class WrongSize extends Error {}

/** As many parts as S3 allows. */
const MAX_PARTS = 10_000;
const MIB = 2 ** 20;

/** The size of the parts of an object, all but the last: `least`, or more for an object of too many parts. */
export function sizeOfParts(size: number, least: number): number {
  const needed = Math.ceil(size / MAX_PARTS);
  return needed <= least ? least : Math.ceil(needed / MIB) * MIB;
}

/** Buffers that are used again, as each is large. */
export class Buffers {
  readonly #free: Buffer[] = [];

  take(size: number): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  giveBack(buffer: Buffer): void {
    this.#free.push(buffer);
  }
}

/**
 * The parts of a content, in order, at least one. Each is the beginning of a buffer of the size of a part. Throws
 * WrongSize in place of the last part when the content is shorter or longer than it was said to be.
 */
export async function* partsOf(
  content: Content,
  partSize: number,
  buffers: Buffers,
): AsyncGenerator<{ readonly bytes: Buffer; readonly buffer: Buffer }> {
  const size = Math.min(partSize, content.size);
  let buffer = buffers.take(size);
  let filled = 0;
  let length = 0;
  for await (let piece of content.read()) {
    length += piece.length;
    if (length > content.size) throw new WrongSize();
    while (piece.length > 0) {
      if (filled === size) {
        yield { bytes: buffer, buffer };
        buffer = buffers.take(size);
        filled = 0;
      }
      const copied = piece.copy(buffer, filled, 0, size - filled);
      filled += copied;
      piece = piece.subarray(copied);
    }
  }
  if (length !== content.size) throw new WrongSize();
  yield { bytes: buffer.subarray(0, filled), buffer };
}
