// Gadgets (VDAF draft, appendix A): the non-affine parts of a validity circuit, small polynomials in their input wires.

import type { VectorSpace } from "../core/vector.js";
import type { Elements } from "./elements.js";

export interface Gadget {
  /** The number of input wires. */
  readonly arity: number;
  /** The degree of the polynomial that computes it. */
  readonly degree: number;
  /** Its output for one input, of `arity` elements. */
  eval<V extends Elements<V>>(space: VectorSpace<V>, input: V): bigint;
  /** Its outputs at many points at once, given each wire's values at these points. */
  evalAtPoints<V extends Elements<V>>(space: VectorSpace<V>, wires: readonly V[]): V;
}

/** x·y */
export const MUL: Gadget = {
  arity: 2,
  degree: 2,
  eval: ({ field }, input) => field.mul(input.get(0), input.get(1)),
  evalAtPoints: <V extends Elements<V>>(_space: VectorSpace<V>, [x, y]: readonly V[]) => (x as V).mul(y as V),
};

/** p(x), for the polynomial with these coefficients, constant first. The last one is not 0. */
export function polyEval(coefficients: readonly number[]): Gadget {
  const highestFirst = coefficients.map(BigInt).reverse();
  return {
    arity: 1,
    degree: coefficients.length - 1,
    eval({ field }, input) {
      const x = input.get(0);
      return highestFirst.reduce((sum, c) => field.reduce(sum * x + c), 0n);
    },
    evalAtPoints<V extends Elements<V>>(space: VectorSpace<V>, [x]: readonly V[]) {
      const points = x as V;
      const constant = (c: bigint) => space.fromBigInts(new Array(points.length).fill(space.field.reduce(c)));
      const [first = 0n, ...others] = highestFirst;
      return others.reduce((sum, c) => sum.mul(points).add(constant(c)), constant(first));
    },
  };
}

/** The sum of `count` products: of wires 0 and 1, of wires 2 and 3, and so on. */
export function parallelSum(count: number): Gadget {
  return {
    arity: 2 * count,
    degree: 2,
    eval({ field }, input) {
      let sum = 0n;
      for (let j = 0; j < 2 * count; j += 2) sum += input.get(j) * input.get(j + 1);
      return field.reduce(sum);
    },
    evalAtPoints<V extends Elements<V>>(space: VectorSpace<V>, wires: readonly V[]) {
      const sum = space.zeros((wires[0] as V).length);
      for (let j = 0; j < 2 * count; j += 2) sum.accumulate((wires[j] as V).mul(wires[j + 1] as V));
      return sum;
    },
  };
}
