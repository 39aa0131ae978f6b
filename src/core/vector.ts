// Vectors of field elements: the interfaces that bulk code computes with. Two kinds of implementation agree on every
// operation: BigIntVector (bigint-vector.ts), short and right for any prime, and packed vectors (packed87.ts,
// packed-vector.ts), fast for one prime. Elements pass as bigints only through `get`, `set` and scalars; bulk
// operations never make one.
//
// A vector type is its own type parameter: the operands of a Packed87Vector are Packed87Vectors, and the compiler
// refuses to mix vectors of two spaces. The operations that take vectors are properties, not methods, because tsc
// compares the parameters of methods both ways and would accept a vector type with narrower operands as a wider one.

import type { Field } from "./field.js";

/**
 * A vector of elements of one field. Methods return new vectors unless they say "in place". Another vector that they
 * take is at least as long as this one. Indices are not checked: callers keep them within bounds.
 */
export interface Vector<V extends Vector<V>> {
  readonly length: number;

  get(i: number): bigint;
  /** In place: sets element i to x, in [0, p). */
  set(i: number, x: bigint): void;
  toBigInts(): bigint[];

  /** A copy of elements [start, end). */
  slice(start: number, end: number): V;
  /** In place: copies all of `source` to the elements from `offset` on. */
  readonly setAll: (source: V, offset: number) => void;
  /**
   * In place: sets the elements from `offset` on to x times the elements [start, end). The two ranges do not overlap.
   */
  copyScaled(offset: number, start: number, end: number, x: bigint): void;
  /** In place: exchanges two elements. */
  swap(i: number, j: number): void;

  readonly add: (other: V) => V;
  readonly sub: (other: V) => V;
  /** The element-wise product. */
  readonly mul: (other: V) => V;
  scale(x: bigint): V;
  /** In place: this += other. */
  readonly accumulate: (other: V) => void;
  /** In place: adds all of `other` to the elements from `offset` on. */
  readonly accumulateAt: (other: V, offset: number) => void;
  /** In place: this = other − this. */
  readonly subtractFrom: (other: V) => void;
  /** In place: this *= other, element by element. */
  readonly multiplyBy: (other: V) => void;
  /** The sum of all elements, or of the elements [start, end). */
  sum(start?: number, end?: number): bigint;
  /** The inner product of this vector and the elements of `other` from `offset` on, 0 if it is not given. */
  readonly dot: (other: V, offset?: number) => bigint;

  /** A copy for the butterflies of a transform. */
  unreduced(): UnreducedVector<V>;
}

/**
 * A vector in the middle of a transform. Butterflies reduce lazily: they leave elements in a redundant form, which only
 * the operations here understand. An element passes through at most log2(N) stages, where N is the longest length of a
 * transform, before `multiplyBy` or `reduce` reduces it; each implementation shows that its sums hold that many.
 */
export interface UnreducedVector<V extends Vector<V>> {
  readonly length: number;

  /** In place: sets element i to x, in [0, p). */
  set(i: number, x: bigint): void;
  /**
   * In place: sets the elements from `offset` on to x times the elements [start, end), and reduces them. The two ranges
   * do not overlap.
   */
  copyScaled(offset: number, start: number, end: number, x: bigint): void;

  /**
   * In place: the butterflies (u, v) → (u + w·v, u − w·v) of all blocks of 2·half elements in [start, end), where u and
   * v are element j of a block's lower and upper half and w = twiddles[j].
   */
  readonly stageByElement: (start: number, end: number, half: number, twiddles: V) => void;
  /** The same with w = twiddles[k] for the k-th block of the whole vector, whose first element is 2·half·k. */
  readonly stageByBlock: (start: number, end: number, half: number, twiddles: V) => void;
  /** The same with w = 1 throughout. Only for reduced elements: it doubles what a sum holds. */
  stageOfSums(start: number, end: number, half: number): void;

  /** In place: this *= other, element by element. Reduces every element. */
  readonly multiplyBy: (other: V) => void;
  /** Reduces every element and returns them as a vector. They move there: this vector is empty afterwards. */
  reduce(): V;
}

