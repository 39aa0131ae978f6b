// Arithmetic modulo p = 2^128 − 7·2^66 + 1 on packed limbs: the inner loops of packed128.ts. An element is six
// consecutive doubles of a Float64Array, and its value is their sum. Limb k is an integer multiple of its unit, which
// is 1, 2^22, 2^44, 2^66, 2^87 or 2^108, and may be negative, as in limbs87.ts.
//
// Why these units: 2^128 = 7·2^66 − 1 mod p. It takes a column of a product of unit 2^k, for each k ≥ 128 that arises,
// to the units 2^(k−62) and 2^(k−128), and from k = 190 on its upper part once more, to 49·2^(k−124), 2^(k−128) and
// 7·2^(k−190). All of them are whole multiples of the units of limbs. So the high half of a product folds onto the low
// half without a carry.
//
// Every loop is exact as long as no sum reaches 2^53 of its unit. In the usual form, which every operation but the
// butterflies returns, the limbs are at most 2^21, 2^21, 2^21, 2^20, 2^20 and 2^19 + 2^11 units. Call an element of
// that size one operand. In the product of two operands the critical column is the one of unit 2^66, in units:
//
//   a0·b3 + a1·b2 + a2·b1 + a3·b0       ≤ 2^43.6
//   (a1·b5 + a5·b1)·2^2·7               ≤ 2^45.9    the columns of units 2^130 to 2^132 fold by 7·2^−62
//   (a2·b4 + a4·b2)·2^3·7 + a3·b3·2^4·7 ≤ 2^48.4
//   (a4·b5 + a5·b4)·2^5·49              ≤ 2^50.7    that of unit 2^195 by 49·2^−124
//
// together below 2^50.96. So the product of a sum of four operands and one operand is exact. `butterflies` prepares its
// twiddle so that it takes more.
//
// Blocks between "begin" and "end" are repeated, for the reasons that limbs87.ts gives.

import { constants } from "./doubles.js";

/** Doubles of an element. */
export const LIMBS = 6;

// x + R − R rounds x, |x| < R/3, to a multiple of the ulp of R. R1 to R5 round to the units of limbs 1 to 5, and R6
// rounds to multiples of 2^128. A column of unit 2^k folds by FOLD_62 and −FOLD_128 if k < 190, else by FOLD_124,
// which is 49·2^−124 − 2^−128, and −FOLD_190.
const CONSTANTS = /* @__PURE__ */ constants(
  3 * 2 ** (51 + 22), // R1
  3 * 2 ** (51 + 44), // R2
  3 * 2 ** (51 + 66), // R3
  3 * 2 ** (51 + 87), // R4
  3 * 2 ** (51 + 108), // R5
  3 * 2 ** (51 + 128), // R6
  7 * 2 ** -62, // FOLD_62
  2 ** -128, // FOLD_128
  49 * 2 ** -124 - 2 ** -128, // FOLD_124
  7 * 2 ** -190, // FOLD_190
  // For the entries of the matrix in `butterflies`: to multiples of 1 and of 2^−21.
  3 * 2 ** 51, // R_1
  3 * 2 ** (51 - 21), // R_21
  // For the columns in `dotInto`.
  3 * 2 ** (51 + 152), // C7
  3 * 2 ** (51 + 174), // C8
  3 * 2 ** (51 + 195), // C9
  3 * 2 ** (51 + 216), // C10
  3 * 2 ** (51 + 237), // C11
);

// How the carries work: first the multiple of 2^128 in the two top limbs is folded. It is exact to within one, up to
// what limb 3 still carries upwards: less than 2^119, which is 2^11 units of the top limb. Then each limb passes
// upwards what exceeds half the next unit.

