// The parts that a replay record's store is made of, against the simplest thing that does the same.

import { mkdirSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compareKeys, ENTRY_WORDS, EntryTable, KEY_WORDS, RUN } from "../../src/replays/entries.js";
import { mergeSegments, segmentsToMerge } from "../../src/replays/merge.js";
import { Segment } from "../../src/replays/segments.js";
import { freshDirectory } from "./support.js";

/** An entry of this key, and of `value` in its other words. */
function entryOf(key: readonly number[], value: number): Uint32Array {
  return Uint32Array.from({ length: ENTRY_WORDS }, (_, k) => (k < KEY_WORDS ? (key[k] as number) : value));
}

/** In the order of their keys. */
function inOrder(entries: Iterable<Uint32Array>): Uint32Array[] {
  return [...entries].sort((a, b) => compareKeys(a, 0, b, 0));
}

/** Numbers that look random, the same each time. */
function* numbers(): Generator<number> {
  for (let x = 1; ; ) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    yield (x ^ (x >>> 13)) >>> 0;
  }
}

function manyEntries(count: number, value = 1): Uint32Array[] {
  const source = numbers();
  const next = () => source.next().value as number;
  return Array.from({ length: count }, () => entryOf([next(), next(), next()], value));
}

function segmentOf(directory: string, number: number, entries: readonly Uint32Array[]): Segment {
  return Segment.write(directory, number, entries.length, (to) => {
    for (const entry of inOrder(entries)) to.add(entry, 0);
  });
}

/** Expects that a segment holds these entries, in the order of their keys. */
function expectContent(segment: Segment, entries: Iterable<Uint32Array>): void {
  const bytesOf = (words: Uint32Array) => Buffer.from(words.slice().buffer);
  const held: Buffer[] = [];
  // Each piece is good until the next.
  for (const piece of segment.pieces()) held.push(bytesOf(piece));
  expect(Buffer.concat(held).equals(Buffer.concat(inOrder(entries).map(bytesOf)))).toBe(true);
}

function madeDirectory(): string {
  const directory = freshDirectory();
  mkdirSync(directory);
  return directory;
}

/** Few values and the ends of the range, so that keys come twice, share words, and gather at both ends of a table. */
const word = fc.oneof(fc.nat(2), fc.constantFrom(0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff), fc.nat(0xffffffff));
const key = fc.tuple(word, word, word);

describe("entries in memory", () => {
  test("are found, replaced and sorted as in a Map", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.integer({ min: 1, max: 9 })), { maxLength: 200 }), (puts) => {
        const table = new EntryTable();
        const map = new Map<string, Uint32Array>();
        for (const [key, value] of puts) {
          const entry = entryOf(key, value);
          expect(table.find(entry)).toEqual(map.get(String(key)));
          table.put(entry);
          map.set(String(key), entry);
          expect(table.size).toBe(map.size);
        }
        expect(table.sorted()).toEqual(Uint32Array.from(inOrder(map.values()).flatMap((entry) => [...entry])));
        table.clear();
        expect([table.size, table.sorted().length]).toEqual([0, 0]);
        for (const entry of map.values()) expect(table.find(entry)).toBeUndefined();
      }),
    );
  });

  test("what is found is a copy", () => {
    const table = new EntryTable();
    const entry = entryOf([1, 2, 3], 4);
    table.put(entry);
    (table.find(entry) as Uint32Array)[RUN] = 9;
    expect(table.find(entry)).toEqual(entry);
  });
});

describe("a segment", () => {
  test.each([1, 127, 128, 129, 8_192, 8_193])("of %d entries finds each of them and no other", (count) => {
    const directory = madeDirectory();
    const entries = inOrder(manyEntries(count));
    const written = segmentOf(directory, 1, entries);
    const read = Segment.open(directory, written.description);
    for (const segment of [written, read]) {
      expectContent(segment, entries);
      for (const entry of entries) {
        expect(segment.find(entry)).toEqual(entry);
        const neighbour = entry.slice();
        (neighbour[KEY_WORDS - 1] as number) ^= 1;
        expect(segment.find(neighbour)).toBeUndefined();
      }
      expect(segment.find(entryOf([0, 0, 0], 0))).toBeUndefined();
      expect(segment.find(entryOf([0xffffffff, 0xffffffff, 0xffffffff], 0))).toBeUndefined();
      segment.close();
    }
  });
});

describe("merging", () => {
  test("gives what a Map gives that is filled from the oldest to the newest", () => {
    // Keys that many segments have.
    const common = fc.tuple(fc.nat(2), fc.constant(0), fc.nat(2));
    const entries = fc.uniqueArray(fc.oneof(common, key), { minLength: 1, maxLength: 40, selector: String });
    fc.assert(
      fc.property(fc.array(entries, { minLength: 2, maxLength: 5 }), (parts) => {
        const directory = madeDirectory();
        const map = new Map<string, Uint32Array>();
        const segments = parts.map((keys, i) => {
          for (const key of keys) map.set(String(key), entryOf(key, i + 1));
          return segmentOf(
            directory,
            i + 1,
            keys.map((key) => entryOf(key, i + 1)),
          );
        });
        const sum = parts.reduce((total, { length }) => total + length, 0);
        const merged = Segment.write(directory, 99, sum, (to) => mergeSegments(segments, to));
        expectContent(merged, map.values());
        expect(merged.description.entries).toBe(map.size);
        const reopened = Segment.open(directory, merged.description);
        for (const segment of [...segments, merged, reopened]) segment.close();
      }),
    );
  });

  test("goes on over many pieces of a segment", () => {
    const directory = madeDirectory();
    const old = manyEntries(9_000, 1);
    const replaced = old.filter((_, i) => i % 3 === 0).map((entry) => entryOf([...entry], 2));
    const segments = [segmentOf(directory, 1, old), segmentOf(directory, 2, replaced)];
    const merged = Segment.write(directory, 3, 12_000, (to) => mergeSegments(segments, to));
    expectContent(
      merged,
      old.map((entry, i) => (i % 3 === 0 ? entryOf([...entry], 2) : entry)),
    );
    for (const segment of [...segments, merged]) segment.close();
  });

  test.each([
    [[], 1],
    [[5], 1],
    [[21, 5], 1],
    [[20, 5], 2],
    [[100, 20, 5], 3],
    [[101, 20, 5], 2],
    [[1_000, 21, 5], 1],
  ])("of %j the newest %i become one", (sizes, count) => {
    expect(segmentsToMerge(sizes)).toBe(count);
  });

  test("leaves few segments, and each entry is written a bounded number of times", () => {
    let sizes: number[] = [];
    let written = 0;
    const pieces = 1_024;
    for (let i = 1; i <= pieces; i++) {
      sizes.push(1);
      const count = segmentsToMerge(sizes);
      const sum = sizes.slice(-count).reduce((a, b) => a + b, 0);
      if (count > 1) written += sum;
      sizes = [...sizes.slice(0, -count), sum];
      expect(sizes.length).toBeLessThanOrEqual(Math.log(i) / Math.log(4) + 1);
    }
    expect(written / pieces).toBeLessThan(4 * Math.log2(pieces));
  });
});
