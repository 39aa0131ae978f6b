// Integers in a range as vectors of bits, and the check that all elements of a vector are bits (VDAF draft, sections
// 7.4.2 and 7.4.3).
//
// All weights but the last are powers of two, as in binary. The last one is such that all weights add up to the largest
// integer: so no vector of bits stands for more, and each integer in the range has one vector or two.

import type { VectorSpace } from "../../core/vector.js";
import type { CallGadget } from "../circuit.js";
import type { Elements } from "../elements.js";

/** How many bits hold an integer in [0, max]. */
export function bitLength(max: bigint): number {
  return max.toString(2).length;
}

/** The weights of the bits of an integer in [0, max], 0 < max. */
export function weightsOf(max: bigint): bigint[] {
  const bits = bitLength(max);
  const powers = Array.from({ length: bits - 1 }, (_, l) => 1n << BigInt(l));
  return [...powers, max - ((1n << BigInt(bits - 1)) - 1n)];
}

/** Sets elements [start, start + bits) to the bits of `value` in [0, max]. No branch depends on the value. */
export function encodeBits<V extends Elements<V>>(vector: V, start: number, value: bigint, max: bigint): void {
  const bits = bitLength(max);
  const allOnes = (1n << BigInt(bits - 1)) - 1n;
  const last = BigInt(value > allOnes);
  const rest = value - last * (max - allOnes);
  for (let l = 0; l < bits - 1; l++) vector.set(start + l, (rest >> BigInt(l)) & 1n);
  vector.set(start + bits - 1, last);
}

/** The integer, or the share of one, that bits with these weights stand for. */
export function decodeBits<V extends Elements<V>>(
  { field }: VectorSpace<V>,
  vector: V,
  start: number,
  weights: readonly bigint[],
): bigint {
  return field.reduce(weights.reduce((sum, weight, l) => sum + weight * vector.get(start + l), 0n));
}

/** Sets the first elements to the bits of integers in [0, max], one after the other. */
export function encodeIntegers<V extends Elements<V>>(vector: V, values: readonly bigint[], max: bigint): void {
  const bits = bitLength(max);
  for (const [i, value] of values.entries()) encodeBits(vector, i * bits, value, max);
}

/** The first `length` integers, or the shares of them, that bits with these weights stand for. */
export function decodeIntegers<V extends Elements<V>>(
  space: VectorSpace<V>,
  vector: V,
  length: number,
  weights: readonly bigint[],
): V {
  return space.fromBigInts(Array.from({ length }, (_, i) => decodeBits(space, vector, i * weights.length, weights)));
}

/**
 * Σ r_k^j·x·(x − 1) over all elements x of `meas`, in chunks, one for each gadget call k; j counts the elements of the
 * chunk from 1. It is 0 if all are bits, and for random r most likely not if one is none. The last chunk is filled up
 * with zeros.
 */
export function rangeCheck<V extends Elements<V>>(
  space: VectorSpace<V>,
  meas: V,
  jointRand: V,
  shares: number,
  chunkLength: number,
  callGadget: CallGadget<V>,
): bigint {
  const { field } = space;
  const one = field.inv(BigInt(shares));
  let sum = 0n;
  for (let k = 0; k < jointRand.length; k++) {
    const r = jointRand.get(k);
    const input = space.zeros(2 * chunkLength);
    let power = r;
    for (let j = 0; j < chunkLength; j++) {
      const i = k * chunkLength + j;
      const x = i < meas.length ? meas.get(i) : 0n;
      input.set(2 * j, field.mul(power, x));
      input.set(2 * j + 1, field.sub(x, one));
      power = field.mul(power, r);
    }
    sum += callGadget(input);
  }
  return field.reduce(sum);
}
