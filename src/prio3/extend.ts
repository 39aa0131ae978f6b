// A polynomial of low degree is determined by fewer values than there are roots of unity. This computes the others
// (VDAF draft, section 6.1.5.2).

import type { Ntt } from "../core/ntt.js";
import type { VectorSpace } from "../core/vector.js";
import type { Elements } from "./elements.js";

/**
 * All n values at the n-th roots of unity, for n a power of two, of the polynomial of degree < values.length that has
 * these values at the first roots.
 */
export function completed<V extends Elements<V>>(ntt: Ntt<V>, values: V, n: number): V {
  const { space } = ntt;
  const result = space.zeros(n);
  result.setAll(values, 0);
  if (values.length === n - 1) result.set(n - 1, lastValue(ntt, result));
  else if (values.length < n) extendOneByOne(space, result, values.length);
  return result;
}

/**
 * The last value, which is missing: 0 is in its place. The coefficient of x^(n−1) is 0, and it is Σ y_i·ω^i / n. So
 * y_(n−1) = −ω·Σ y_i·ω^i over the others, since ω^−(n−1) = ω. This is the case of all gadgets of degree 2.
 */
function lastValue<V extends Elements<V>>(ntt: Ntt<V>, values: V): bigint {
  const { field } = ntt.space;
  const n = values.length;
  // ω^(i + n/2) = −ω^i.
  const powers = ntt.rootPowers(n / 2);
  const sum = field.sub(powers.dot(values, n / 2), powers.dot(values));
  return field.mul(field.rootOfUnity(n), sum);
}

/** Sets the elements from `known` on, each in O(n), by the barycentric formula over those before. */
function extendOneByOne<V extends Elements<V>>({ field }: VectorSpace<V>, values: V, known: number): void {
  const n = values.length;
  const root = field.rootOfUnity(n);
  const x = Array.from({ length: n }, (_, i) => field.pow(root, BigInt(i)));
  // w_i = Π_(j ≠ i) (x_i − x_j) over the points so far.
  const w = x
    .slice(0, known)
    .map((xi, i) =>
      x.slice(0, known).reduce((product, xj, j) => (i === j ? product : field.mul(product, field.sub(xi, xj))), 1n),
    );
  for (let k = known; k < n; k++) {
    const xk = x[k] as bigint;
    // f(x_k) = Π (x_k − x_i) · Σ y_i / (w_i·(x_k − x_i))
    let sum = 0n;
    let product = 1n;
    for (let i = 0; i < known; i++) {
      const difference = field.sub(xk, x[i] as bigint);
      product = field.mul(product, difference);
      sum = field.add(sum, field.mul(values.get(i), field.inv(field.mul(w[i] as bigint, difference))));
    }
    values.set(k, field.mul(product, sum));
  }
}
