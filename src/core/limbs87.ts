// Arithmetic modulo p = 2^87 + 2^19 + 1 on packed limbs: the inner loops of packed87.ts. An element is four consecutive
// doubles of a Float64Array, and its value is their sum. Limb k is an integer multiple of its unit, which is 1, 2^23,
// 2^46 or 2^68, and may be negative. A double has 53 significant bits at any scale, so products and sums of limbs need
// no shifts.
//
// Why these units: 2^87 = −(2^19 + 1) mod p takes a column of unit 2^k, for each k ≥ 87 that arises, to the units
// 2^(k−68) and 2^(k−87), and both are whole multiples of the units 1, 2^23, 2^46, 2^68. So the high half of a product
// folds onto the low half without a carry. With equal units, such as 2^22, each folded column would need one.
//
// Every loop is exact as long as no sum reaches 2^53 of its unit. In the usual form, which every operation but the
// butterflies returns, the limbs are at most 2^22, 2^22, 2^21 and 2^19 + 1 units. Call an element of that size one
// operand. In the product of two operands the critical column is the one of unit 1, with what folds onto it:
//
//   a0·b0 + 2^5·a2·b2 + 2^4·(a1·b3 + a3·b1) + (2^19 + 1)·(the multiple of 2^87 in the top limbs, below 2^26.3)
//   ≤ 2^44 + 2^47 + 2^46 + 2^45.3, together below 2^48.
//
// So the product of a sum of k operands and one operand is exact for k ≤ 32, and so is the sum of 32 products. A
// butterfly adds one operand to an element: after the 19 stages of the longest transform an element is a sum of 20.
//
// Blocks between "begin" and "end" are repeated, because JavaScript has no way to share them that is free. Measured in
// V8, with the carries in a function that stores its four results a product takes 11 % longer and a butterfly 30 %;
// with a function that returns them as an array, 35 % and 20 %; as a second loop over the vector, a product takes 11 %
// longer. test/core/limbs.node.test.ts fails unless all blocks of a name are the same, line by line.

import { hasDoubles } from "./doubles.js";

/** Doubles an element. */
export const LIMBS = 4;

// x + R − R rounds x, |x| < R/3, to a multiple of the ulp of R. R1, R2 and R3 round to the units of limbs 1, 2 and 3,
// and R4 rounds to multiples of 2^87. For k ≥ 87, 2^k = −2^(k−68) − 2^(k−87): a column of unit 2^k folds by −FOLD_68
// and −FOLD_87, and a multiple of 2^87 folds by −FOLD.
//
// The constants are in an array, which each loop reads once before it starts. V8 builds a constant in the code anew at
// each use, and reads a module's variable anew at each use: that costs 10 % and 20 % of a product.
const VALUES = [
  3 * 2 ** (51 + 23), // R1
  3 * 2 ** (51 + 46), // R2
  3 * 2 ** (51 + 68), // R3
  3 * 2 ** (51 + 87), // R4
  2 ** -68 + 2 ** -87, // FOLD
  2 ** -68, // FOLD_68
  2 ** -87, // FOLD_87
];
const CONSTANTS = hasDoubles ? new Float64Array(VALUES) : VALUES;

// How the carries work: first the multiple of 2^87 in the two top limbs is folded. It is exact to within one, whatever
// the lower limbs hold. Then each limb passes upwards what exceeds half the next unit. The top limb ends at 2^18 units
// plus what limb 1 spilled through limb 2, less than 2^6. Each loop applies the last carry itself: a product that
// applies it before the first store takes 2 % longer.

/** Brings the first `count` elements of `x`, each a sum of at most 2^6 operands, to the usual form. */
export function carryAll(x: Float64Array, count: number): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD = CONSTANTS[4] as number;
  // end rounding constants
  for (let n = 0, i = 0; n < count; n++, i += 4) {
    let r0 = x[i] as number;
    let r1 = x[i + 1] as number;
    let r2 = x[i + 2] as number;
    let r3 = x[i + 3] as number;
    // begin carries
    let q = r2 + r3 + R4 - R4;
    r3 -= q;
    r0 -= q * FOLD;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    // end carries
    x[i] = r0;
    x[i + 1] = r1;
    x[i + 2] = r2 - q;
    x[i + 3] = r3 + q;
  }
}

/**
 * out[to + i] = a[from + i]·b[i] for `count` elements, in the usual form. With `bStep` 0 instead of 1, all of them are
 * multiplied by b[0]. Each element of `a` is a sum of at most 32 operands, and each of `b` is one operand. `out` may be
 * `a`, if the two ranges are the same or do not overlap.
 */
