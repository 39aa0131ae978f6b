// Lagrange coefficients: at random points, at the roots themselves and at 0, against naive evaluation of polynomials.

import fc from "fast-check";
import { expect, test } from "vitest";
import { lagrangeCoefficients } from "../../src/core/lagrange.js";
import { forward, Ntt } from "../../src/core/ntt.js";
import { describeVectors, of87, of128, packed87, packed128 } from "./support.js";

describeVectors("Lagrange coefficients", ({ space, field, element, evaluate }) => {
  const ntt = new Ntt(space);

  test("take the values of a polynomial to its value at the point", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), fc.infiniteStream(element), element, (log, stream, x) => {
        const coefficients = [...stream.take(2 ** log)];
        const values = forward(ntt, space.fromBigInts(coefficients));
        expect(lagrangeCoefficients(ntt, 2 ** log, x).dot(values)).toBe(evaluate(coefficients, x));
      }),
      { numRuns: 200 },
    );
  });

  test("are the textbook's (x^N − 1)/N · ω^i/(x − ω^i) away from the roots", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), element, (log, x) => {
        const length = 2 ** log;
        fc.pre(field.pow(x, BigInt(length)) !== 1n);
        const root = field.rootOfUnity(length);
        const factor = field.mul(field.sub(field.pow(x, BigInt(length)), 1n), field.inv(BigInt(length)));
        const expected = Array.from({ length }, (_x, i) => {
          const point = field.pow(root, BigInt(i));
          return field.mul(factor, field.mul(point, field.inv(field.sub(x, point))));
        });
        expect(lagrangeCoefficients(ntt, length, x).toBigInts()).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  test("are 1 at the own root and 0 at the others", () => {
    for (let length = 1; length <= 64; length *= 2) {
      for (let i = 0; i < length; i++) {
        const at = lagrangeCoefficients(ntt, length, field.pow(field.rootOfUnity(length), BigInt(i)));
        expect(at.toBigInts()).toEqual(Array.from({ length }, (_x, k) => (k === i ? 1n : 0n)));
      }
    }
  });

  test("are all 1/N at 0", () => {
    for (let length = 1; length <= 64; length *= 2) {
      const expected = new Array<bigint>(length).fill(field.inv(BigInt(length)));
      expect(lagrangeCoefficients(ntt, length, 0n).toBigInts()).toEqual(expected);
    }
  });

  test("add up to 1 at any point", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9 }), element, (log, x) => {
        expect(lagrangeCoefficients(ntt, 2 ** log, x).sum()).toBe(1n);
      }),
      { numRuns: 100 },
    );
  });
});

test.each([
  { name: "Field87", space: packed87, elements: of87, log: 19 },
  { name: "Field128", space: packed128, elements: of128, log: 15 },
])("at the length 2^$log, packed coefficients over $name evaluate a polynomial", ({ space, elements, log }) => {
  const ntt = new Ntt(space as typeof packed87);
  const coefficients = elements.pseudoRandomElements(2 ** log, 21);
  const values = forward(ntt, ntt.space.fromBigInts(coefficients));
  const [x] = elements.pseudoRandomElements(1, 99) as [bigint];
  const at = lagrangeCoefficients(ntt, 2 ** log, x);
  expect(at.dot(values)).toBe(elements.evaluate(coefficients, x));
  expect(at.sum()).toBe(1n);
});
