// The values that a polynomial's degree leaves out are those of the polynomial, whichever way they are computed.

import fc from "fast-check";
import { expect, it } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { FIELD_64 } from "../../src/core/fields.js";
import { forward, Ntt } from "../../src/core/ntt.js";
import { completed } from "../../src/prio3/extend.js";

const space = bigIntSpace(FIELD_64);
const ntt = new Ntt(space);

it("completes the values of any polynomial of low degree, one that is missing or many", () => {
  const size = fc.integer({ min: 0, max: 5 }).map((log) => 2 ** log);
  const polynomial = size.chain((n) =>
    fc.tuple(
      fc.constant(n),
      fc.array(fc.bigInt({ min: 0n, max: FIELD_64.modulus - 1n }), { minLength: 1, maxLength: n }),
    ),
  );
  fc.assert(
    fc.property(polynomial, ([n, coefficients]) => {
      const padded = [...coefficients, ...new Array<bigint>(n - coefficients.length).fill(0n)];
      const all = forward(ntt, space.fromBigInts(padded));
      for (const known of new Set([coefficients.length, Math.max(n - 1, coefficients.length), n])) {
        expect(completed(ntt, all.slice(0, known), n).toBigInts()).toEqual(all.toBigInts());
      }
    }),
    { numRuns: 200 },
  );
});
