// Evaluating at one point the polynomial through given values on the N-th roots of unity, by its Lagrange coefficients:
// f(x) = Σ L_i(x)·f(ω^i). The coefficients depend on the point alone, so all polynomials of a length share them.
//
// The textbook's L_i(x) = (x^N − 1)/N · ω^i/(x − ω^i) needs N inversions and divides by zero at the roots. The same
// number is a geometric sum and, for N = 2^k, a product of k factors:
//
//   L_i(x) = 1/N · Σ_j (x·ω^−i)^j = 1/N · Π_(s = 1, 2, 4, …, N/2) (1 + (x·ω^−i)^s)
//
// The factor for s depends only on i modulo N/s, and the factors for i and i + N/(2s) differ by a sign. So multiply
// from the last factor to the first: each factor doubles the table of distinct products with one butterfly stage. This
// takes 2N products (a batched inversion takes 4N), inverts N alone, and is right at every x, including the roots.

import type { Ntt } from "./ntt.js";
import type { Vector } from "./vector.js";

/** The N Lagrange coefficients at any element `x`, for N a power of two up to 2^twoAdicity. */
export function lagrangeCoefficients<V extends Vector<V>>(ntt: Ntt<V>, length: number, x: bigint): V {
  const { space } = ntt;
  const { field } = space;
  const xPowers: bigint[] = []; // x, x², x⁴, …, x^(N/2)
  for (let power = x, s = 1; s < length; s *= 2) {
    xPowers.push(power);
    power = field.mul(power, power);
  }

  const table = space.unreducedZeros(length);
  table.set(0, ntt.inverseOf(length));
  for (let half = 1; half < length; half *= 2) {
    // The lower half holds the products so far, t_i. With x^s·t_i in the upper half, the stage gives
    // t_i·(1 ± x^s·ω^(−i·s)).
    table.copyScaled(half, 0, half, xPowers.pop() as bigint);
    table.stageByElement(0, 2 * half, half, ntt.inversePowers(half));
  }
  return table.reduce();
}
