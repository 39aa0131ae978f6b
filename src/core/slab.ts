// The memory of packed vectors: a report has many of a few elements, whose arrays are parts of one larger array.

import { doubles } from "./doubles.js";

/** Doubles of a slab, and of the longest array that is a part of one. */
const SLAB = 4096;
const SMALL = 512;
let slab: Float64Array = /* @__PURE__ */ doubles(0);
let left = 0;

/**
 * An array of zeros. Small ones are parts of a larger one, which takes a tenth of the time: engines keep the elements
 * of an array outside their heap if it has more than a few. All parts together keep the larger one from being
 * collected, so what outlives a report has to be a copy (`kept`).
 */
export function allocate(length: number): Float64Array {
  if (length > SMALL) return new Float64Array(length);
  if (length > left) {
    slab = new Float64Array(SLAB);
    left = SLAB;
  }
  left -= length;
  return slab.subarray(left, left + length);
}

/** A copy of an array, or of its doubles [start, end). */
export function copyOf(array: Float64Array, start = 0, end: number = array.length): Float64Array {
  if (end - start > SMALL) return array.slice(start, end);
  const copy = allocate(end - start);
  for (let i = start; i < end; i++) copy[i - start] = array[i] as number;
  return copy;
}
