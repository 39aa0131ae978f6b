// The arithmetic of the protocol as in a textbook (docs/WIRE.md, sections 1 and 2): slow, and short enough to check by
// eye. The library computes the same numbers in another way; main.mjs compares the two.

/** The modulus. */
export const p = 2n ** 87n + 2n ** 19n + 1n;

/** Has the order 2^19. */
const generator = 0x2597c14f48d5b65ed8dccan;

/** @param {bigint} x */
export const mod = (x) => ((x % p) + p) % p;

/**
 * @param {bigint} x
 * @param {bigint} exponent
 * @returns {bigint}
 */
export function pow(x, exponent) {
  if (exponent === 0n) return 1n;
  const root = pow(mod(x * x), exponent / 2n);
  return exponent % 2n === 1n ? mod(root * x) : root;
}

/** @param {bigint} x */
export const inverse = (x) => pow(x, p - 2n);

/**
 * ω^i for the root of unity ω of the given order.
 *
 * @param {number} order
 * @param {number} i
 */
export const root = (order, i) => pow(generator, BigInt((2 ** 19 / order) * i));

/**
 * The value at r of the polynomial through the given values at the roots of unity, by Lagrange's formula. There are as
 * many values as the roots' order.
 *
 * @param {bigint[]} values
 * @param {bigint} r
 */
export function evaluate(values, r) {
  const roots = values.map((_, i) => root(values.length, i));
  let sum = 0n;
  for (const [i, value] of values.entries()) {
    let numerator = value;
    let denominator = 1n;
    const own = roots[i] ?? 0n;
    for (const other of roots) {
      if (other === own) continue;
      numerator = mod(numerator * (r - other));
      denominator = mod(denominator * (own - other));
    }
    sum += numerator * inverse(denominator);
  }
  return mod(sum);
}
