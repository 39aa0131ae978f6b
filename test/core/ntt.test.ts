// The transforms against naive evaluation, against noble's FFT as an independent oracle, and at every length.

import { FFT, rootsOfUnity } from "@noble/curves/abstract/fft.js";
import { Field as nobleField } from "@noble/curves/abstract/modular.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { Field } from "../../src/core/field.js";
import { Ntt } from "../../src/core/ntt.js";
import { errorOf } from "../support/deployment.js";
import { describeVectors, element, evaluate, field, p, packed, pseudoRandomElements, reference } from "./support.js";

const noble = nobleField(p);
// noble computes the generator of the subgroup of order 2^19 as g^((p−1)/2^19): find a g that gives ours.
const oddFactor = (p - 1n) >> 19n;
const nobleGenerator = field.pow(field.generator, inverseModulo(oddFactor, 2n ** 19n));
const nobleRoots = rootsOfUnity(noble, nobleGenerator);
const nobleFft = FFT(nobleRoots, noble);

/** 1/a modulo m, for odd a and m a power of two. */
function inverseModulo(a: bigint, m: bigint): bigint {
  let x = 1n;
  for (let k = 0; k < 6; k++) x = (((x * (2n - a * x)) % m) + m) % m;
  return x;
}

/** All ω_N^i. */
function roots(length: number): bigint[] {
  const root = field.rootOfUnity(length);
  return Array.from({ length }, (_, i) => field.pow(root, BigInt(i)));
}

const listOfPowerOfTwoLength = (maxLog: number): fc.Arbitrary<bigint[]> =>
  fc.integer({ min: 0, max: maxLog }).chain((log) => fc.array(element, { minLength: 2 ** log, maxLength: 2 ** log }));

test("noble has the same roots of unity", () => {
  for (let bits = 0; bits <= 10; bits++) expect(nobleRoots.omega(bits)).toBe(field.rootOfUnity(2 ** bits));
  expect(nobleRoots.omega(19)).toBe(field.generator);
});

describeVectors("transforms", (space) => {
  const ntt = new Ntt(space);
  const vector = (values: readonly bigint[]) => space.fromBigInts(values);

  test("forward evaluates at the roots of unity in their order", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(6), (coefficients) => {
        const values = roots(coefficients.length).map((x) => evaluate(coefficients, x));
        expect(ntt.forward(vector(coefficients)).toBigInts()).toEqual(values);
      }),
      { numRuns: 100 },
    );
  });

  test("inverse finds the coefficients of values", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(6), (coefficients) => {
        const values = roots(coefficients.length).map((x) => evaluate(coefficients, x));
        expect(ntt.inverse(vector(values)).toBigInts()).toEqual(coefficients);
      }),
      { numRuns: 100 },
    );
  });

  test("oddRootValues evaluates the interpolated polynomial at ω_2N^1, ω_2N^3, …", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(6), (coefficients) => {
        const { length } = coefficients;
        const values = roots(length).map((x) => evaluate(coefficients, x));
        const odd = roots(2 * length)
          .filter((_x, i) => i % 2 === 1)
          .map((x) => evaluate(coefficients, x));
        expect(ntt.oddRootValues(vector(values)).toBigInts()).toEqual(odd);
      }),
      { numRuns: 100 },
    );
  });

  test("transforms are linear and leave their argument alone", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(8), element, (values, c) => {
        const a = vector(values);
        const b = vector(values.map((x) => field.mul(x, x)));
        for (const transform of ["forward", "inverse", "oddRootValues"] as const) {
          expect(ntt[transform](a.scale(c).add(b)).toBigInts()).toEqual(
            ntt[transform](a).scale(c).add(ntt[transform](b)).toBigInts(),
          );
        }
        expect(a.toBigInts()).toEqual(values);
      }),
      { numRuns: 100 },
    );
  });

  test("multiplies polynomials", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(5), fc.infiniteStream(element), (a, stream) => {
        const b = [...stream.take(a.length)];
        const product = new Array<bigint>(2 * a.length).fill(0n);
        a.forEach((x, i) => {
          b.forEach((y, j) => {
            product[i + j] = field.reduce((product[i + j] as bigint) + x * y);
          });
        });
        const padded = (values: bigint[]) => vector([...values, ...new Array<bigint>(a.length).fill(0n)]);
        expect(ntt.inverse(ntt.forward(padded(a)).mul(ntt.forward(padded(b)))).toBigInts()).toEqual(product);
      }),
      { numRuns: 100 },
    );
  });

  test("agrees with noble's FFT, both ways, up to 4096", () => {
    for (let length = 1; length <= 4096; length *= 2) {
      const values = pseudoRandomElements(length, length);
      expect(ntt.forward(vector(values)).toBigInts()).toEqual(nobleFft.direct(values.slice()));
      expect(ntt.inverse(vector(values)).toBigInts()).toEqual(nobleFft.inverse(values.slice()));
    }
  });

  test.each([0, 3, 12, 1000, 2 ** 20])("refuses length %d", (length) => {
    for (const [transform, longest] of [
      ["forward", 2 ** 19],
      ["inverse", 2 ** 19],
      ["oddRootValues", 2 ** 18],
    ] as const) {
      const error = errorOf(() => ntt[transform](space.zeros(length)));
      expect(error.code).toBe("wrong-length");
      expect(error.message).toBe(`ntt: expected a power-of-two length up to ${longest}, got ${length}`);
    }
  });

  test("a short transform after a long one, and the other way round, finds its tables", () => {
    const fresh = new Ntt(space);
    for (const length of [4, 64, 2, 256, 1, 128, 8]) {
      const values = pseudoRandomElements(length, 77);
      expect(fresh.inverse(fresh.forward(vector(values))).toBigInts()).toEqual(values);
      expect(fresh.oddRootValues(vector(values)).toBigInts()).toEqual(
        new Ntt(space).oddRootValues(vector(values)).toBigInts(),
      );
    }
  });
});

