// Arithmetic modulo p = 2^64 − 2^32 + 1 on packed limbs: the inner loops of packed64.ts. An element is three
// consecutive doubles of a Float64Array, and its value is their sum. Limb k is an integer multiple of its unit, which
// is 1, 2^22 or 2^43, and may be negative, as in limbs87.ts.
//
// Why these units: 2^64 = 2^32 − 1 and 2^96 = −1 mod p. They take the columns of a product above those of the limbs,
// of units 2^65 and 2^86, to whole multiples of the limbs' units. But the middle column of three limbs has more bits
// than there are between 2^96 and 2^64. So what exceeds 2^96 is folded first, and the rest after it.
//
// Every loop is exact as long as no sum reaches 2^53 of its unit. In the usual form, which every operation but the
// butterflies returns, the limbs are at most 2^21, 2^20 and 2^20 + 2^16 units. Call an element of that size one
// operand. In the product of two operands the critical column is the one of unit 2^22, in units:
//
//   a0·b1 + a1·b0           ≤ 2^42
//   (a1·b2 + a2·b1)·2^11    ≤ 2^52.1    the column of unit 2^65 folds by 2^−32
//
// together with the rest below 2^52.2. `butterflies` prepares its twiddle so that it takes sums of operands.
//
// Blocks between "begin" and "end" are repeated, for the reasons that limbs87.ts gives.

import { constants, doubles } from "./doubles.js";

/** Doubles of an element. */
export const LIMBS = 3;

// x + R − R rounds x, |x| < R/3, to a multiple of the ulp of R. R1 and R2 round to the units of limbs 1 and 2, and R64
// and R96 to multiples of 2^64 and 2^96.
const CONSTANTS = /* @__PURE__ */ constants(
  3 * 2 ** (51 + 22), // R1
  3 * 2 ** (51 + 43), // R2
  3 * 2 ** (51 + 64), // R64
  2 ** -32, // FOLD_32
  2 ** -64, // FOLD_64
  3 * 2 ** (51 + 96), // R96
  2 ** -96, // FOLD_96
  3 * 2 ** (51 + 86), // R86
);

// How the carries work: first the multiple of 2^64 in the two top limbs is folded. It is exact to within one, up to the
// 2^−32 parts of it that the folding adds again: less than 2^59, which is 2^16 units of the top limb, as long as the
// multiple is below 2^91. Then each limb passes upwards what exceeds half the next unit.