/** How the elements of a vector become little-endian bytes, each of the field's length, and back. */
export interface LittleEndianElements {
  /**
   * Reads little-endian integers of the field's length, one after the other, in bytes[start, end). Sets elements i,
   * i + 1, … to those that are below the modulus, and returns the index after the last one set. There are no more
   * integers than elements from i on.
   */
  readLE(i: number, bytes: Uint8Array, start: number, end: number): number;
  /** Writes all elements at bytes[start…], little-endian, each in as many bytes as the field says. */
  writeLE(bytes: Uint8Array, start: number): void;
}

/** What proofs over a matrix compute with. The rows of a vector are its elements, `columns` of them each. */
export interface MatrixElements<V extends Vector<V>> {
  /** In place: sets elements offset, offset + step, … to the products of the elements of `a` and `b`. */
  readonly setProducts: (offset: number, step: number, a: V, b: V) => void;
  /** In place: sets elements offset, offset + step, … to the sums of the elements of `a` and x, in [0, p). */
  readonly setSums: (offset: number, step: number, a: V, x: bigint) => void;
  /** For each element x a row (x, x², …, x^columns). */
  powersOfEach(columns: number): V;
  /** Elements start, start + step, …, `count` of them. */
  strided(start: number, step: number, count: number): V;
  /** In place: sets the elements from `offset` on to the rows of `even` and `odd` in turn. Both are of one length. */
  readonly interleave: (offset: number, even: V, odd: V, columns: number) => void;
  /** The inner product of each row with `weights`, which is as long as a row. */
  readonly dotRows: (weights: V) => V;
  /**
   * In place: sets elements offset, offset + step, … to x_0·x_1 + x_2·x_3 + … for the rows of `a`, which have an even
   * number of columns.
   */
  readonly setDotPairs: (offset: number, step: number, a: V, columns: number) => void;
  /** The sum of all rows, each times its coefficient. */
  readonly combineRows: (coefficients: V, columns: number) => V;
  /** This vector, or a copy of it: one that keeps no memory but its own from being collected. */
  kept(): V;
  /** A copy for the butterflies of a transform of each column: an element of it is a row. */
  unreducedRows(columns: number): UnreducedVector<V>;
}

/** How the elements of a vector become big-endian bytes, and back. */
export interface BigEndianElements {
  /**
   * Sets element i to the big-endian integer in bytes[start, end), of any length. Returns false, and leaves the element
   * as it was, when the integer is not below the modulus.
   */
  readBE(i: number, bytes: Uint8Array, start: number, end: number): boolean;
  /**
   * Reads big-endian integers of the field's length at start, start + stride, … in bytes[start, end). Sets elements i,
   * i + 1, … to those that are below the modulus, and returns the index after the last one set. There are no more
   * integers than elements from i on.
   */
  readCandidates(i: number, bytes: Uint8Array, start: number, end: number, stride: number): number;
  /** Writes element i at bytes[start…], big-endian without leading zeros (0 is one byte). Returns the byte count. */
  writeBE(i: number, bytes: Uint8Array, start: number): number;
}

/** Makes the vectors of one implementation over one field. */
export interface VectorSpace<V extends Vector<V>> {
  readonly field: Field;
  zeros(length: number): V;
  /** Zeros for the butterflies of a transform. */
  unreducedZeros(length: number): UnreducedVector<V>;
  /** From elements in [0, p). */
  fromBigInts(values: readonly bigint[]): V;
  /** From small integers in [0, 2^16): bits, counters. */
  fromIntegers(values: ArrayLike<number>): V;
}

/** (1, x, x², …, x^(length−1)), by doubling: about `length` products in log2(length) bulk operations. */
export function powers<V extends Vector<V>>(space: VectorSpace<V>, x: bigint, length: number): V {
  const result = space.zeros(length);
  if (length > 0) result.set(0, 1n);
  for (let done = 1, step = x; done < length; done *= 2) {
    const count = Math.min(done, length - done);
    result.copyScaled(done, 0, count, step);
    step = space.field.mul(step, step);
  }
  return result;
}