describe("packed transforms of every length", () => {
  const ntt = new Ntt(packed);
  const extremes = [p - 1n, (p - 1n) / 2n, 2n ** 86n, 2n ** 22n + 2n ** 45n + 2n ** 67n + 2n ** 86n, 1n];

  test.each(Array.from({ length: 20 }, (_, log) => 2 ** log))("there and back: %d", (length) => {
    const values = pseudoRandomElements(length, length + 3);
    // Elements that fill their limbs, in runs, so that their sums grow as far as sums can.
    for (let i = 0; i < length / 2; i++) values[i] = extremes[(i >> 3) % extremes.length] as bigint;
    const v = packed.fromBigInts(values);
    expect(equal(ntt.inverse(ntt.forward(v)).toBigInts(), values)).toBe(true);
  });

  test("the sum of all values, the largest there is, is exact at 2^19", () => {
    for (const x of extremes) {
      const v = packed.fromBigInts(new Array<bigint>(2 ** 19).fill(x));
      const values = ntt.forward(v);
      expect(values.get(0)).toBe(field.reduce(x * 2n ** 19n));
      expect(
        values
          .slice(1, 2 ** 19)
          .toBigInts()
          .every((y) => y === 0n),
      ).toBe(true);
      expect(ntt.inverse(v).get(0)).toBe(x);
    }
  });

  test("agrees with BigInt vectors at 2^14", () => {
    const values = pseudoRandomElements(2 ** 14, 5);
    const other = new Ntt(reference);
    expect(
      equal(
        ntt.oddRootValues(packed.fromBigInts(values)).toBigInts(),
        other.oddRootValues(reference.fromBigInts(values)).toBigInts(),
      ),
    ).toBe(true);
  });

  test("odd root values at 2^18, the longest there are, are those of the polynomial", () => {
    const coefficients = pseudoRandomElements(2 ** 18, 11);
    const odd = ntt.oddRootValues(ntt.forward(packed.fromBigInts(coefficients)));
    for (const i of [0, 1, 77_777, 2 ** 18 - 1]) {
      expect(odd.get(i)).toBe(evaluate(coefficients, field.pow(field.generator, BigInt(2 * i + 1))));
    }
    expect(errorOf(() => ntt.oddRootValues(packed.zeros(2 ** 19))).message).toBe(
      "ntt: expected a power-of-two length up to 262144, got 524288",
    );
  });
});

test("another field transforms as well", () => {
  const small = bigIntSpace(new Field({ name: "Field257", modulus: 257n, twoAdicity: 8, generator: 3n }));
  const ntt = new Ntt(small);
  const values = Array.from({ length: 256 }, (_, i) => BigInt((i * i) % 257));
  expect(ntt.inverse(ntt.forward(small.fromBigInts(values))).toBigInts()).toEqual(values);
});

/** vitest's own comparison takes seconds on half a million bigints. */
function equal(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
