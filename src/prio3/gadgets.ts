// Gadgets (VDAF draft, appendix A): the non-affine parts of a validity circuit, small polynomials in their input wires.

import type { VectorSpace } from "../core/vector.js";
import type { Elements } from "./elements.js";

export interface Gadget {
  /** The number of input wires. */
  readonly arity: number;
  /** The degree of the polynomial that computes it. */
  readonly degree: number;
  /**
   * Sets elements offset, offset + step, … of `outputs` to its outputs for many inputs at once, each of them a row of
   * `arity` elements.
   */
  evalRows<V extends Elements<V>>(space: VectorSpace<V>, inputs: V, outputs: V, offset: number, step: number): void;
}

/** The sum of `count` products: of wires 0 and 1, of wires 2 and 3, and so on. */
export function parallelSum(count: number): Gadget {
  return {
    arity: 2 * count,
    degree: 2,
    evalRows: (_space, inputs, outputs, offset, step) => outputs.setDotPairs(offset, step, inputs, 2 * count),
  };
}

/** x·y */
export const MUL: Gadget = /* @__PURE__ */ parallelSum(1);

/**
 * x^n + c_(n−1)·x^(n−1) + … + c_1·x, for the coefficients c_1, …, c_(n−1), n ≥ 2: a polynomial that is 0 for the
 * integers of a range, 0 among them.
 */
export function polyEval(coefficients: readonly number[]): Gadget {
  const [first = 0n, ...others] = coefficients.map(BigInt).reverse();
  return {
    arity: 1,
    degree: coefficients.length + 1,
    evalRows({ field, zeros }, inputs, outputs, offset, step) {
      // Horner's method.
      const sum = zeros(inputs.length);
      sum.setSums(0, 1, inputs, field.reduce(first));
      for (const c of others) {
        sum.multiplyBy(inputs);
        sum.setSums(0, 1, sum, field.reduce(c));
      }
      outputs.setProducts(offset, step, sum, inputs);
    },
  };
}
