// Packed vectors over p = 2^87 + 2^19 + 1: the fast implementation of vector.ts for this prime. limbs87.ts has the
// arithmetic and its bounds. This file has the vectors, and takes elements in and out as bigints and as bytes; no
// bigint is made on the way between bytes and limbs.

import { PrioError } from "../errors.js";
import { hasDoubles } from "./doubles.js";
import { FIELD_87 } from "./fields.js";
import { butterflies, butterfliesByOne, carryAll, dotInto, LIMBS, multiplyAll, storeDigits } from "./limbs87.js";
import type { BigEndianElements, UnreducedVector, Vector, VectorSpace } from "./vector.js";

/** Bytes of an element. */
const BYTES = 11;

/** From this many butterflies a twiddle on, it pays to prepare the twiddle. */
const WORTH_PREPARING = 4;

/** Holds the scalar of an operation on vectors. A new typed array would cost as much as twenty products. */
const SCALAR: Float64Array = hasDoubles ? new Float64Array(LIMBS) : (undefined as never);

/** Offsets of candidates that pass, for `readCandidates`, which takes so many candidates in one go. */
const OFFSETS = new Int32Array(512);

class Packed87Vector implements Vector<Packed87Vector>, BigEndianElements {
  readonly length: number;
  /** LIMBS doubles an element, in the usual form. */
  readonly #limbs: Float64Array;

  constructor(limbs: Float64Array) {
    this.#limbs = limbs;
    this.length = limbs.length / LIMBS;
  }

  /** The limbs of a vector, for this file alone. No static block gives them out: React Native's Babel refuses those. */
  static limbsOf(vector: Packed87Vector): Float64Array {
    return vector.#limbs;
  }

