// Vectors of field elements: what bulk code computes with. The interface here has two kinds of implementation that agree
// on every operation: BigIntVector below, short and right for any prime, and packed ones for a given prime. Bulk
// operations never pass an element as a bigint; `get`, `set` and the scalars `scale`, `dot` and `sum` deal in bigints.

import type { Field } from "./field.js";

/**
 * A vector of elements of one field. Methods return new vectors unless they say "in place"; another vector that they
 * take is of the same space and at least as long. Indices are not checked: callers own their bounds.
 *
 * The `stage…` methods may leave elements in a redundant form that only the stages themselves and the copies (`slice`,
 * `setAll`, `swap`) understand. A transform runs up to `twoAdicity` stages over an element and then brings
 * it back to the usual form, with `normalize` or `multiplyBy`.
 */
export interface Vector {
  readonly length: number;

  get(i: number): bigint;
  set(i: number, x: bigint): void;
  toBigInts(): bigint[];

  /** A copy of elements [start, end). */
  slice(start: number, end: number): Vector;
  /** In place: copies all of `source` to start at `offset`. */
  setAll(source: Vector, offset: number): void;
  /**
   * In place: sets the elements from `offset` on to x times those of [start, end), which may be in the redundant form. The two
   * ranges do not overlap.
   */
  copyScaled(offset: number, start: number, end: number, x: bigint): void;
  /** In place: exchanges two elements. */
  swap(i: number, j: number): void;

  add(other: Vector): Vector;
  sub(other: Vector): Vector;
  /** The element-wise product. */
  mul(other: Vector): Vector;
  scale(x: bigint): Vector;
  /** In place: this += other. */
  accumulate(other: Vector): void;
  /** In place: this *= other, element by element; elements may be in the redundant form before, and are not after. */
  multiplyBy(other: Vector): void;
  sum(): bigint;
  /** The inner product over this vector's length. */
  dot(other: Vector): bigint;

  /**
   * In place: the butterflies (u, v) → (u + w·v, u − w·v) of all blocks of 2·half elements in [start, end), where u and v
   * are element j of a block's lower and upper half and w = twiddles[j].
   */
  stageByElement(start: number, end: number, half: number, twiddles: Vector): void;
  /** The same with w = twiddles[k] for the k-th block of the whole vector, whose first element is 2·half·k. */
  stageByBlock(start: number, end: number, half: number, twiddles: Vector): void;
  /** The same with w = 1 throughout. Only as the first stage, while no element is in the redundant form. */
  stageOfSums(start: number, end: number, half: number): void;
  /** In place: brings elements that stages left in a redundant form back to the usual one. */
  normalize(): void;

  /**
   * Sets element i to the big-endian integer in bytes[start, end), of any length. Returns false, and leaves the element as
   * it was, when the integer is not below the modulus.
   */
  readBE(i: number, bytes: Uint8Array, start: number, end: number): boolean;
  /** Writes element i at bytes[start…], big-endian without leading zeros (0 is one zero byte); returns the byte count. */
  writeBE(i: number, bytes: Uint8Array, start: number): number;
}

/** Makes the vectors of one implementation over one field. */
export interface VectorSpace {
  readonly field: Field;
  zeros(length: number): Vector;
  /** From elements in [0, p). */
  fromBigInts(values: readonly bigint[]): Vector;
  /** From small integers in [0, 2^16): bits, counters. */
  fromIntegers(values: ArrayLike<number>): Vector;
}

/** (1, x, x², …, x^(length−1)), by doubling: about `length` products in log2(length) bulk operations. */
export function powers(space: VectorSpace, x: bigint, length: number): Vector {
  const result = space.zeros(length);
  if (length > 0) result.set(0, 1n);
  for (let done = 1, step = x; done < length; done *= 2) {
    const count = Math.min(done, length - done);
    result.copyScaled(done, 0, count, step);
    step = space.field.mul(step, step);
  }
  return result;
}

/** The reference implementation: an array of bigints. */
export class BigIntVector implements Vector {
  readonly #field: Field;
  readonly #values: bigint[];

  constructor(field: Field, values: bigint[]) {
    this.#field = field;
    this.#values = values;
  }

  get length(): number {
    return this.#values.length;
  }

  get(i: number): bigint {
    return this.#values[i] as bigint;
  }

