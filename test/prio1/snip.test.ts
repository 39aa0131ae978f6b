// The proof system on plain values: the prover against the definition, the query point against naive evaluation.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { QueryPoint, Snip } from "../../src/prio1/snip.js";
import { referenceSpace } from "../../src/prio1/vector.js";

const space = referenceSpace();
const element = fc.bigInt({ min: 0n, max: field.modulus - 1n });
const bit = fc.constantFrom(0n, 1n);

/** Σ_i values[i]·L_i(x) by the definition of the Lagrange basis, in O(N²). */
function interpolate(roots: bigint[], values: bigint[], x: bigint): bigint {
  return values.reduce((sum, y, i) => {
    const basis = roots.reduce((product, root, k) => {
      if (k === i) return product;
      const denominator = field.inv(field.sub(roots[i] as bigint, root));
      return field.mul(product, field.mul(field.sub(x, root), denominator));
    }, y);
    return field.add(sum, basis);
  }, 0n);
}

const rootsOf = (n: number) => Array.from({ length: n }, (_, i) => field.pow(field.rootOfUnity(n), BigInt(i)));

const cases = fc
  .integer({ min: 1, max: 9 })
  .chain((n) => fc.tuple(fc.array(fc.oneof(bit, element), { minLength: n, maxLength: n }), element, element));

describe("the proof", () => {
  it("is h = f·g at the odd 2N-th roots, for any values", () => {
    fc.assert(
      fc.property(cases, ([x, f0, g0]) => {
        const snip = new Snip(space, x.length);
        const padding = new Array<bigint>(snip.size - 1 - x.length).fill(0n);
        const f = [f0, ...x, ...padding];
        const g = [g0, ...x.map((xi) => field.sub(xi, 1n)), ...padding];
        const odd = rootsOf(2 * snip.size).filter((_, j) => j % 2 === 1);
        const roots = rootsOf(snip.size);
        expect(snip.prove(space.fromBigInts(x), f0, g0).toBigInts()).toEqual(
          odd.map((root) => field.mul(interpolate(roots, f, root), interpolate(roots, g, root))),
        );
      }),
    );
  });

  it("evaluates f, g and h at any point, the 2N-th roots included", () => {
    const points = fc.oneof(
      element,
      fc.nat(31).map((k) => field.pow(field.rootOfUnity(32), BigInt(k))),
      fc.constant(0n),
    );
    fc.assert(
      fc.property(cases, points, fc.boolean(), ([x, f0, g0], r, isServerA) => {
        const snip = new Snip(space, x.length);
        const odd = Array.from({ length: snip.size }, (_, j) => field.reduce(f0 * BigInt(j + 3) + g0));
        const padding = new Array<bigint>(snip.size - 1 - x.length).fill(0n);
        const roots = rootsOf(snip.size);
        const h0 = field.add(f0, 5n);
        const h = odd.flatMap((value, j) => [j === 0 ? h0 : 0n, value]);
        const share = { a: 0n, b: 0n, c: 0n, f0, g0, h0, data: space.fromBigInts(x), h: space.fromBigInts(odd) };
        expect(new QueryPoint(snip, r).evaluate(share, isServerA)).toEqual({
          f: interpolate(roots, [f0, ...x, ...padding], r),
          g: interpolate(roots, [g0, ...x.map((xi) => (isServerA ? field.sub(xi, 1n) : xi)), ...padding], r),
          h: interpolate(rootsOf(2 * snip.size), h, r),
        });
      }),
    );
  });
});