/** Brings the elements [start, end) of `x`, each a sum of at most 2^24 operands, to the usual form. */
export function carryAll(x: Float64Array, start: number, end: number): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const R5 = CONSTANTS[4] as number;
  const R6 = CONSTANTS[5] as number;
  const FOLD_62 = CONSTANTS[6] as number;
  const FOLD_128 = CONSTANTS[7] as number;
  // end rounding constants
  for (let i = (LIMBS * start) | 0, last = (LIMBS * end) | 0; i < last; i += 6) {
    let r0 = x[i] as number;
    let r1 = x[i + 1] as number;
    let r2 = x[i + 2] as number;
    let r3 = x[i + 3] as number;
    let r4 = x[i + 4] as number;
    let r5 = x[i + 5] as number;
    // begin carries
    let q = r4 + r5 + R6 - R6;
    r5 -= q;
    r3 += q * FOLD_62;
    r0 -= q * FOLD_128;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    r2 -= q;
    r3 += q;
    q = r3 + R4 - R4;
    r3 -= q;
    r4 += q;
    q = r4 + R5 - R5;
    r4 -= q;
    r5 += q;
    // end carries
    x[i] = r0;
    x[i + 1] = r1;
    x[i + 2] = r2;
    x[i + 3] = r3;
    x[i + 4] = r4;
    x[i + 5] = r5;
  }
}

/**
 * out[to + toStep·i] = a[from + i] + sign·b[at + bStep·i] for `count` elements, each one operand, in the usual form.
 * `out` may be `a` or `b`, if what is written is not read afterwards.
 */
export function addAll(
  out: Float64Array,
  to: number,
  toStep: number,
  a: Float64Array,
  from: number,
  sign: 1 | -1,
  b: Float64Array,
  at: number,
  bStep: number,
  count: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const R5 = CONSTANTS[4] as number;
  const R6 = CONSTANTS[5] as number;
  const FOLD_62 = CONSTANTS[6] as number;
  const FOLD_128 = CONSTANTS[7] as number;
  // end rounding constants
  const jj = (LIMBS * bStep) | 0;
  const kk = (LIMBS * toStep) | 0;
  for (
    let n = 0, i = (LIMBS * from) | 0, j = (LIMBS * at) | 0, k = (LIMBS * to) | 0;
    n < count;
    n++, i += 6, j += jj, k += kk
  ) {
    let r0 = (a[i] as number) + sign * (b[j] as number);
    let r1 = (a[i + 1] as number) + sign * (b[j + 1] as number);
    let r2 = (a[i + 2] as number) + sign * (b[j + 2] as number);
    let r3 = (a[i + 3] as number) + sign * (b[j + 3] as number);
    let r4 = (a[i + 4] as number) + sign * (b[j + 4] as number);
    let r5 = (a[i + 5] as number) + sign * (b[j + 5] as number);
    // begin carries
    let q = r4 + r5 + R6 - R6;
    r5 -= q;
    r3 += q * FOLD_62;
    r0 -= q * FOLD_128;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    r2 -= q;
    r3 += q;
    q = r3 + R4 - R4;
    r3 -= q;
    r4 += q;
    q = r4 + R5 - R5;
    r4 -= q;
    r5 += q;
    // end carries
    out[k] = r0;
    out[k + 1] = r1;
    out[k + 2] = r2;
    out[k + 3] = r3;
    out[k + 4] = r4;
    out[k + 5] = r5;
  }
}

/**
 * out[to + toStep·i] = a[from + i]·b[at + bStep·i] for `count` elements, in the usual form. Each element of `a` is a
 * sum of at most 4 operands, and each of `b` is one operand. `out` may be `a` or `b`, if what is written is not read
 * afterwards.
 */
