// Packed vectors over p = 2^64 − 2^32 + 1. limbs64.ts has the arithmetic and its bounds, packed-vector.ts the vectors.
// Here is what is left: elements in and out as bytes.

import { FIELD_64 } from "./fields.js";
import type { Limbs } from "./limbs.js";
import { addAll, butterflies, carryAll, dotInto, LIMBS, multiplyAll, storeWords } from "./limbs64.js";
import { type PackedVector, packedSpace } from "./packed-vector.js";
import type { VectorSpace } from "./vector.js";

function readAll(x: Float64Array, i: number, bytes: DataView, start: number, end: number): number {
  let next = i;
  for (let at = start; at < end; at += 8) {
    const low = bytes.getUint32(at, true);
    const high = bytes.getUint32(at + 4, true);
    // The words of p are 1 and ffffffff. A random integer is refused once in 2^32 times.
    if (high === 0xffffffff && low >= 1) continue;
    storeWords(x, LIMBS * next, low, high);
    next++;
  }
  return next;
}

function writeAll(x: Float64Array, from: number, to: number, bytes: DataView, start: number): void {
  for (let i = LIMBS * from, at = start; i < LIMBS * to; i += LIMBS, at += 8) {
    // Make the limbs canonical, as 32-bit integers of 22, 21 and 21 bits. The value is in [−p/2 − 2^59, p/2 + 2^59], so
    // that p is added once if it is negative. Half of all elements are, at random, so there is no branch.
    let r0 = (x[i] as number) | 0;
    let r1 = ((x[i + 1] as number) * 2 ** -22) | 0;
    let r2 = ((x[i + 2] as number) * 2 ** -43) | 0;
    // begin canonical carries
    r1 += r0 >> 22;
    r0 &= 0x3fffff;
    r2 += r1 >> 21;
    r1 &= 0x1fffff;
    // end canonical carries
    const sign = r2 >> 31;
    r0 -= sign;
    r1 += 0x400 * sign;
    r2 += 0x200000 & sign;
    // begin canonical carries
    r1 += r0 >> 22;
    r0 &= 0x3fffff;
    r2 += r1 >> 21;
    r1 &= 0x1fffff;
    // end canonical carries
    bytes.setInt32(at, r0 | (r1 << 22), true);
    bytes.setInt32(at + 4, (r1 >>> 10) | (r2 << 11), true);
  }
}

/** All loops over the limbs of FIELD_64. */
export const LOOPS_64: Limbs<"Field64"> = {
  field: FIELD_64,
  size: LIMBS,
  carryAll,
  addAll,
  multiplyAll,
  dotInto,
  butterflies,
  readAll,
  writeAll,
};

export type Packed64Vector = PackedVector<"Field64">;

/** The packed vectors over FIELD_64. Throws `unsupported` where there is no Float64Array. */
export const packed64Space = (): VectorSpace<Packed64Vector> => packedSpace(LOOPS_64);
