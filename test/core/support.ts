// What the tests of core/ share: the vector spaces they loop over and the elements that are likely to break one.

import fc from "fast-check";
import { describe } from "vitest";
import { type BigIntVector, bigIntSpace } from "../../src/core/bigint-vector.js";
import { FIELD_87 } from "../../src/core/fields.js";
import { type Packed87Vector, packed87Space } from "../../src/core/packed87.js";
import type { BigEndianElements, Vector, VectorSpace } from "../../src/core/vector.js";

export const field = FIELD_87;
export const p = field.modulus;

export const reference: VectorSpace<BigIntVector<"Field87">> = bigIntSpace(field);
export const packed: VectorSpace<Packed87Vector> = packed87Space();

/** Describes both kinds of vectors by the same tests. */
export function describeVectors(
  title: string,
  tests: <V extends Vector<V> & BigEndianElements>(space: VectorSpace<V>) => void,
): void {
  describe(`${title}: BigInt vectors`, () => tests(reference));
  describe(`${title}: packed vectors`, () => tests(packed));
}

/** 0, 1, p − 1, and what lies beside every power of two where a limb, its half, a byte or a digit may begin or end. */
export const edgeElements: bigint[] = (() => {
  const found = new Set<bigint>([0n, 1n, 2n, p - 1n, p - 2n, (p - 1n) / 2n, (p + 1n) / 2n]);
  const exponents = [8, 16, 19, 20, 21, 22, 23, 24, 44, 45, 46, 47, 48, 66, 67, 68, 72, 80, 85, 86, 87];
  for (const k of exponents) {
    for (const d of [-2n, -1n, 0n, 1n, 2n]) {
      const x = (1n << BigInt(k)) + d;
      found.add(field.reduce(x));
      found.add(field.reduce(-x));
    }
  }
  // Every limb at half the next unit, where rounding to nearest may go either way, with all signs.
  for (let signs = 0; signs < 16; signs++) {
    let x = 0n;
    for (const [k, half] of [1n << 22n, 1n << 45n, 1n << 67n, 1n << 86n].entries())
      x += (signs >> k) & 1 ? half : -half;
    found.add(field.reduce(x));
    found.add(field.reduce(x - 1n));
  }
  return [...found];
})();

export const element: fc.Arbitrary<bigint> = fc.oneof(
  fc.constantFrom(...edgeElements),
  fc.bigInt({ min: 0n, max: p - 1n }),
);

/** Lists of elements of one length, `count` of them. */
export function lists(count: number, maxLength = 40): fc.Arbitrary<bigint[][]> {
  return fc
    .integer({ min: 1, max: maxLength })
    .chain((length) =>
      fc.array(fc.array(element, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }),
    );
}

/** A fixed sequence of elements that look random, for lengths at which fast-check would be slow. */
export function pseudoRandomElements(length: number, seed = 1): bigint[] {
  let state = seed >>> 0;
  const word = (): bigint => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return BigInt(state >>> 0);
  };
  return Array.from({ length }, () => ((word() << 64n) | (word() << 32n) | word()) % p);
}

/** Σ coefficients[k]·x^k. */
export function evaluate(coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduceRight((value, c) => (value * x + c) % p, 0n);
}
