// Number-theoretic transforms of every power-of-two length N up to 2^twoAdicity, in bulk operations of a vector space.
// ω_N is the field's primitive N-th root of unity. The "values" of a polynomial are those at ω_N^0, …, ω_N^(N−1).
//
// Both directions use one butterfly, (u + w·v, u − w·v), which multiplies once and adds one operand to the sums of an
// unreduced vector. Going down, from natural to bit-reversed order, a whole block has one twiddle. Going up, from
// bit-reversed to natural order, each element of a block has its own. So going down and then up needs no permutation.

import { PrioError } from "../errors.js";
import type { Field } from "./field.js";
import { powers, type UnreducedVector, type Vector, type VectorSpace } from "./vector.js";

/** How many elements fit the cache. Larger ranges are halved first, so that all their smaller stages run in it. */
const CACHED = 2048;

/** The transforms over one vector space. A table of roots is made when a length first needs it, and kept. */
export class Ntt<V extends Vector<V>> {
  readonly space: VectorSpace<V>;
  readonly #powers: V[] = [];
  readonly #inversePowers: V[] = [];
  readonly #twists: V[] = [];
  readonly #inverseLengths: bigint[] = [];
  #bitReversedInverseRoots: V;

  constructor(space: VectorSpace<V>) {
    this.space = space;
    this.#bitReversedInverseRoots = this.#bitReversedRoots(1, false);
  }

  /**
   * The values at the N odd 2N-th roots, ω_2N^1, ω_2N^3, …, of the polynomial of degree < N with these N values: one
   * inverse transform, a twist of coefficient k by ω_2N^k, and one forward transform. The values are in an unreduced
   * vector, which is empty afterwards. Throws `wrong-length` unless N is a power of two up to 2^(twoAdicity − 1).
   */
  oddRootValues(v: UnreducedVector<V>): V {
    requireLength(this.space.field, v.length, 2);
    this.toCoefficients(v);
    v.multiplyBy(this.#twist(v.length));
    this.toValues(v);
    return v.reduce();
  }

  /** In place: takes values to N times the coefficients of the polynomial that has them, in bit-reversed order. */
  toCoefficients(v: UnreducedVector<V>): void {
    if (v.length > 2 * this.#bitReversedInverseRoots.length) {
      this.#bitReversedInverseRoots = this.#bitReversedRoots(v.length / 2, true);
    }
    this.#down(v, 0, v.length);
  }

  /** In place: takes coefficients in bit-reversed order to the values. */
  toValues(v: UnreducedVector<V>): void {
    this.#up(v, 0, v.length);
  }

  /** (1, ω, ω², …) of length `half`, for ω of order 2·half. */
  rootPowers(half: number): V {
    const level = log2(half);
    return (this.#powers[level] ??= powers(this.space, this.space.field.rootOfUnity(2 * half), half));
  }

  /** (1, ω^−1, ω^−2, …) of length `half`, for ω of order 2·half. */
  inversePowers(half: number): V {
    const { field } = this.space;
    const level = log2(half);
    return (this.#inversePowers[level] ??= powers(this.space, field.inv(field.rootOfUnity(2 * half)), half));
  }

  /** 1/N in the field. */
  inverseOf(length: number): bigint {
    return (this.#inverseLengths[log2(length)] ??= this.space.field.inv(BigInt(length)));
  }

  /** All stages from natural to bit-reversed order, with inverse roots, on elements [start, end) of v. */
  #down(v: UnreducedVector<V>, start: number, end: number): void {
    const roots = this.#bitReversedInverseRoots;
    const size = end - start;
    for (let half = size >> 1; half >= 1; half >>= 1) {
      if (2 * half === v.length) v.stageOfSums(start, end, half);
      else v.stageByBlock(start, end, half, roots);
      if (half >= CACHED) {
        this.#down(v, start, start + half);
        this.#down(v, start + half, end);
        return;
      }
    }
  }

  /** All stages from bit-reversed to natural order on elements [start, end) of v. */
  #up(v: UnreducedVector<V>, start: number, end: number): void {
    const size = end - start;
    let half = 1;
    if (size > CACHED) {
      half = size >> 1;
      this.#up(v, start, start + half);
      this.#up(v, start + half, end);
    } else if (size > 1) {
      v.stageOfSums(start, end, 1);
      half = 2;
    }
    for (; half < size; half *= 2) v.stageByElement(start, end, half, this.rootPowers(half));
  }

  /** ω_2N^k / N for the coefficients k in bit-reversed order. */
  #twist(length: number): V {
    const level = log2(length);
    return (this.#twists[level] ??= this.#bitReversedRoots(length, false).scale(this.inverseOf(length)));
  }

  /**
   * ω_2K^rev(k), or its inverse, for k = 0 … K−1, where rev reverses the log2(K) bits of k. The first half of the table
   * for K is the table for K/2; the second half is the first times ω_2K.
   */
  #bitReversedRoots(length: number, inverse: boolean): V {
    const { field } = this.space;
    const table = this.space.zeros(length);
    table.set(0, 1n);
    for (let done = 1; done < length; done *= 2) {
      const root = field.rootOfUnity(4 * done);
      table.copyScaled(done, 0, done, inverse ? field.inv(root) : root);
    }
    return table;
  }
}

/**
 * The values of the polynomial with these N coefficients, constant first. Throws `wrong-length` unless N is a power of
 * two up to 2^twoAdicity. (No protocol asks for a transform in natural order, so this and `inverse` are no methods,
 * which bundlers would keep.)
 */
export function forward<V extends Vector<V>>(ntt: Ntt<V>, coefficients: V): V {
  requireLength(ntt.space.field, coefficients.length, 1);
  const v = bitReversed(coefficients).unreduced();
  ntt.toValues(v);
  return v.reduce();
}

/** The N coefficients, constant first, of the polynomial of degree < N with these values. Throws like `forward`. */
export function inverse<V extends Vector<V>>(ntt: Ntt<V>, values: V): V {
  requireLength(ntt.space.field, values.length, 1);
  const v = values.unreduced();
  ntt.toCoefficients(v);
  return bitReversed(v.reduce().scale(ntt.inverseOf(values.length)));
}

/** Throws unless `length` is a power of two and `times` it divides the order of the roots of unity. */
function requireLength({ twoAdicity }: Field, length: number, times: 1 | 2): void {
  const max = 2 ** twoAdicity / times;
  if (2 ** log2(length) !== length || length > max) {
    throw new PrioError("wrong-length", `ntt: expected a power-of-two length up to ${max}, got ${length}`);
  }
}

function bitReversed<V extends Vector<V>>(v: V): V {
  const result = v.slice(0, v.length);
  for (let i = 0, j = 0; i < v.length; i++) {
    if (i < j) result.swap(i, j);
    // j is i with its bits reversed: add one at the top bit and carry downwards.
    let bit = v.length >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
  }
  return result;
}

/** The logarithm of a power of two; Math.log2 need not be exact. */
function log2(n: number): number {
  return 31 - Math.clz32(n);
}