/** Brings the elements [start, end) of `x`, each a sum of at most 2^24 operands, to the usual form. */
export function carryAll(x: Float64Array, start: number, end: number): void {
  // begin rounding constants
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R64 = CONSTANTS[2] as number;
  const FOLD_32 = CONSTANTS[3] as number;
  const FOLD_64 = CONSTANTS[4] as number;
  // end rounding constants
  for (let i = (LIMBS * start) | 0, last = (LIMBS * end) | 0; i < last; i += 3) {
    let r0 = x[i] as number;
    let r1 = x[i + 1] as number;
    let r2 = x[i + 2] as number;
    // begin carries
    let q = r1 + r2 + R64 - R64;
    r2 -= q;
    r1 += q * FOLD_32;
    r0 -= q * FOLD_64;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    // end carries
    x[i] = r0;
    x[i + 1] = r1;
    x[i + 2] = r2;
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
  const R64 = CONSTANTS[2] as number;
  const FOLD_32 = CONSTANTS[3] as number;
  const FOLD_64 = CONSTANTS[4] as number;
  // end rounding constants
  const jj = (LIMBS * bStep) | 0;
  const kk = (LIMBS * toStep) | 0;
  for (
    let n = 0, i = (LIMBS * from) | 0, j = (LIMBS * at) | 0, k = (LIMBS * to) | 0;
    n < count;
    n++, i += 3, j += jj, k += kk
  ) {
    let r0 = (a[i] as number) + sign * (b[j] as number);
    let r1 = (a[i + 1] as number) + sign * (b[j + 1] as number);
    let r2 = (a[i + 2] as number) + sign * (b[j + 2] as number);
    // begin carries
    let q = r1 + r2 + R64 - R64;
    r2 -= q;
    r1 += q * FOLD_32;
    r0 -= q * FOLD_64;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    // end carries
    out[k] = r0;
    out[k + 1] = r1;
    out[k + 2] = r2;
  }
}

/**
 * out[to + toStep·i] = a[from + i]·b[at + bStep·i] for `count` elements, each one operand, in the usual form. `out` may
 * be `a` or `b`, if what is written is not read afterwards.
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
  const R64 = CONSTANTS[2] as number;
  const FOLD_32 = CONSTANTS[3] as number;
  const FOLD_64 = CONSTANTS[4] as number;
  // end rounding constants
  // begin folding constants
  const R96 = CONSTANTS[5] as number;
  const FOLD_96 = CONSTANTS[6] as number;
  // end folding constants
  const jj = (LIMBS * bStep) | 0;
  const kk = (LIMBS * toStep) | 0;
  for (
    let n = 0, i = (LIMBS * from) | 0, j = (LIMBS * at) | 0, k = (LIMBS * to) | 0;
    n < count;
    n++, i += 3, j += jj, k += kk
  ) {
    const a0 = a[i] as number;
    const a1 = a[i + 1] as number;
    const a2 = a[i + 2] as number;
    const b0 = b[j] as number;
    const b1 = b[j + 1] as number;
    const b2 = b[j + 2] as number;
    let r0 = a0 * b0;
    let r1 = a0 * b1 + a1 * b0;
    let r2 = a0 * b2 + a1 * b1 + a2 * b0;
    const c3 = a1 * b2 + a2 * b1;
    let c4 = a2 * b2;
    // begin folds
    // The columns of units 2^65 and 2^86. Without its multiple of 2^96, c4 is about −c3, and they cancel in the
    // carries.
    const c5 = c3 + c4 + R96 - R96;
    c4 -= c5;
    r0 -= c5 * FOLD_96 + c3 * FOLD_64;
    r1 += c3 * FOLD_32 - c4 * FOLD_64;
    r2 += c4 * FOLD_32;
    // end folds
    // begin carries
    let q = r1 + r2 + R64 - R64;
    r2 -= q;
    r1 += q * FOLD_32;
    r0 -= q * FOLD_64;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    // end carries
    out[k] = r0;
    out[k + 1] = r1;
    out[k + 2] = r2;
  }
}

/** The matrix of "multiply by w", for `butterflies`: its rows are w, 2^22·w and 2^43·w in the usual form. */
const MATRIX = /* @__PURE__ */ doubles(3 * LIMBS);

/**
 * (u, v) → (u + w·v, u − w·v), for the twiddle w at index `w`: in each of `blocks` blocks of 2·half elements of `x`,
 * for the first `columns` pairs from `first` on. The two elements of a pair are `half` apart. On entry u and v are sums
 * of at most 40 operands, and w is one operand.
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
  const R64 = CONSTANTS[2] as number;
  const FOLD_32 = CONSTANTS[3] as number;
  const FOLD_64 = CONSTANTS[4] as number;
  // end rounding constants
  const m = MATRIX;
  for (let k = 0; k < LIMBS; k++) m[k] = twiddles[LIMBS * w + k] as number;
  for (let k = LIMBS; k < 2 * LIMBS; k++) m[k] = (m[k - LIMBS] as number) * 2 ** 22;
  carryAll(m, 1, 2);
  for (let k = 2 * LIMBS; k < 3 * LIMBS; k++) m[k] = (m[k - LIMBS] as number) * 2 ** 21;
  carryAll(m, 2, 3);
  // An entry m<i>to<k> takes limb i of v to limb k of the result, less than 2^43 units for one operand.
  const m0to0 = m[0] as number;
  const m0to1 = m[1] as number;
  const m0to2 = m[2] as number;
  const m1to0 = (m[3] as number) * 2 ** -22;
  const m1to1 = (m[4] as number) * 2 ** -22;
  const m1to2 = (m[5] as number) * 2 ** -22;
  const m2to0 = (m[6] as number) * 2 ** -43;
  const m2to1 = (m[7] as number) * 2 ** -43;
  const m2to2 = (m[8] as number) * 2 ** -43;

  for (let block = 0, start = (LIMBS * first) | 0; block < blocks; block++, start += (2 * LIMBS * half) | 0) {
    for (let n = 0, i = start, j = (start + LIMBS * half) | 0; n < columns; n++, i += 3, j += 3) {
      const a0 = x[j] as number;
      const a1 = x[j + 1] as number;
      const a2 = x[j + 2] as number;
      let r0 = a0 * m0to0 + a1 * m1to0 + a2 * m2to0;
      let r1 = a0 * m0to1 + a1 * m1to1 + a2 * m2to1;
      let r2 = a0 * m0to2 + a1 * m1to2 + a2 * m2to2;
      // begin carries
      let q = r1 + r2 + R64 - R64;
      r2 -= q;
      r1 += q * FOLD_32;
      r0 -= q * FOLD_64;
      q = r0 + R1 - R1;
      r0 -= q;
      r1 += q;
      q = r1 + R2 - R2;
      r1 -= q;
      r2 += q;
      // end carries
      const u0 = x[i] as number;
      const u1 = x[i + 1] as number;
      const u2 = x[i + 2] as number;
      x[i] = u0 + r0;
      x[i + 1] = u1 + r1;
      x[i + 2] = u2 + r2;
      x[j] = u0 - r0;
      x[j + 1] = u1 - r1;
      x[j + 2] = u2 - r2;
    }
  }
}

/**
 * How many products `dotInto` sums between reductions. What the carries fold of 32 of them is small enough for the top
 * limb: less than 2^91, of which 2^−32 parts.
 */
const DOT_BLOCK = 32;

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
  const R64 = CONSTANTS[2] as number;
  const FOLD_32 = CONSTANTS[3] as number;
  const FOLD_64 = CONSTANTS[4] as number;
  // end rounding constants
  // begin folding constants
  const R96 = CONSTANTS[5] as number;
  const FOLD_96 = CONSTANTS[6] as number;
  // end folding constants
  const R86 = CONSTANTS[7] as number;
  const ii = (LIMBS * aStep) | 0;
  const jj = (LIMBS * bStep) | 0;
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  for (let n = 0, i = (LIMBS * from) | 0, j = (LIMBS * at) | 0; n < count; ) {
    let c3 = 0;
    let c4 = 0;
    for (const last = Math.min(count, n + DOT_BLOCK); n < last; n++, i += ii, j += jj) {
      const a0 = a[i] as number;
      const a1 = a[i + 1] as number;
      const a2 = a[i + 2] as number;
      const b0 = b[j] as number;
      const b1 = b[j + 1] as number;
      const b2 = b[j + 2] as number;
      r0 += a0 * b0;
      r1 += a0 * b1 + a1 * b0;
      r2 += a0 * b2 + a1 * b1 + a2 * b0;
      c3 += a1 * b2 + a2 * b1;
      c4 += a2 * b2;
    }
    // Folded as it is, c3 would be too large. It passes upwards what exceeds half the unit of c4.
    const c = c3 + R86 - R86;
    c3 -= c;
    c4 += c;
    // begin folds
    // The columns of units 2^65 and 2^86. Without its multiple of 2^96, c4 is about −c3, and they cancel in the
    // carries.
    const c5 = c3 + c4 + R96 - R96;
    c4 -= c5;
    r0 -= c5 * FOLD_96 + c3 * FOLD_64;
    r1 += c3 * FOLD_32 - c4 * FOLD_64;
    r2 += c4 * FOLD_32;
    // end folds
    // begin carries
    let q = r1 + r2 + R64 - R64;
    r2 -= q;
    r1 += q * FOLD_32;
    r0 -= q * FOLD_64;
    q = r0 + R1 - R1;
    r0 -= q;
    r1 += q;
    q = r1 + R2 - R2;
    r1 -= q;
    r2 += q;
    // end carries
  }
  const k = LIMBS * to;
  out[k] = r0;
  out[k + 1] = r1;
  out[k + 2] = r2;
}

/** Stores at x[at…], in the usual form, low + 2^32·high, for words in [0, 2^32). */
export function storeWords(x: Float64Array, at: number, low: number, high: number): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R64 = CONSTANTS[2] as number;
  // As in the carries: 2^64 is folded if the integer is above its half. Then what exceeds half a unit is passed
  // upwards.
  let q = high * 2 ** 32 + R64 - R64;
  const top = high * 2 ** 32 - q + q * (CONSTANTS[3] as number);
  let r = low - q * (CONSTANTS[4] as number);
  q = r + R1 - R1;
  x[at] = r - q;
  r = q + top;
  q = r + R2 - R2;
  x[at + 1] = r - q;
  x[at + 2] = q;
}