  set(i: number, x: bigint): void {
    this.#values[i] = x;
  }

  toBigInts(): bigint[] {
    return this.#values.slice();
  }

  slice(start: number, end: number): BigIntVector {
    return new BigIntVector(this.#field, this.#values.slice(start, end));
  }

  setAll(source: BigIntVector, offset: number): void {
    for (let i = 0; i < source.length; i++) this.set(offset + i, source.get(i));
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    for (let i = start; i < end; i++) this.set(offset + i - start, this.#field.mul(this.get(i), x));
  }

  swap(i: number, j: number): void {
    const x = this.get(i);
    this.set(i, this.get(j));
    this.set(j, x);
  }

  add(other: BigIntVector): BigIntVector {
    return this.#map((x, i) => this.#field.add(x, other.get(i)));
  }

  sub(other: BigIntVector): BigIntVector {
    return this.#map((x, i) => this.#field.sub(x, other.get(i)));
  }

  mul(other: BigIntVector): BigIntVector {
    return this.#map((x, i) => this.#field.mul(x, other.get(i)));
  }

  scale(c: bigint): BigIntVector {
    return this.#map((x) => this.#field.mul(x, c));
  }

  accumulate(other: BigIntVector): void {
    for (let i = 0; i < this.length; i++) this.set(i, this.#field.add(this.get(i), other.get(i)));
  }

  multiplyBy(other: BigIntVector): void {
    for (let i = 0; i < this.length; i++) this.set(i, this.#field.mul(this.get(i), other.get(i)));
  }

  sum(): bigint {
    return this.#field.reduce(this.#values.reduce((total, x) => total + x, 0n));
  }

  dot(other: BigIntVector): bigint {
    // Products are added up before one reduction: BigInts grow as they need to.
    return this.#field.reduce(this.#values.reduce((total, x, i) => total + x * other.get(i), 0n));
  }

  stageByElement(start: number, end: number, half: number, twiddles: BigIntVector): void {
    for (let block = start; block < end; block += 2 * half) {
      for (let j = 0; j < half; j++) this.#butterfly(block + j, half, twiddles.get(j));
    }
  }

  stageByBlock(start: number, end: number, half: number, twiddles: BigIntVector): void {
    for (let block = start; block < end; block += 2 * half) {
      const w = twiddles.get(block / (2 * half));
      for (let j = 0; j < half; j++) this.#butterfly(block + j, half, w);
    }
  }

  stageOfSums(start: number, end: number, half: number): void {
    for (let block = start; block < end; block += 2 * half) {
      for (let j = 0; j < half; j++) this.#butterfly(block + j, half, 1n);
    }
  }

  normalize(): void {
    // Every operation above leaves elements in [0, p).
  }

  readBE(i: number, bytes: Uint8Array, start: number, end: number): boolean {
    let x = 0n;
    for (let k = start; k < end; k++) {
      x = (x << 8n) | BigInt(bytes[k] as number);
      // Leading zeros pass; anything longer than an element stops here, however long the input claims to be.
      if (x >= this.#field.modulus) return false;
    }
    this.set(i, x);
    return true;
  }

  writeBE(i: number, bytes: Uint8Array, start: number): number {
    const x = this.get(i);
    let length = 1;
    while (x >> BigInt(8 * length)) length++;
    for (let k = 0; k < length; k++) bytes[start + k] = Number((x >> BigInt(8 * (length - 1 - k))) & 0xffn);
    return length;
  }

  #map(f: (x: bigint, i: number) => bigint): BigIntVector {
    return new BigIntVector(this.#field, this.#values.map(f));
  }

  #butterfly(i: number, half: number, w: bigint): void {
    const u = this.get(i);
    const v = this.#field.mul(this.get(i + half), w);
    this.set(i, this.#field.add(u, v));
    this.set(i + half, this.#field.sub(u, v));
  }
}

/** The vectors of any field, one bigint an element. */
export function bigIntSpace(field: Field): VectorSpace {
  return {
    field,
    zeros: (length) => new BigIntVector(field, new Array<bigint>(length).fill(0n)),
    fromBigInts: (values) => new BigIntVector(field, values.slice()),
    fromIntegers: (values) => new BigIntVector(field, Array.from(values, BigInt)),
  };
}