export function multiplyAll(
  out: Float64Array,
  to: number,
  toStep: number,
  a: Float64Array,
  from: number,
  b: Float64Array,
  at: number,
  bStep: number,
  count: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const R5 = CONSTANTS[4] as number;
  const R6 = CONSTANTS[5] as number;
  const FOLD_62 = CONSTANTS[6] as number;
  const FOLD_128 = CONSTANTS[7] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_124 = CONSTANTS[8] as number;
  const FOLD_190 = CONSTANTS[9] as number;
  // end folding constants
  const jj = (LIMBS * bStep) | 0;
  const kk = (LIMBS * toStep) | 0;
  for (
    let n = 0, i = (LIMBS * from) | 0, j = (LIMBS * at) | 0, k = (LIMBS * to) | 0;
    n < count;
    n++, i += 6, j += jj, k += kk
  ) {
    const a0 = a[i] as number;
    const a1 = a[i + 1] as number;
    const a2 = a[i + 2] as number;
    const a3 = a[i + 3] as number;
    const a4 = a[i + 4] as number;
    const a5 = a[i + 5] as number;
    const b0 = b[j] as number;
    const b1 = b[j + 1] as number;
    const b2 = b[j + 2] as number;
    const b3 = b[j + 3] as number;
    const b4 = b[j + 4] as number;
    const b5 = b[j + 5] as number;
    // The columns of units 2^130, 2^152, 2^174, 2^195 and 2^216, then those of the six limbs.
    const c6 = a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1;
    const c7 = a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2;
    const c8 = a3 * b5 + a4 * b4 + a5 * b3;
    const c9 = a4 * b5 + a5 * b4;
    const c10 = a5 * b5;
    let r0 = a0 * b0 - c6 * FOLD_128 - c9 * FOLD_190;
    let r1 = a0 * b1 + a1 * b0 - c7 * FOLD_128 - c10 * FOLD_190;
    let r2 = a0 * b2 + a1 * b1 + a2 * b0 - c8 * FOLD_128;
    let r3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + c6 * FOLD_62 + c9 * FOLD_124;
    let r4 = a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 + c7 * FOLD_62 + c10 * FOLD_124;
    let r5 = a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 + c8 * FOLD_62;
    // begin carries
    let q = r4 + r5 + R6 - R6;
    r5 -= q;
    r3 += q * FOLD_62;
    r0 -= q * FOLD_128;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    r2 -= q;
    r3 += q;
    q = r3 + R4 - R4;
    r3 -= q;
    r4 += q;
    q = r4 + R5 - R5;
    r4 -= q;
    r5 += q;
    // end carries
    out[k] = r0;
    out[k + 1] = r1;
    out[k + 2] = r2;
    out[k + 3] = r3;
    out[k + 4] = r4;
    out[k + 5] = r5;
  }
}

/**
 * (u, v) → (u + w·v, u − w·v), for the twiddle w at index `w`: in each of `blocks` blocks of 2·half elements of `x`,
 * for the first `columns` pairs from `first` on. The two elements of a pair are `half` apart. On entry u and v are sums
 * of at most 26 operands, and w is one operand.
 */
