// Packed vectors for the prime of Prio v1, p = 2^87 + 2^19 + 1: the fast implementation of vector.ts for that field. The
// arithmetic and its bounds are in limbs87.ts; here are the vectors, and elements going in and out, as bigints and
// as bytes, without a bigint on the way between bytes and limbs.

import { FIELD_87 } from "./fields.js";
import { butterflies, butterfliesByOne, carryAll, dotInto, LIMBS, multiplyAll, storeDigits } from "./limbs87.js";
import type { Vector, VectorSpace } from "./vector.js";

/** Bytes of an element. */
const BYTES = 11;

/** Below this many butterflies a twiddle, preparing the twiddle costs more than it saves. */
const WORTH_PREPARING = 4;

/** For the one element that an operation takes or gives besides vectors: a typed array costs as much as twenty products. */
const SCALAR = new Float64Array(LIMBS);

class PackedVector implements Vector {
  readonly length: number;
  /** LIMBS doubles an element, in the usual form except between stages and `normalize`. */
  readonly #limbs: Float64Array;

  constructor(limbs: Float64Array) {
    this.#limbs = limbs;
    this.length = limbs.length / LIMBS;
  }

  get(i: number): bigint {
    return toElement(this.#limbs, LIMBS * i);
  }

  set(i: number, x: bigint): void {
    setElement(this.#limbs, LIMBS * i, x);
  }

  toBigInts(): bigint[] {
    return Array.from({ length: this.length }, (_, i) => this.get(i));
  }

  slice(start: number, end: number): PackedVector {
    return new PackedVector(this.#limbs.slice(LIMBS * start, LIMBS * end));
  }

  setAll(source: PackedVector, offset: number): void {
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

  add(other: PackedVector): PackedVector {
    const result = new PackedVector(this.#limbs.slice());
    result.accumulate(other);
    return result;
  }

  sub(other: PackedVector): PackedVector {
    const result = this.#limbs.slice();
    const subtrahend = other.#limbs;
    for (let i = 0; i < result.length; i++) result[i] = (result[i] as number) - (subtrahend[i] as number);
    carryAll(result, this.length);
    return new PackedVector(result);
  }

  mul(other: PackedVector): PackedVector {
    const result = new Float64Array(this.#limbs.length);
    multiplyAll(result, 0, this.#limbs, 0, other.#limbs, 1, this.length);
    return new PackedVector(result);
  }

  scale(x: bigint): PackedVector {
    setElement(SCALAR, 0, x);
    const result = new Float64Array(this.#limbs.length);
    multiplyAll(result, 0, this.#limbs, 0, SCALAR, 0, this.length);
    return new PackedVector(result);
  }

  accumulate(other: PackedVector): void {
    const limbs = this.#limbs;
    const addend = other.#limbs;
    for (let i = 0; i < limbs.length; i++) limbs[i] = (limbs[i] as number) + (addend[i] as number);
    carryAll(limbs, this.length);
  }

  multiplyBy(other: PackedVector): void {
    multiplyAll(this.#limbs, 0, this.#limbs, 0, other.#limbs, 1, this.length);
  }

  sum(): bigint {
    // Limbs of at most 2^22 units: 2^30 of them, more than an array holds elements, still add up exactly.
    for (let k = 0; k < LIMBS; k++) {
      let limb = 0;
      for (let i = k; i < this.#limbs.length; i += LIMBS) limb += this.#limbs[i] as number;
      SCALAR[k] = limb;
    }
    return toElement(SCALAR, 0);
  }

  dot(other: PackedVector): bigint {
    dotInto(SCALAR, this.#limbs, other.#limbs, this.length);
    return toElement(SCALAR, 0);
  }

  stageByElement(start: number, end: number, half: number, twiddles: PackedVector): void {
    const limbs = this.#limbs;
    const w = twiddles.#limbs;
    const blocks = (end - start) / (2 * half);
    if (blocks > half) {
      // Few twiddles for many short blocks: each in turn, for all blocks.
      for (let j = 0; j < half; j++) butterfliesByOne(limbs, start + j, start + j + half, 2 * half, w, j, blocks);
    } else {
      for (let u = start; u < end; u += 2 * half) butterflies(limbs, u, u + half, 1, w, 0, 1, half);
    }
  }

  stageByBlock(start: number, end: number, half: number, twiddles: PackedVector): void {
    const limbs = this.#limbs;
    const w = twiddles.#limbs;
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
    // Sums of two operands, which is what a butterfly would make of them.
    for (let u = start; u < end; u += 2 * half) {
      for (let i = (LIMBS * u) | 0, j = (LIMBS * (u + half)) | 0, last = j; i < last; i++, j++) {
        const a = limbs[i] as number;
        const b = limbs[j] as number;
        limbs[i] = a + b;
        limbs[j] = a - b;
      }
    }
  }

  normalize(): void {
    carryAll(this.#limbs, this.length);
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
    // p is the digits 8000, 000000, 000000, 080001 in hexadecimal.
    if (d3 >= 0x8000 && (d3 > 0x8000 || d2 > 0 || d1 > 0 || d0 > 0x080000)) return false;
    storeDigits(this.#limbs, LIMBS * i, d0, d1, d2, d3);
    return true;
  }

  writeBE(i: number, bytes: Uint8Array, start: number): number {
    const limbs = this.#limbs;
    // The limbs as 32-bit integers of 23, 23, 22 and 19 bits, made canonical: first the carries, which leave all but the top
    // one non-negative, then p added or taken away until the value is in [0, p).
    let r0 = limbs[LIMBS * i] as number;
    let r1 = (limbs[LIMBS * i + 1] as number) * 2 ** -23;
    let r2 = (limbs[LIMBS * i + 2] as number) * 2 ** -46;
    let r3 = (limbs[LIMBS * i + 3] as number) * 2 ** -68;
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
    // Math.clz32 counts the leading zero bits of each word; a zero element still is one byte.
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

function setElement(limbs: Float64Array, at: number, x: bigint): void {
  const digit = (k: bigint): number => Number((x >> (24n * k)) & 0xffffffn);
  storeDigits(limbs, at, digit(0n), digit(1n), digit(2n), digit(3n));
}

/** The element whose limbs are at [at, at + LIMBS): integers of any size that a double holds. */
function toElement(limbs: Float64Array, at: number): bigint {
  let x = 0n;
  for (let k = 0; k < LIMBS; k++) x += BigInt(limbs[at + k] as number);
  return FIELD_87.reduce(x);
}

/** The packed vectors of Prio v1's field. */
export function packed87Space(): VectorSpace {
  return {
    field: FIELD_87,
    zeros: (length) => new PackedVector(new Float64Array(LIMBS * length)),
    fromBigInts: (values) => {
      const limbs = new Float64Array(LIMBS * values.length);
      for (let i = 0; i < values.length; i++) setElement(limbs, LIMBS * i, values[i] as bigint);
      return new PackedVector(limbs);
    },
    fromIntegers: (values) => {
      const limbs = new Float64Array(LIMBS * values.length);
      for (let i = 0; i < values.length; i++) limbs[LIMBS * i] = values[i] as number;
      return new PackedVector(limbs);
    },
  };
}
