// What the tests of core/ share: the vector spaces they loop over and the elements that are likely to break one.

import fc from "fast-check";
import { describe } from "vitest";
import { type BigIntVector, bigIntSpace } from "../../src/core/bigint-vector.js";
import type { Field } from "../../src/core/field.js";
import { FIELD_64, FIELD_87, FIELD_128 } from "../../src/core/fields.js";
import { type Packed64Vector, packed64Space } from "../../src/core/packed64.js";
import { type Packed87Vector, packed87Space } from "../../src/core/packed87.js";
import { type Packed128Vector, packed128Space } from "../../src/core/packed128.js";
import type {
  BigEndianElements,
  LittleEndianElements,
  MatrixElements,
  Vector,
  VectorSpace,
} from "../../src/core/vector.js";

/** The elements of a field that tests compute with. */
export interface Elements {
  readonly field: Field;
  readonly p: bigint;
  /** 0, 1, p − 1, and what lies beside every power of two where a limb, its half, a byte or a digit begins or ends. */
  readonly edgeElements: readonly bigint[];
  readonly element: fc.Arbitrary<bigint>;
  /** Lists of elements of one length, `count` of them. */
  readonly lists: (count: number, maxLength?: number) => fc.Arbitrary<bigint[][]>;
  /** A fixed sequence of elements that look random, for lengths at which fast-check would be slow. */
  readonly pseudoRandomElements: (length: number, seed?: number) => bigint[];
  /** Σ coefficients[k]·x^k. */
  readonly evaluate: (coefficients: readonly bigint[], x: bigint) => bigint;
}

/** `ends` are the exponents of two where the limbs of packed vectors end. */
function elementsOf(field: Field, ends: readonly number[]): Elements {
  const p = field.modulus;
  const found = new Set<bigint>([0n, 1n, 2n, p - 1n, p - 2n, (p - 1n) / 2n, (p + 1n) / 2n]);
  const exponents = [8, 16, 19, 24, 32, 48, 64, 72, 80, 96, ...ends.flatMap((k) => [k - 2, k - 1, k, k + 1])];
  for (const k of exponents) {
    for (const d of [-2n, -1n, 0n, 1n, 2n]) {
      const x = (1n << BigInt(k)) + d;
      found.add(field.reduce(x));
      found.add(field.reduce(-x));
    }
  }
  // Every limb at half the next unit, where rounding to nearest may go either way, with all signs.
  for (let signs = 0; signs < 2 ** ends.length; signs++) {
    let x = 0n;
    for (const [k, end] of ends.entries()) x += ((signs >> k) & 1 ? 1n : -1n) << BigInt(end - 1);
    found.add(field.reduce(x));
    found.add(field.reduce(x - 1n));
  }
  const edgeElements = [...found];
  const element = fc.oneof(fc.constantFrom(...edgeElements), fc.bigInt({ min: 0n, max: p - 1n }));
  return {
    field,
    p,
    edgeElements,
    element,
    lists: (count, maxLength = 40) =>
      fc
        .integer({ min: 1, max: maxLength })
        .chain((length) =>
          fc.array(fc.array(element, { minLength: length, maxLength: length }), { minLength: count, maxLength: count }),
        ),
    pseudoRandomElements: (length, seed = 1) => {
      let state = seed >>> 0;
      const word = (): bigint => {
        // xorshift32
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        return BigInt(state >>> 0);
      };
      return Array.from({ length }, () => ((word() << 96n) | (word() << 64n) | (word() << 32n) | word()) % p);
    },
    evaluate: (coefficients, x) => coefficients.reduceRight((value, c) => (value * x + c) % p, 0n),
  };
}

export const of64: Elements = elementsOf(FIELD_64, [22, 43, 64]);
export const of87: Elements = elementsOf(FIELD_87, [23, 46, 68, 87]);
export const of128: Elements = elementsOf(FIELD_128, [22, 44, 66, 87, 108, 128]);

export const packed64: VectorSpace<Packed64Vector> = packed64Space();
export const packed87: VectorSpace<Packed87Vector> = packed87Space();
export const packed128: VectorSpace<Packed128Vector> = packed128Space();
export const reference64: VectorSpace<BigIntVector<"Field64">> = bigIntSpace(FIELD_64);
export const reference87: VectorSpace<BigIntVector<"Field87">> = bigIntSpace(FIELD_87);
export const reference128: VectorSpace<BigIntVector<"Field128">> = bigIntSpace(FIELD_128);

/** A space, and elements of its field. */
export type Kit<V extends Vector<V>> = Elements & { readonly space: VectorSpace<V> };

/** Describes the vectors of every kind and field by the same tests; BigInt vectors once, since they serve any field. */
export function describeVectors(title: string, tests: <V extends Vector<V>>(kit: Kit<V>) => void): void {
  describe(`${title}: BigInt vectors`, () => tests({ ...of87, space: reference87 }));
  describe(`${title}: packed vectors over Field87`, () => tests({ ...of87, space: packed87 }));
  describe(`${title}: packed vectors over Field64`, () => tests({ ...of64, space: packed64 }));
  describe(`${title}: packed vectors over Field128`, () => tests({ ...of128, space: packed128 }));
}

/** The same for those of Prio v1's field. */
export function describeBigEndian(
  title: string,
  tests: <V extends Vector<V> & BigEndianElements>(kit: Kit<V>) => void,
): void {
  describe(`${title}: BigInt vectors`, () => tests({ ...of87, space: reference87 }));
  describe(`${title}: packed vectors over Field87`, () => tests({ ...of87, space: packed87 }));
}

/** The same for those of Prio3's fields. */
export function describePrio3Vectors(
  title: string,
  tests: <V extends Vector<V> & LittleEndianElements & MatrixElements<V>>(kit: Kit<V>) => void,
): void {
  describe(`${title}: BigInt vectors over Field64`, () => tests({ ...of64, space: reference64 }));
  describe(`${title}: BigInt vectors over Field128`, () => tests({ ...of128, space: reference128 }));
  describe(`${title}: packed vectors over Field64`, () => tests({ ...of64, space: packed64 }));
  describe(`${title}: packed vectors over Field128`, () => tests({ ...of128, space: packed128 }));
}
