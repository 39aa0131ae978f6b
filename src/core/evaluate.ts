// Evaluating, at one point, the polynomial through given values on the N-th roots of unity, through its Lagrange
// coefficients: f(x) = Σ L_i(x)·f(ω^i). The coefficients depend on the point only, so all polynomials of a length share them.
//
// The textbook's L_i(x) = (x^N − 1)/N · ω^i/(x − ω^i) wants N inversions and divides by zero at the roots. The same number
// is a geometric sum, and for N = 2^k a product of k factors:
//
//   L_i(x) = 1/N · Σ_j (x·ω^−i)^j = 1/N · Π_(s = 1, 2, 4, …, N/2) (1 + (x·ω^−i)^s)
//
// The factor for s depends on i modulo N/s only, and those of i and i + N/(2s) differ by a sign. Multiplying from the last
// factor to the first therefore doubles a table of distinct products with one butterfly stage a factor: 2N products in
// all (a batched inversion needs 4N), no inversion but that of N, and the right answer at every x, roots included.

import type { Ntt } from "./ntt.js";
import type { Vector } from "./vector.js";

/** The N Lagrange coefficients at `x`, any element, for N a power of two up to 2^twoAdicity. */
export function lagrangeCoefficients(ntt: Ntt, length: number, x: bigint): Vector {
  const { space } = ntt;
  const { field } = space;
  const xPowers: bigint[] = []; // x, x², x⁴, …, x^(N/2)
  for (let power = x, s = 1; s < length; s *= 2) {
    xPowers.push(power);
    power = field.mul(power, power);
  }

  const table = space.zeros(length);
  table.set(0, ntt.inverseOf(length));
  for (let half = 1; half < length; half *= 2) {
    // The lower half holds the products so far, t_i. With x^s·t_i in the upper half the stage gives t_i·(1 ± x^s·ω^(−i·s)).
    table.copyScaled(half, 0, half, xPowers.pop() as bigint);
    table.stageByElement(0, 2 * half, half, ntt.inversePowers(half));
  }
  table.normalize();
  return table;
}
