// Gadgets (VDAF draft, appendix A): the non-affine parts of a validity circuit, small polynomials in their input wires.

import type { VectorSpace } from "../core/vector.js";
import type { Elements } from "./elements.js";

export interface Gadget {
  /** The number of input wires. */
  readonly arity: number;
  /** The degree of the polynomial that computes it. */
  readonly degree: number;
  /** Its outputs for many inputs at once, each of them a row of `arity` elements. */
  evalRows<V extends Elements<V>>(space: VectorSpace<V>, inputs: V): V;
}

/** The sum of `count` products: of wires 0 and 1, of wires 2 and 3, and so on. */
export function parallelSum(count: number): Gadget {
  return { arity: 2 * count, degree: 2, evalRows: (_space, inputs) => inputs.dotPairs(2 * count) };
}

/** x·y */
export const MUL: Gadget = /* @__PURE__ */ parallelSum(1);

/** p(x), for the polynomial with these coefficients, constant first. The last one is not 0. */
export function polyEval(coefficients: readonly number[]): Gadget {
  const [first = 0n, ...others] = coefficients.map(BigInt).reverse();
  return {
    arity: 1,
    degree: coefficients.length - 1,
    evalRows({ field, zeros }, inputs) {
      // Horner's method.
      const sum = zeros(inputs.length);
      const add = (c: bigint) => sum.setSums(0, 1, sum, field.reduce(c));
      add(first);
      for (const c of others) {
        sum.multiplyBy(inputs);
        if (c !== 0n) add(c);
      }
      return sum;
    },
  };
}