  get(i: number): bigint {
    return toElement(this.#limbs, LIMBS * i);
  }

  set(i: number, x: bigint): void {
    setElement(this.#limbs, LIMBS * i, x);
  }

  toBigInts(): bigint[] {
    const values = new Array<bigint>(this.length);
    for (let i = 0; i < values.length; i++) values[i] = this.get(i);
    return values;
  }

  slice(start: number, end: number): Packed87Vector {
    return new Packed87Vector(this.#limbs.slice(LIMBS * start, LIMBS * end));
  }

  setAll(source: Packed87Vector, offset: number): void {
    this.#limbs.set(source.#limbs, LIMBS * offset);
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    setElement(SCALAR, 0, x);
    multiplyAll(this.#limbs, offset, this.#limbs, start, SCALAR, 0, end - start);
  }

  swap(i: number, j: number): void {
    const limbs = this.#limbs;
    for (let k = 0; k < LIMBS; k++) {
      const limb = limbs[LIMBS * i + k] as number;
      limbs[LIMBS * i + k] = limbs[LIMBS * j + k] as number;
      limbs[LIMBS * j + k] = limb;
    }
  }

  add(other: Packed87Vector): Packed87Vector {
    const result = new Packed87Vector(this.#limbs.slice());
    result.accumulate(other);
    return result;
  }

  sub(other: Packed87Vector): Packed87Vector {
    const result = new Float64Array(this.#limbs.length);
    addAll(result, this.#limbs, other.#limbs, -1);
    return new Packed87Vector(result);
  }

  mul(other: Packed87Vector): Packed87Vector {
    const result = new Float64Array(this.#limbs.length);
    multiplyAll(result, 0, this.#limbs, 0, other.#limbs, 1, this.length);
    return new Packed87Vector(result);
  }

  scale(x: bigint): Packed87Vector {
    setElement(SCALAR, 0, x);
    const result = new Float64Array(this.#limbs.length);
    multiplyAll(result, 0, this.#limbs, 0, SCALAR, 0, this.length);
    return new Packed87Vector(result);
  }

  accumulate(other: Packed87Vector): void {
    addAll(this.#limbs, this.#limbs, other.#limbs, 1);
  }

  accumulateAt(other: Packed87Vector, offset: number): void {
    const own = this.#limbs.subarray(LIMBS * offset, LIMBS * (offset + other.length));
    addAll(own, own, other.#limbs, 1);
  }

  subtractFrom(other: Packed87Vector): void {
    addAll(this.#limbs, other.#limbs, this.#limbs, -1);
  }

  multiplyBy(other: Packed87Vector): void {
    multiplyAll(this.#limbs, 0, this.#limbs, 0, other.#limbs, 1, this.length);
  }

  sum(start = 0, end: number = this.length): bigint {
    // Limbs are at most 2^22 units, so the sum of 2^30 of them is exact. No typed array holds as many elements.
    let sum = 0n;
    for (let k = 0; k < LIMBS; k++) {
      let limb = 0;
      for (let i = LIMBS * start + k; i < LIMBS * end; i += LIMBS) limb += this.#limbs[i] as number;
      sum += BigInt(limb);
    }
    return FIELD_87.reduce(sum);
  }

  dot(other: Packed87Vector, offset = 0): bigint {
    dotInto(SCALAR, this.#limbs, other.#limbs, offset, this.length);
    return toElement(SCALAR, 0);
  }

  unreduced(): UnreducedPacked87Vector {
    return new UnreducedPacked87Vector(this.#limbs.slice());
  }

  readBE(i: number, bytes: Uint8Array, start: number, end: number): boolean {
    let first = start;
    for (; end - first > BYTES; first++) if (bytes[first] !== 0) return false;
    // Four digits of 24, 24, 24 and 16 bits.
    let d0 = 0;
    let d1 = 0;
    let d2 = 0;
    let d3 = 0;
    if (end - first === BYTES) {
      d3 = ((bytes[first] as number) << 8) | (bytes[first + 1] as number);
      d2 = ((bytes[first + 2] as number) << 16) | ((bytes[first + 3] as number) << 8) | (bytes[first + 4] as number);
      d1 = ((bytes[first + 5] as number) << 16) | ((bytes[first + 6] as number) << 8) | (bytes[first + 7] as number);
      d0 = ((bytes[first + 8] as number) << 16) | ((bytes[first + 9] as number) << 8) | (bytes[first + 10] as number);
    } else {
      for (let k = first; k < end; k++) {
        d3 = ((d3 << 8) | (d2 >> 16)) & 0xffff;
        d2 = ((d2 << 8) | (d1 >> 16)) & 0xffffff;
        d1 = ((d1 << 8) | (d0 >> 16)) & 0xffffff;
        d0 = ((d0 << 8) | (bytes[k] as number)) & 0xffffff;
      }
    }
    // The digits of p are 8000, 000000, 000000, 080001 in hexadecimal.
    if (d3 >= 0x8000 && (d3 > 0x8000 || d2 > 0 || d1 > 0 || d0 > 0x080000)) return false;
    storeDigits(this.#limbs, LIMBS * i, d0, d1, d2, d3);
    return true;
  }

  readCandidates(i: number, bytes: Uint8Array, start: number, end: number, stride: number): number {
    const limbs = this.#limbs;
    let next = i;
    for (let offset = start; offset < end; ) {
      // A candidate whose top bit is set is not below p, except for those few that begin as p does. Which ones pass is
      // random, so the processor would predict a branch wrongly half of the time. Instead every offset is noted, and
      // the next one replaces it when it does not count.
      const last = Math.min(end, offset + OFFSETS.length * stride);
      let count = 0;
      for (; offset < last; offset += stride) {
        OFFSETS[count] = offset;
        const top = bytes[offset] as number;
        count += top === 0x80 && isBelowModulus(bytes, offset) ? 1 : 1 - (top >> 7);
      }
      for (let k = 0; k < count; k++, next++) {
        const at = OFFSETS[k] as number;
        storeDigits(
          limbs,
          LIMBS * next,
          ((bytes[at + 8] as number) << 16) | ((bytes[at + 9] as number) << 8) | (bytes[at + 10] as number),
          ((bytes[at + 5] as number) << 16) | ((bytes[at + 6] as number) << 8) | (bytes[at + 7] as number),
          ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number),
          ((bytes[at] as number) << 8) | (bytes[at + 1] as number),
        );
      }
    }
    return next;
  }

  writeBE(i: number, bytes: Uint8Array, start: number): number {
    const limbs = this.#limbs;
    // Make the limbs canonical, as 32-bit integers of 23, 23, 22 and 19 bits. Carries leave all but the top limb
    // non-negative; then p is added or subtracted until the value is in [0, p).
    let r0 = limbs[LIMBS * i] as number;
    let r1 = (limbs[LIMBS * i + 1] as number) * 2 ** -23;
    let r2 = (limbs[LIMBS * i + 2] as number) * 2 ** -46;
    let r3 = (limbs[LIMBS * i + 3] as number) * 2 ** -68;
    r1 += r0 >> 23;
    r0 &= 0x7fffff;
    r2 += r1 >> 23;
    r1 &= 0x7fffff;
    r3 += r2 >> 22;
    r2 &= 0x3fffff;
    // Half of all elements are negative here, at random, so there is no branch. The loop below seldom runs twice.
    r0 += 0x80001 & (r3 >> 31);
    r3 += 0x80000 & (r3 >> 31);
    for (;;) {
      r1 += r0 >> 23;
      r0 &= 0x7fffff;
      r2 += r1 >> 23;
      r1 &= 0x7fffff;
      r3 += r2 >> 22;
      r2 &= 0x3fffff;
      if (r3 < 0) {
        r3 += 0x80000;
        r0 += 0x80001;
      } else if (r3 >= 0x80000 && (r3 > 0x80000 || r2 > 0 || r1 > 0 || r0 > 0x80000)) {
        r3 -= 0x80000;
        r0 -= 0x80001;
      } else break;
    }
    // The 11 bytes, by 32, 32 and 24 bits.
    const high = (r3 << 12) | (r2 >> 10);
    const middle = (r2 << 22) | (r1 >> 1);
    const low = ((r1 & 1) << 23) | r0;
    if (high >>> 24 !== 0) {
      bytes[start] = high >>> 24;
      bytes[start + 1] = high >> 16;
      bytes[start + 2] = high >> 8;
      bytes[start + 3] = high;
      bytes[start + 4] = middle >> 24;
      bytes[start + 5] = middle >> 16;
      bytes[start + 6] = middle >> 8;
      bytes[start + 7] = middle;
      bytes[start + 8] = low >> 16;
      bytes[start + 9] = low >> 8;
      bytes[start + 10] = low;
      return BYTES;
    }
    // Math.clz32 counts the leading zero bits of each word. A zero element is one byte.
    let length = BYTES - (Math.clz32(high) >> 3);
    if (high === 0) length = 7 - (Math.clz32(middle) >> 3);
    if (high === 0 && middle === 0) length = Math.max(1, 4 - (Math.clz32(low) >> 3));
    for (let k = 0; k < length; k++) {
      const word = k < 3 ? low >> (8 * k) : k < 7 ? middle >> (8 * (k - 3)) : high >> (8 * (k - 7));
      bytes[start + length - 1 - k] = word;
    }
    return length;
  }
}

/** Its elements are sums of as many operands as limbs87.ts counts: one, and one more from each stage. */
class UnreducedPacked87Vector implements UnreducedVector<Packed87Vector> {
  #limbs: Float64Array;

  constructor(limbs: Float64Array) {
    this.#limbs = limbs;
  }

  get length(): number {
    return this.#limbs.length / LIMBS;
  }

  set(i: number, x: bigint): void {
    setElement(this.#limbs, LIMBS * i, x);
  }

  copyScaled(offset: number, start: number, end: number, x: bigint): void {
    setElement(SCALAR, 0, x);
    multiplyAll(this.#limbs, offset, this.#limbs, start, SCALAR, 0, end - start);
  }

  stageByElement(start: number, end: number, half: number, twiddles: Packed87Vector): void {
    const limbs = this.#limbs;
    const w = Packed87Vector.limbsOf(twiddles);
    const blocks = (end - start) / (2 * half);
    if (blocks > half) {
      // Few twiddles for many short blocks: take each twiddle in turn through all blocks.
      for (let j = 0; j < half; j++) butterfliesByOne(limbs, start + j, start + j + half, 2 * half, w, j, blocks);
    } else {
      for (let u = start; u < end; u += 2 * half) butterflies(limbs, u, u + half, 1, w, 0, 1, half);
    }
  }

  stageByBlock(start: number, end: number, half: number, twiddles: Packed87Vector): void {
    const limbs = this.#limbs;
    const w = Packed87Vector.limbsOf(twiddles);
    const first = start / (2 * half);
    const blocks = (end - start) / (2 * half);
    if (half >= WORTH_PREPARING) {
      for (let k = 0, u = start; k < blocks; k++, u += 2 * half) {
        butterfliesByOne(limbs, u, u + half, 1, w, first + k, half);
      }
    } else {
      for (let j = 0; j < half; j++) butterflies(limbs, start + j, start + j + half, 2 * half, w, first, 1, blocks);
    }
  }

  stageOfSums(start: number, end: number, half: number): void {
    const limbs = this.#limbs;
    // Each result is a sum of two operands, as that of a butterfly is.
    for (let u = start; u < end; u += 2 * half) {
      for (let i = (LIMBS * u) | 0, j = (LIMBS * (u + half)) | 0, last = j; i < last; i++, j++) {
        const a = limbs[i] as number;
        const b = limbs[j] as number;
        limbs[i] = a + b;
        limbs[j] = a - b;
      }
    }
  }

  multiplyBy(other: Packed87Vector): void {
    multiplyAll(this.#limbs, 0, this.#limbs, 0, Packed87Vector.limbsOf(other), 1, this.length);
  }

  reduce(): Packed87Vector {
    const limbs = this.#limbs;
    this.#limbs = new Float64Array(0);
    carryAll(limbs, limbs.length / LIMBS);
    return new Packed87Vector(limbs);
  }
}

/** Sets the elements of `out` to a + sign·b. `out` may be `a` or `b`. */
function addAll(out: Float64Array, a: Float64Array, b: Float64Array, sign: 1 | -1): void {
  for (let i = 0; i < out.length; i++) out[i] = (a[i] as number) + sign * (b[i] as number);
  carryAll(out, out.length / LIMBS);
}

/** Whether the 11 bytes from `start` on, the first of which is 0x80, are below p. */
function isBelowModulus(bytes: Uint8Array, start: number): boolean {
  for (let k = 1; k < 8; k++) if (bytes[start + k] !== 0) return false;
  const low =
    ((bytes[start + 8] as number) << 16) | ((bytes[start + 9] as number) << 8) | (bytes[start + 10] as number);
  return low <= 0x080000;
}

function setElement(limbs: Float64Array, at: number, x: bigint): void {
  // 48 bits are a number. Each bigint on the way would cost as much as ten products.
  const low = Number(BigInt.asUintN(48, x));
  const high = Number(x >> 48n);
  const d1 = Math.floor(low / 2 ** 24);
  const d3 = Math.floor(high / 2 ** 24);
  storeDigits(limbs, at, low - d1 * 2 ** 24, d1, high - d3 * 2 ** 24, d3);
}

/** The element whose limbs are at [at, at + LIMBS), in the usual form. */
function toElement(limbs: Float64Array, at: number): bigint {
  // Two limbs together are below 2^53 of the lower one's unit, so they are one number.
  const low = (limbs[at] as number) + (limbs[at + 1] as number);
  const high = ((limbs[at + 2] as number) + (limbs[at + 3] as number)) * 2 ** -46;
  return FIELD_87.reduce((BigInt(high) << 46n) + BigInt(low));
}

/** The packed vectors over FIELD_87. Throws `unsupported` where there is no Float64Array. */
export function packed87Space(): VectorSpace<Packed87Vector> {
  if (!hasDoubles) {
    throw new PrioError("unsupported", "vectors: expected the platform's Float64Array, found none");
  }
  return {
    field: FIELD_87,
    zeros: (length) => new Packed87Vector(new Float64Array(LIMBS * length)),
    unreducedZeros: (length) => new UnreducedPacked87Vector(new Float64Array(LIMBS * length)),
    fromBigInts: (values) => {
      const limbs = new Float64Array(LIMBS * values.length);
      for (let i = 0; i < values.length; i++) setElement(limbs, LIMBS * i, values[i] as bigint);
      return new Packed87Vector(limbs);
    },
    fromIntegers: (values) => {
      const limbs = new Float64Array(LIMBS * values.length);
      for (let i = 0; i < values.length; i++) limbs[LIMBS * i] = values[i] as number;
      return new Packed87Vector(limbs);
    },
  };
}

export type { Packed87Vector };