export function multiplyAll(
  out: Float64Array,
  to: number,
  a: Float64Array,
  from: number,
  b: Float64Array,
  bStep: number,
  count: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD = CONSTANTS[4] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_68 = CONSTANTS[5] as number;
  const FOLD_87 = CONSTANTS[6] as number;
  // end folding constants
  const jj = (LIMBS * bStep) | 0;
  for (let n = 0, i = (LIMBS * from) | 0, j = 0, k = (LIMBS * to) | 0; n < count; n++, i += 4, j += jj, k += 4) {
    const a0 = a[i] as number;
    const a1 = a[i + 1] as number;
    const a2 = a[i + 2] as number;
    const a3 = a[i + 3] as number;
    const b0 = b[j] as number;
    const b1 = b[j + 1] as number;
    const b2 = b[j + 2] as number;
    const b3 = b[j + 3] as number;
    // begin product
    // The columns of units 2^91, 2^114 and 2^136, then those of the four limbs.
    const c4 = a1 * b3 + a2 * b2 + a3 * b1;
    const c5 = a2 * b3 + a3 * b2;
    const c6 = a3 * b3;
    let r0 = a0 * b0 - c4 * FOLD_87;
    let r1 = a0 * b1 + a1 * b0 - c4 * FOLD_68 - c5 * FOLD_87;
    let r2 = a0 * b2 + a1 * b1 + a2 * b0 - c5 * FOLD_68 - c6 * FOLD_87;
    let r3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - c6 * FOLD_68;
    // end product
    // begin carries
    let q = r2 + r3 + R4 - R4;
    r3 -= q;
    r0 -= q * FOLD;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    // end carries
    out[k] = r0;
    out[k + 1] = r1;
    out[k + 2] = r2 - q;
    out[k + 3] = r3 + q;
  }
}

/**
 * (u, v) → (u + w·v, u − w·v) for `count` pairs. The pairs are the elements (u, v), (u + step, v + step), … of `x`, and
 * their twiddles are the elements w, w + wStep, … of `twiddles`. On entry each of u, v is a sum of at most 19 operands,
 * and w is one operand.
 */
export function butterflies(
  x: Float64Array,
  u: number,
  v: number,
  step: number,
  twiddles: Float64Array,
  w: number,
  wStep: number,
  count: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD = CONSTANTS[4] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_68 = CONSTANTS[5] as number;
  const FOLD_87 = CONSTANTS[6] as number;
  // end folding constants
  const ij = (LIMBS * step) | 0;
  const kk = (LIMBS * wStep) | 0;
  for (
    let n = 0, i = (LIMBS * u) | 0, j = (LIMBS * v) | 0, k = (LIMBS * w) | 0;
    n < count;
    n++, i += ij, j += ij, k += kk
  ) {
    const a0 = x[j] as number;
    const a1 = x[j + 1] as number;
    const a2 = x[j + 2] as number;
    const a3 = x[j + 3] as number;
    const b0 = twiddles[k] as number;
    const b1 = twiddles[k + 1] as number;
    const b2 = twiddles[k + 2] as number;
    const b3 = twiddles[k + 3] as number;
    // begin product
    // The columns of units 2^91, 2^114 and 2^136, then those of the four limbs.
    const c4 = a1 * b3 + a2 * b2 + a3 * b1;
    const c5 = a2 * b3 + a3 * b2;
    const c6 = a3 * b3;
    let r0 = a0 * b0 - c4 * FOLD_87;
    let r1 = a0 * b1 + a1 * b0 - c4 * FOLD_68 - c5 * FOLD_87;
    let r2 = a0 * b2 + a1 * b1 + a2 * b0 - c5 * FOLD_68 - c6 * FOLD_87;
    let r3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - c6 * FOLD_68;
    // end product
    // begin carries
    let q = r2 + r3 + R4 - R4;
    r3 -= q;
    r0 -= q * FOLD;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    // end carries
    r2 -= q;
    r3 += q;
    // begin butterfly
    const u0 = x[i] as number;
    const u1 = x[i + 1] as number;
    const u2 = x[i + 2] as number;
    const u3 = x[i + 3] as number;
    x[i] = u0 + r0;
    x[i + 1] = u1 + r1;
    x[i + 2] = u2 + r2;
    x[i + 3] = u3 + r3;
    x[j] = u0 - r0;
    x[j + 1] = u1 - r1;
    x[j + 2] = u2 - r2;
    x[j + 3] = u3 - r3;
    // end butterfly
  }
}