export function butterflies(
  x: Float64Array,
  first: number,
  half: number,
  columns: number,
  blocks: number,
  twiddles: Float64Array,
  w: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const R5 = CONSTANTS[4] as number;
  const R6 = CONSTANTS[5] as number;
  const FOLD_62 = CONSTANTS[6] as number;
  const FOLD_128 = CONSTANTS[7] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_124 = CONSTANTS[8] as number;
  const FOLD_190 = CONSTANTS[9] as number;
  // end folding constants
  const R_1 = CONSTANTS[10] as number;
  const R_21 = CONSTANTS[11] as number;
  const b0 = twiddles[6 * w] as number;
  const b1 = twiddles[6 * w + 1] as number;
  const b2 = twiddles[6 * w + 2] as number;
  const b3 = twiddles[6 * w + 3] as number;
  const b4 = twiddles[6 * w + 4] as number;
  const b5 = twiddles[6 * w + 5] as number;
  // The matrix of "multiply by w": the products of `multiplyAll`, collected by the limb of v. An entry m<i>to<k> takes
  // limb i of v to limb k of the result.
  const m1to0 = -b5 * FOLD_128; // 2 to 1, 3 to 2
  const m2to0 = -b4 * FOLD_128; // 3 to 1, 4 to 2
  const m3to0 = -b3 * FOLD_128; // 4 to 1, 5 to 2
  const m4to0 = -b2 * FOLD_128 - b5 * FOLD_190; // 5 to 1
  const m5to0 = -b1 * FOLD_128 - b4 * FOLD_190;
  const m1to3 = b2 + b5 * FOLD_62; // 2 to 4, 3 to 5
  const m2to3 = b1 + b4 * FOLD_62; // 3 to 4, 4 to 5
  const m3to3 = b0 + b3 * FOLD_62;
  let m4to3 = b2 * FOLD_62 + b5 * FOLD_124;
  let m5to3 = b1 * FOLD_62 + b4 * FOLD_124;
  // These two and 5 to 4 are the large ones. What exceeds half a unit of the next limb of the result is passed there.
  // Then the critical column is the one of unit 2^87, with less than 2^48.24 for one operand.
  let excess = m4to3 + R_1 - R_1;
  m4to3 -= excess;
  const m4to4 = m3to3 + excess;
  excess = m5to3 + R_21 - R_21;
  m5to3 -= excess;
  let m5to4 = b2 * FOLD_62 + b5 * FOLD_124 + excess;
  excess = m5to4 + R_1 - R_1;
  m5to4 -= excess;
  const m5to5 = m3to3 + excess;

  for (let block = 0, start = (LIMBS * first) | 0; block < blocks; block++, start += (2 * LIMBS * half) | 0) {
    for (let n = 0, i = start, j = (start + LIMBS * half) | 0; n < columns; n++, i += 6, j += 6) {
      const a0 = x[j] as number;
      const a1 = x[j + 1] as number;
      const a2 = x[j + 2] as number;
      const a3 = x[j + 3] as number;
      const a4 = x[j + 4] as number;
      const a5 = x[j + 5] as number;
      let r0 = a0 * b0 + a1 * m1to0 + a2 * m2to0 + a3 * m3to0 + a4 * m4to0 + a5 * m5to0;
      let r1 = a0 * b1 + a1 * b0 + a2 * m1to0 + a3 * m2to0 + a4 * m3to0 + a5 * m4to0;
      let r2 = a0 * b2 + a1 * b1 + a2 * b0 + a3 * m1to0 + a4 * m2to0 + a5 * m3to0;
      let r3 = a0 * b3 + a1 * m1to3 + a2 * m2to3 + a3 * m3to3 + a4 * m4to3 + a5 * m5to3;
      let r4 = a0 * b4 + a1 * b3 + a2 * m1to3 + a3 * m2to3 + a4 * m4to4 + a5 * m5to4;
      let r5 = a0 * b5 + a1 * b4 + a2 * b3 + a3 * m1to3 + a4 * m2to3 + a5 * m5to5;
      // begin carries
      let q = r4 + r5 + R6 - R6;
      r5 -= q;
      r3 += q * FOLD_62;
      r0 -= q * FOLD_128;
      q = r0 + R1 - R1;
      r0 -= q;
      r1 += q;
      q = r1 + R2 - R2;
      r1 -= q;
      r2 += q;
      q = r2 + R3 - R3;
      r2 -= q;
      r3 += q;
      q = r3 + R4 - R4;
      r3 -= q;
      r4 += q;
      q = r4 + R5 - R5;
      r4 -= q;
      r5 += q;
      // end carries
      const u0 = x[i] as number;
      const u1 = x[i + 1] as number;
      const u2 = x[i + 2] as number;
      const u3 = x[i + 3] as number;
      const u4 = x[i + 4] as number;
      const u5 = x[i + 5] as number;
      x[i] = u0 + r0;
      x[i + 1] = u1 + r1;
      x[i + 2] = u2 + r2;
      x[i + 3] = u3 + r3;
      x[i + 4] = u4 + r4;
      x[i + 5] = u5 + r5;
      x[j] = u0 - r0;
      x[j + 1] = u1 - r1;
      x[j + 2] = u2 - r2;
      x[j + 3] = u3 - r3;
      x[j + 4] = u4 - r4;
      x[j + 5] = u5 - r5;
    }
  }
}

/**
 * How many products `dotInto` sums between reductions. A product has at most 2^44.7 units in a column before it folds,
 * so 128 of them, with the reduced sum of those before, stay below 2^52.
 */
const DOT_BLOCK = 128;

/**
 * out[to] = Σ a[from + aStep·i]·b[at + bStep·i] over `count` elements, each one operand, in the usual form. `out` may
 * be `a` or `b`.
 */
