// The index of a file's rows, past the offsets that 32 bits can hold.

import { expect, it } from "vitest";
import { OffsetIndex } from "../../src/batch/offset-index.js";

it("an index gives all offsets of a hash in the order of their adding, past 2^32 too", () => {
  const index = new OffsetIndex(6);
  const last = 0xffffffff;
  const offsets = [0, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 39 + 5];
  for (const offset of offsets) index.add(last, offset);
  index.add(0, 77);
  expect([...index.offsets(last)]).toEqual(offsets);
  expect([...index.offsets(0)]).toEqual([77]);
  expect([...index.offsets(1)]).toEqual([]);
});
