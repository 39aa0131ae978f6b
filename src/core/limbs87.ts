// Arithmetic modulo p = 2^87 + 2^19 + 1 on packed limbs, the inner loops of packed87.ts. An element is four consecutive
// doubles of a Float64Array, and its value is their plain sum: limb k is an integer times 2^0, 2^23, 2^46 or 2^68, its unit,
// and may be negative. A double keeps 53 bits wherever they stand, so products and sums of limbs need no shifts.
//
// Why these units: 2^87 = −(2^19 + 1) mod p takes a column of unit 2^k, for the k ≥ 87 that arise, to the units 2^(k−68)
// and 2^(k−87), and both are whole multiples of the units 1, 2^23, 2^46, 2^68. So the high half of a product folds onto
// the low half with no carry before it. Equal units, as 2^22, would need a carry for each folded column.
//
// Every loop is exact as long as no sum reaches 2^53 of its unit. In the usual form, which every operation but the
// butterflies returns, the limbs are at most 2^22, 2^22, 2^21 and 2^19 + 1 units; call that one operand. In a product of one
// operand by one the critical column is that of unit 1, with its folded parts:
//
//   a0·b0 + 2^5·a2·b2 + 2^4·(a1·b3 + a3·b1) + (2^19 + 1)·(what the top limb exceeds 2^87 by, below 2^26.3)
//   ≤ 2^44 + 2^47 + 2^46 + 2^45.3, together below 2^48.
//
// A product of a sum of k operands by one is thus exact for k ≤ 32, and so is a sum of 32 products. A butterfly adds one
// operand to what it is given: after the 19 stages of the longest transform an element is a sum of 20.

/** Doubles an element. */
export const LIMBS = 4;

// x + R − R rounds x to a multiple of the ulp of R: of the unit above limb 0, 1, 2 and of 2^87. It holds for |x| < R/3.
// 2^k = −2^(k−68) − 2^(k−87): the two parts of a folded column, and their sum for a multiple of 2^87 itself.
//
// They stand in an array that each loop reads once, before it starts. V8 builds a constant of the code anew at each use, and
// reads a variable of the module, which a bundler makes of it, anew at each use: 10 and 20 % of a product.
const CONSTANTS = Float64Array.of(
  3 * 2 ** (51 + 23), // R1
  3 * 2 ** (51 + 46), // R2
  3 * 2 ** (51 + 68), // R3
  3 * 2 ** (51 + 87), // R4
  2 ** -68, // FOLD_68
  2 ** -87, // FOLD_87
  2 ** -68 + 2 ** -87, // FOLD
);

// The same seven lines end each loop below: a function that returns four numbers would allocate, and one that stores them
// costs more than the carries themselves. First the multiple of 2^87 in the two top limbs is folded; it is exact to within
// one, whatever the limbs below hold. Then each limb passes what exceeds half the next unit upwards. The top limb ends at
// 2^18 plus what limb 1 spilled through limb 2, less than 2^6.

/** x[i] = the usual form of x[i] for `count` elements from the start, each a sum of at most 2^6 operands. */
export function carryAll(x: Float64Array, count: number): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD = CONSTANTS[6] as number;
  for (let n = 0, i = 0; n < count; n++, i += 4) {
    let r0 = x[i] as number;
    let r1 = x[i + 1] as number;
    let r2 = x[i + 2] as number;
    let r3 = x[i + 3] as number;
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
    x[i] = r0;
    x[i + 1] = r1;
    x[i + 2] = r2 - q;
    x[i + 3] = r3 + q;
  }
}