export function dotInto(
  out: Float64Array,
  to: number,
  a: Float64Array,
  from: number,
  aStep: number,
  b: Float64Array,
  at: number,
  bStep: number,
  count: number,
): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const R5 = CONSTANTS[4] as number;
  const R6 = CONSTANTS[5] as number;
  const FOLD_62 = CONSTANTS[6] as number;
  const FOLD_128 = CONSTANTS[7] as number;
  // end rounding constants
  // begin folding constants
  const FOLD_124 = CONSTANTS[8] as number;
  const FOLD_190 = CONSTANTS[9] as number;
  // end folding constants
  const C7 = CONSTANTS[12] as number;
  const C8 = CONSTANTS[13] as number;
  const C9 = CONSTANTS[14] as number;
  const C10 = CONSTANTS[15] as number;
  const C11 = CONSTANTS[16] as number;
  const ii = (LIMBS * aStep) | 0;
  const jj = (LIMBS * bStep) | 0;
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  let r4 = 0;
  let r5 = 0;
  for (let n = 0, i = (LIMBS * from) | 0, j = (LIMBS * at) | 0; n < count; ) {
    let c6 = 0;
    let c7 = 0;
    let c8 = 0;
    let c9 = 0;
    let c10 = 0;
    for (const last = Math.min(count, n + DOT_BLOCK); n < last; n++, i += ii, j += jj) {
      const a0 = a[i] as number;
      const a1 = a[i + 1] as number;
      const a2 = a[i + 2] as number;
      const a3 = a[i + 3] as number;
      const a4 = a[i + 4] as number;
      const a5 = a[i + 5] as number;
      const b0 = b[j] as number;
      const b1 = b[j + 1] as number;
      const b2 = b[j + 2] as number;
      const b3 = b[j + 3] as number;
      const b4 = b[j + 4] as number;
      const b5 = b[j + 5] as number;
      r0 += a0 * b0;
      r1 += a0 * b1 + a1 * b0;
      r2 += a0 * b2 + a1 * b1 + a2 * b0;
      r3 += a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0;
      r4 += a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0;
      r5 += a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0;
      c6 += a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1;
      c7 += a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2;
      c8 += a3 * b5 + a4 * b4 + a5 * b3;
      c9 += a4 * b5 + a5 * b4;
      c10 += a5 * b5;
    }
    // Folded as they are, these columns would be too large. Each passes upwards what exceeds half the next unit, the
    // last one to a column of unit 2^237. It folds to 49·2^113 − 2^109 and −7·2^47, in limbs 5 and 2.
    let c = c6 + C7 - C7;
    c6 -= c;
    c7 += c;
    c = c7 + C8 - C8;
    c7 -= c;
    c8 += c;
    c = c8 + C9 - C9;
    c8 -= c;
    c9 += c;
    c = c9 + C10 - C10;
    c9 -= c;
    c10 += c;
    c = c10 + C11 - C11;
    c10 -= c;
    r0 -= c6 * FOLD_128 + c9 * FOLD_190;
    r1 -= c7 * FOLD_128 + c10 * FOLD_190;
    r2 -= c8 * FOLD_128 + c * FOLD_190;
    r3 += c6 * FOLD_62 + c9 * FOLD_124;
    r4 += c7 * FOLD_62 + c10 * FOLD_124;
    r5 += c8 * FOLD_62 + c * FOLD_124;
    // begin carries
    let q = r4 + r5 + R6 - R6;
    r5 -= q;
    r3 += q * FOLD_62;
    r0 -= q * FOLD_128;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    q = r2 + R3 - R3;
    r2 -= q;
    r3 += q;
    q = r3 + R4 - R4;
    r3 -= q;
    r4 += q;
    q = r4 + R5 - R5;
    r4 -= q;
    r5 += q;
    // end carries
  }
  const k = LIMBS * to;
  out[k] = r0;
  out[k + 1] = r1;
  out[k + 2] = r2;
  out[k + 3] = r3;
  out[k + 4] = r4;
  out[k + 5] = r5;
}

/** Stores at x[at…], in the usual form, w0 + 2^32·w1 + 2^64·w2 + 2^96·w3, for words in [0, 2^32). */
export function storeWords(x: Float64Array, at: number, w0: number, w1: number, w2: number, w3: number): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const R5 = CONSTANTS[4] as number;
  const R6 = CONSTANTS[5] as number;
  // As in the carries: 2^128 is folded if the integer is above its half. Then all that exceeds half a unit is passed
  // upwards. No sum has more than 53 bits, because each word joins where its unit is a multiple of the limb's.
  let top = w3 * 2 ** 96;
  let q = top + R6 - R6;
  top -= q;
  const r3 = q * (CONSTANTS[6] as number);
  let r = w0 - q * (CONSTANTS[7] as number);
  q = r + R1 - R1;
  x[at] = r - q;
  r = q + w1 * 2 ** 32;
  q = r + R2 - R2;
  x[at + 1] = r - q;
  r = q + w2 * 2 ** 64;
  q = r + R3 - R3;
  x[at + 2] = r - q;
  r = q + r3;
  q = r + R4 - R4;
  x[at + 3] = r - q;
  r = q + top;
  q = r + R5 - R5;
  x[at + 4] = r - q;
  x[at + 5] = q;
}
