// Bodies in pieces of any size: what is joined is what came, and takes little more than its bytes until then.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { Pieces } from "../src/pieces.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes that differ from their neighbours, also a block away. */
const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8) * 13 + (i >> 16)) & 255));

test("are joined to what came, whatever their sizes", () => {
  const size = fc.oneof(fc.constant(0), fc.constant(1), fc.integer({ min: 2, max: 5000 }), fc.constant(4096));
  fc.assert(
    fc.property(fc.array(size, { maxLength: 60 }), (sizes) => {
      const pieces = new Pieces();
      let length = 0;
      for (const one of sizes) {
        pieces.add(Buffer.from(bytes.subarray(length, length + one)));
        length += one;
      }
      expect(pieces.length).toBe(length);
      expect(pieces.join().equals(bytes.subarray(0, length))).toBe(true);
    }),
  );
});

test("one piece is not copied", () => {
  for (const length of [0, 1, 4095, 100_000]) {
    const pieces = new Pieces();
    const piece = Buffer.alloc(length);
    pieces.add(piece);
    expect(pieces.join()).toBe(piece);
  }
});

// Of all other bytes, as a large piece for each small one: those leave no block behind that is nearly empty.
test.each([[1], [1, 4096], [4095], [1, 5000, 3]])("take little more than their bytes: %s", (...sizes) => {
  const pieces = new Pieces();
  const before = memory();
  for (let i = 0; pieces.length < 4_000_000; i++) pieces.add(Buffer.alloc(sizes[i % sizes.length] as number));
  expect(memory() - before).toBeLessThan(7_000_000);
  expect(pieces.join().length).toBe(pieces.length);
});
