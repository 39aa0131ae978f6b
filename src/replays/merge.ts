// Merging the segments of a replay record, so that few are left to look a key up in. Each segment has more than four
// times the entries of the next newer one: n entries that were written in pieces of m make at most log₄(n/m) + 1
// segments.

import { compareKeys, ENTRY_WORDS } from "./entries.js";
import type { Segment, SegmentWriter } from "./segments.js";

const RATIO = 4;

/** How many of the newest segments are to be made one, given the entries of each, oldest first. 1: none. */
export function segmentsToMerge(entries: readonly number[]): number {
  let count = 1;
  let sum = entries.at(-1) ?? 0;
  while (count < entries.length) {
    const next = entries[entries.length - 1 - count] as number;
    if (next > RATIO * sum) break;
    sum += next;
    count++;
  }
  return count;
}

/** Writes the newest entry of each key in `segments`, in the order of the keys. `segments`: oldest first. */
export function mergeSegments(segments: readonly Segment[], to: SegmentWriter): void {
  // Newest first: of several cursors at the same key the first is taken.
  let cursors = segments.map((segment) => new Cursor(segment)).reverse();
  while (cursors.length > 0) {
    let least = cursors[0] as Cursor;
    for (const cursor of cursors) if (cursor.compare(least) < 0) least = cursor;
    to.add(least.words, least.at);
    for (const cursor of cursors) if (cursor !== least && cursor.compare(least) === 0) cursor.advance();
    least.advance();
    if (cursors.some(({ isAtEnd }) => isAtEnd)) cursors = cursors.filter(({ isAtEnd }) => !isAtEnd);
  }
}

/** A place in a segment: an entry at `at` of `words`. */
class Cursor {
  words: Uint32Array = new Uint32Array(0);
  at = 0;
  isAtEnd = false;
  readonly #pieces: Iterator<Uint32Array>;

  constructor(segment: Segment) {
    this.#pieces = segment.pieces();
    this.#nextPiece();
  }

  compare(other: Cursor): number {
    return compareKeys(this.words, this.at, other.words, other.at);
  }

  advance(): void {
    this.at += ENTRY_WORDS;
    if (this.at === this.words.length) this.#nextPiece();
  }

  #nextPiece(): void {
    const { done, value } = this.#pieces.next();
    this.at = 0;
    if (done === true) this.isAtEnd = true;
    else this.words = value;
  }
}
