// The index of a file's rows, past the offsets that 32 bits can hold.

import { expect, it } from "vitest";
import { OffsetIndex } from "../../src/files/offset-index.js";

const last = 0xffffffff;

it("gives the first offset of each fingerprint, past 2^32 too, and around the end of the table", () => {
  const index = new OffsetIndex(7);
  const offsets = [0, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 39 + 5, OffsetIndex.MAX_OFFSET - 1];
  for (const [i, offset] of offsets.entries()) expect(index.add([last, i], offset)).toBe(true);
  for (const [i] of offsets.entries()) expect(index.add([last, i], 1)).toBe(true);
  expect(index.add([0, 0], 77)).toBe(true);
  expect(offsets.map((_, i) => index.get([last, i]))).toEqual(offsets);
  expect(index.get([0, 0])).toBe(77);
  expect([index.get([0, 1]), index.get([last, 6]), index.get([1, 0])]).toEqual([undefined, undefined, undefined]);
});

it("says when it is full, and still knows what it has", () => {
  const index = new OffsetIndex(1);
  expect([index.add([1, 2], 5), index.add([3, 4], 6), index.add([1, 2], 7)]).toEqual([true, false, true]);
  expect([index.get([1, 2]), index.get([3, 4])]).toEqual([5, undefined]);
});

it("takes no longer for a fingerprint that was added many times", () => {
  // Before, each row of one id went past all earlier ones: the square of their number, here 10^10 steps.
  const index = new OffsetIndex(100_000);
  for (let i = 0; i < 100_000; i++) index.add([7, 7], i);
  expect(index.get([7, 7])).toBe(0);
}, 10_000);
