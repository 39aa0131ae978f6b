// Packed vectors over p = 2^128 − 7·2^66 + 1. limbs128.ts has the arithmetic and its bounds, packed-vector.ts the
// vectors. Here is what is left: elements in and out as bytes.

import { FIELD_128 } from "./fields.js";
import type { Limbs } from "./limbs.js";
import { addAll, butterflies, carryAll, dotInto, LIMBS, multiplyAll, storeWords } from "./limbs128.js";
import { type PackedVector, packedSpace } from "./packed-vector.js";
import type { VectorSpace } from "./vector.js";

function readAll(x: Float64Array, i: number, bytes: DataView, start: number, end: number): number {
  let next = i;
  for (let at = start; at < end; at += 16) {
    const w0 = bytes.getUint32(at, true);
    const w1 = bytes.getUint32(at + 4, true);
    const w2 = bytes.getUint32(at + 8, true);
    const w3 = bytes.getUint32(at + 12, true);
    // The words of p are 1, 0, ffffffe4 and ffffffff. A random integer is refused once in 2^59 times.
    if (w3 === 0xffffffff && w2 >= 0xffffffe4 && (w2 > 0xffffffe4 || w1 > 0 || w0 >= 1)) continue;
    storeWords(x, LIMBS * next, w0, w1, w2, w3);
    next++;
  }
  return next;
}

function writeAll(x: Float64Array, from: number, to: number, bytes: DataView, start: number): void {
  for (let i = LIMBS * from, at = start; i < LIMBS * to; i += LIMBS, at += 16) {
    // Make the limbs canonical, as 32-bit integers of 22, 22, 22, 21, 21 and 20 bits. The value is in
    // [−p/2 − 2^119, p/2 + 2^119], so that p is added once if it is negative. Half of all elements are, at random, so
    // there is no branch.
    let r0 = (x[i] as number) | 0;
    let r1 = ((x[i + 1] as number) * 2 ** -22) | 0;
    let r2 = ((x[i + 2] as number) * 2 ** -44) | 0;
    let r3 = ((x[i + 3] as number) * 2 ** -66) | 0;
    let r4 = ((x[i + 4] as number) * 2 ** -87) | 0;
    let r5 = ((x[i + 5] as number) * 2 ** -108) | 0;
    // begin canonical carries
    r1 += r0 >> 22;
    r0 &= 0x3fffff;
    r2 += r1 >> 22;
    r1 &= 0x3fffff;
    r3 += r2 >> 22;
    r2 &= 0x3fffff;
    r4 += r3 >> 21;
    r3 &= 0x1fffff;
    r5 += r4 >> 21;
    r4 &= 0x1fffff;
    // end canonical carries
    const sign = r5 >> 31;
    r0 -= sign;
    r3 += 7 * sign;
    r5 += 0x100000 & sign;
    // begin canonical carries
    r1 += r0 >> 22;
    r0 &= 0x3fffff;
    r2 += r1 >> 22;
    r1 &= 0x3fffff;
    r3 += r2 >> 22;
    r2 &= 0x3fffff;
    r4 += r3 >> 21;
    r3 &= 0x1fffff;
    r5 += r4 >> 21;
    r4 &= 0x1fffff;
    // end canonical carries
    bytes.setInt32(at, r0 | (r1 << 22), true);
    bytes.setInt32(at + 4, (r1 >>> 10) | (r2 << 12), true);
    bytes.setInt32(at + 8, (r2 >>> 20) | (r3 << 2) | (r4 << 23), true);
    bytes.setInt32(at + 12, (r4 >>> 9) | (r5 << 12), true);
  }
}

/** All loops over the limbs of FIELD_128. */
export const LOOPS_128: Limbs<"Field128"> = {
  field: FIELD_128,
  size: LIMBS,
  carryAll,
  addAll,
  multiplyAll,
  dotInto,
  butterflies,
  readAll,
  writeAll,
};

export type Packed128Vector = PackedVector<"Field128">;

/** The packed vectors over FIELD_128. Throws `unsupported` where there is no Float64Array. */
export const packed128Space = (): VectorSpace<Packed128Vector> => packedSpace(LOOPS_128);