/**
 * out[to + i] = a[from + i]·b[i] for `count` elements, or a[from + i]·b[0] when `bStep` is 0 instead of 1, in the usual form.
 * Each element of `a` is a sum of at most 32 operands, b is one; `out` may be `a`, in the same place or where nothing overlaps.
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
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD_68 = CONSTANTS[4] as number;
  const FOLD_87 = CONSTANTS[5] as number;
  const FOLD = CONSTANTS[6] as number;
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
    // The columns of units 2^91, 2^114, 2^136, and then those of the four limbs.
    const c4 = a1 * b3 + a2 * b2 + a3 * b1;
    const c5 = a2 * b3 + a3 * b2;
    const c6 = a3 * b3;
    let r0 = a0 * b0 - c4 * FOLD_87;
    let r1 = a0 * b1 + a1 * b0 - c4 * FOLD_68 - c5 * FOLD_87;
    let r2 = a0 * b2 + a1 * b1 + a2 * b0 - c5 * FOLD_68 - c6 * FOLD_87;
    let r3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - c6 * FOLD_68;
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
    out[k] = r0;
    out[k + 1] = r1;
    out[k + 2] = r2 - q;
    out[k + 3] = r3 + q;
  }
}

/**
 * (u, v) → (u + w·v, u − w·v) for `count` pairs. The pairs are at elements (u, v), (u + step, v + step), …, the twiddle of
 * each at w, w + wStep, … of `twiddles`. On entry each of u, v is a sum of at most 19 operands, w is one.
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
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD_68 = CONSTANTS[4] as number;
  const FOLD_87 = CONSTANTS[5] as number;
  const FOLD = CONSTANTS[6] as number;
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
    const c4 = a1 * b3 + a2 * b2 + a3 * b1;
    const c5 = a2 * b3 + a3 * b2;
    const c6 = a3 * b3;
    let r0 = a0 * b0 - c4 * FOLD_87;
    let r1 = a0 * b1 + a1 * b0 - c4 * FOLD_68 - c5 * FOLD_87;
    let r2 = a0 * b2 + a1 * b1 + a2 * b0 - c5 * FOLD_68 - c6 * FOLD_87;
    let r3 = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 - c6 * FOLD_68;
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
    r2 -= q;
    r3 += q;
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
  }
}

/** The same butterflies with one twiddle for all pairs, whose folded multiples are made before the loop. */
export function butterfliesByOne(
  x: Float64Array,
  u: number,
  v: number,
  step: number,
  twiddles: Float64Array,
  w: number,
  count: number,
): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD_68 = CONSTANTS[4] as number;
  const FOLD_87 = CONSTANTS[5] as number;
  const FOLD = CONSTANTS[6] as number;
  const b0 = twiddles[4 * w] as number;
  const b1 = twiddles[4 * w + 1] as number;
  const b2 = twiddles[4 * w + 2] as number;
  const b3 = twiddles[4 * w + 3] as number;
  // The rows of "multiply by w": the products are those of `butterflies`, gathered by the limb of v. The names are
  // <unit of v's limb>to<unit of the result>, where the units are counted 0 … 3.
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
    r2 -= q;
    r3 += q;
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
  }
}

/** Products summed up between reductions in `dotInto`: with the remainder of those before them, 31 operands. */
const DOT_BLOCK = 30;

/** out[0…3] = Σ a[i]·b[i] over `count` elements, in the usual form. */
export function dotInto(out: Float64Array, a: Float64Array, b: Float64Array, count: number): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  const R4 = CONSTANTS[3] as number;
  const FOLD_68 = CONSTANTS[4] as number;
  const FOLD_87 = CONSTANTS[5] as number;
  const FOLD = CONSTANTS[6] as number;
  let r0 = 0;
  let r1 = 0;
  let r2 = 0;
  let r3 = 0;
  for (let i = 0; i < 4 * count; ) {
    let c4 = 0;
    let c5 = 0;
    let c6 = 0;
    for (const end = Math.min(4 * count, i + 4 * DOT_BLOCK); i < end; i += 4) {
      const a0 = a[i] as number;
      const a1 = a[i + 1] as number;
      const a2 = a[i + 2] as number;
      const a3 = a[i + 3] as number;
      const b0 = b[i] as number;
      const b1 = b[i + 1] as number;
      const b2 = b[i + 2] as number;
      const b3 = b[i + 3] as number;
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
    r2 -= q;
    r3 += q;
  }
  out[0] = r0;
  out[1] = r1;
  out[2] = r2;
  out[3] = r3;
}

/** Stores at x[at…] the number with these four digits in base 2^24, at most p − 1, in the usual form. */
export function storeDigits(x: Float64Array, at: number, d0: number, d1: number, d2: number, d3: number): void {
  const R1 = CONSTANTS[0] as number;
  const R2 = CONSTANTS[1] as number;
  const R3 = CONSTANTS[2] as number;
  // Each digit's unit is a multiple of its limb's: only carries upwards are missing.
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
