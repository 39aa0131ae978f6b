// Integers as vectors of bits, and the check that the elements of a vector are bits (VDAF draft, sections 7.4.2 and
// 7.4.3).
//
// The bits of an integer in [0, max] have weights 1, 2, 4, … as in binary, and one more bit has the weight that makes
// all of them add up to max: so no vector of bits stands for more, and each integer in the range has one vector or two.

import type { VectorSpace } from "../../core/vector.js";
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

/** The 32-bit words of integers in [0, 2^64), the low word of each first. */
export function wordsOf(values: ArrayLike<number | bigint>): Uint32Array {
  const words = new Uint32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number | bigint;
    // What is written to the array is reduced modulo 2^32.
    words[2 * i] = typeof x === "number" ? x : Number(BigInt.asUintN(32, x));
    words[2 * i + 1] = typeof x === "number" ? x / 2 ** 32 : Number(x >> 32n);
  }
  return words;
}

/**
 * The bits with these weights of integers that are given by their words, one after the other. No branch depends on an
 * integer.
 */
export function encodeIntegers(words: Uint32Array, weights: readonly bigint[]): Uint8Array {
  const size = weights.length;
  const [weightLow = 0, weightHigh = 0] = wordsOf(weights.slice(-1));
  const encoded = new Uint8Array((words.length / 2) * size);
  const bit = (low: number, high: number, l: number) => (l < 32 ? low >>> l : high >>> (l - 32)) & 1;
  for (let i = 0, at = 0; i < words.length; i += 2, at += size) {
    const [low, high] = [words[i] as number, words[i + 1] as number];
    // The last bit is needed from 2^(size − 1) on. The others have what is left without its weight.
    const last = bit(low, high, size - 1);
    const restLow = low - last * weightLow;
    const restHigh = high - last * weightHigh + Math.floor(restLow / 2 ** 32);
    for (let l = 0; l < size - 1; l++) encoded[at + l] = bit(restLow, restHigh, l);
    encoded[at + size - 1] = last;
  }
  return encoded;
}

/** The integers, or the shares of them, that bits with these weights stand for. */
export function decodeIntegers<V extends Elements<V>>(space: VectorSpace<V>, bits: V, weights: readonly bigint[]): V {
  return weights.length === 1 ? bits : bits.dotRows(space.fromBigInts(weights));
}

/** Gadget calls of a range check of `length` elements. */
export function rangeCheckCalls(length: number, chunkLength: number): number {
  return Math.ceil(length / chunkLength);
}

/**
 * Sets the gadget's inputs to r_k^j·x and x − 1 for the elements x of `meas`, in chunks, one for each call k; j counts
 * the elements of a chunk from 1. The sum of all outputs, Σ r_k^j·x·(x − 1), is 0 if all elements are bits, and for
 * random r most likely not if one is none. The last chunk is filled up with zeros. `wires` has zeros there already.
 */
export function setRangeCheckInputs<V extends Elements<V>>(
  space: VectorSpace<V>,
  wires: V,
  meas: V,
  jointRand: V,
  chunkLength: number,
  one: bigint,
): void {
  const arity = 2 * chunkLength;
  const minusOne = space.field.neg(one);
  wires.setProducts(arity, 2, meas, jointRand.powersOfEach(chunkLength));
  wires.setSums(arity + 1, 2, meas, minusOne);
  const missing = space.zeros(jointRand.length * chunkLength - meas.length);
  wires.setSums(arity + 1 + 2 * meas.length, 2, missing, minusOne);
}