/** The same butterflies with one twiddle for all pairs. Its folded multiples are computed before the loop. */
export function butterfliesByOne(
  x: Float64Array,
  u: number,
  v: number,
  step: number,
  twiddles: Float64Array,
  w: number,
  count: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD = CONSTANTS[4] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_68 = CONSTANTS[5] as number;
  const FOLD_87 = CONSTANTS[6] as number;
  // end folding constants
  const b0 = twiddles[4 * w] as number;
  const b1 = twiddles[4 * w + 1] as number;
  const b2 = twiddles[4 * w + 2] as number;
  const b3 = twiddles[4 * w + 3] as number;
  // The matrix of "multiply by w": the products of `butterflies`, collected by the limb of v. An entry m<i>to<k> takes
  // limb i of v to limb k of the result.
  const m1to0 = -b3 * FOLD_87;
  const m2to0 = -b2 * FOLD_87;
  const m3to0 = -b1 * FOLD_87;
  const same = b0 - b3 * FOLD_68; // 1 to 1, 2 to 2, 3 to 3
  const down1 = m1to0 - b2 * FOLD_68; // 2 to 1, 3 to 2
  const m3to1 = m2to0 - b1 * FOLD_68;
  const ij = (LIMBS * step) | 0;
  for (let n = 0, i = (LIMBS * u) | 0, j = (LIMBS * v) | 0; n < count; n++, i += ij, j += ij) {
    const a0 = x[j] as number;
    const a1 = x[j + 1] as number;
    const a2 = x[j + 2] as number;
    const a3 = x[j + 3] as number;
    let r0 = a0 * b0 + a1 * m1to0 + a2 * m2to0 + a3 * m3to0;
    let r1 = a0 * b1 + a1 * same + a2 * down1 + a3 * m3to1;
    let r2 = a0 * b2 + a1 * b1 + a2 * same + a3 * down1;
    let r3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * same;
    // begin carries
    let q = r2 + r3 + R4 - R4;
    r3 -= q;
    r0 -= q * FOLD;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    // end carries
    r2 -= q;
    r3 += q;
    // begin butterfly
    const u0 = x[i] as number;
    const u1 = x[i + 1] as number;
    const u2 = x[i + 2] as number;
    const u3 = x[i + 3] as number;
    x[i] = u0 + r0;
    x[i + 1] = u1 + r1;
    x[i + 2] = u2 + r2;
    x[i + 3] = u3 + r3;
    x[j] = u0 - r0;
    x[j + 1] = u1 - r1;
    x[j + 2] = u2 - r2;
    x[j + 3] = u3 - r3;
    // end butterfly
  }
}

/** How many products `dotInto` sums between reductions: with the reduced sum of those before, 31 operands. */
const DOT_BLOCK = 30;

/** out[0…3] = Σ a[i]·b[offset + i] over `count` elements, in the usual form. */
export function dotInto(out: Float64Array, a: Float64Array, b: Float64Array, offset: number, count: number): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD = CONSTANTS[4] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_68 = CONSTANTS[5] as number;
  const FOLD_87 = CONSTANTS[6] as number;
  // end folding constants
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  for (let i = 0, j = 4 * offset; i < 4 * count; ) {
    let c4 = 0;
    let c5 = 0;
    let c6 = 0;
    for (const end = Math.min(4 * count, i + 4 * DOT_BLOCK); i < end; i += 4, j += 4) {
      const a0 = a[i] as number;
      const a1 = a[i + 1] as number;
      const a2 = a[i + 2] as number;
      const a3 = a[i + 3] as number;
      const b0 = b[j] as number;
      const b1 = b[j + 1] as number;
      const b2 = b[j + 2] as number;
      const b3 = b[j + 3] as number;
      r0 += a0 * b0;
      r1 += a0 * b1 + a1 * b0;
      r2 += a0 * b2 + a1 * b1 + a2 * b0;
      r3 += a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
      c4 += a1 * b3 + a2 * b2 + a3 * b1;
      c5 += a2 * b3 + a3 * b2;
      c6 += a3 * b3;
    }
    r0 -= c4 * FOLD_87;
    r1 -= c4 * FOLD_68 + c5 * FOLD_87;
    r2 -= c5 * FOLD_68 + c6 * FOLD_87;
    r3 -= c6 * FOLD_68;
    // begin carries
    let q = r2 + r3 + R4 - R4;
    r3 -= q;
    r0 -= q * FOLD;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    // end carries
    r2 -= q;
    r3 += q;
  }
  out[0] = r0;
  out[1] = r1;
  out[2] = r2;
  out[3] = r3;
}

/** Stores at x[at…], in the usual form, the number with these four digits in base 2^24. It is at most p − 1. */
export function storeDigits(x: Float64Array, at: number, d0: number, d1: number, d2: number, d3: number): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  // The unit of each digit is a multiple of its limb's unit, so all that is left is to carry upwards.
  let r1 = d1 * 2 ** 24;
  let r2 = d2 * 2 ** 48;
  let q = d0 + R1 - R1;
  x[at] = d0 - q;
  r1 += q;
  q = r1 + R2 - R2;
  x[at + 1] = r1 - q;
  r2 += q;
  q = r2 + R3 - R3;
  x[at + 2] = r2 - q;
  x[at + 3] = d3 * 2 ** 72 + q;
}
