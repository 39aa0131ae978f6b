// The transforms against naive evaluation, against noble's FFT as an independent oracle, and at every length.

import { FFT, rootsOfUnity } from "@noble/curves/abstract/fft.js";
import { Field as nobleField } from "@noble/curves/abstract/modular.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { Field } from "../../src/core/field.js";
import { forward, inverse, Ntt } from "../../src/core/ntt.js";
import { errorOf } from "../support/deployment.js";
import {
  describePrio3Vectors,
  describeVectors,
  of64,
  of87,
  of128,
  packed64,
  packed87,
  packed128,
  reference87,
} from "./support.js";

/** noble's roots of unity, and its transforms. */
function nobleOf(field: Field) {
  const noble = nobleField(field.modulus);
  // noble computes the generator of the subgroup of order 2^k as g^((p−1)/2^k): find a g that gives ours.
  const oddFactor = (field.modulus - 1n) >> BigInt(field.twoAdicity);
  const roots = rootsOfUnity(noble, field.pow(field.generator, inverseModulo(oddFactor, field.twoAdicity)));
  return { roots, fft: FFT(roots, noble) };
}

/** 1/a modulo 2^k, for odd a. */
function inverseModulo(a: bigint, k: number): bigint {
  let x = 1n;
  for (let bits = 1; bits < k; bits *= 2) x = BigInt.asUintN(k, x * (2n - a * x));
  return x;
}

test.each([of64.field, of87.field, of128.field])("noble has the same roots of unity: $name", (field) => {
  const { roots } = nobleOf(field);
  for (let bits = 0; bits <= 10; bits++) expect(roots.omega(bits)).toBe(field.rootOfUnity(2 ** bits));
});

describeVectors("transforms", ({ space, field, element, evaluate, pseudoRandomElements }) => {
  const ntt = new Ntt(space);
  const vector = (values: readonly bigint[]) => space.fromBigInts(values);
  const listOfPowerOfTwoLength = (maxLog: number): fc.Arbitrary<bigint[]> =>
    fc.integer({ min: 0, max: maxLog }).chain((log) => fc.array(element, { minLength: 2 ** log, maxLength: 2 ** log }));
  const transforms = [
    (v: ReturnType<typeof vector>) => forward(ntt, v),
    (v: ReturnType<typeof vector>) => inverse(ntt, v),
    (v: ReturnType<typeof vector>) => ntt.oddRootValues(v.unreduced()),
  ];
  /** All ω_N^i. */
  const roots = (length: number): bigint[] => {
    const root = field.rootOfUnity(length);
    return Array.from({ length }, (_, i) => field.pow(root, BigInt(i)));
  };

  test("forward evaluates at the roots of unity in their order", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(6), (coefficients) => {
        const values = roots(coefficients.length).map((x) => evaluate(coefficients, x));
        expect(forward(ntt, vector(coefficients)).toBigInts()).toEqual(values);
      }),
      { numRuns: 100 },
    );
  });

  test("inverse finds the coefficients of values", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(6), (coefficients) => {
        const values = roots(coefficients.length).map((x) => evaluate(coefficients, x));
        expect(inverse(ntt, vector(values)).toBigInts()).toEqual(coefficients);
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
        expect(ntt.oddRootValues(vector(values).unreduced()).toBigInts()).toEqual(odd);
      }),
      { numRuns: 100 },
    );
  });

  test("transforms are linear and leave their argument alone", () => {
    fc.assert(
      fc.property(listOfPowerOfTwoLength(8), element, (values, c) => {
        const a = vector(values);
        const b = vector(values.map((x) => field.mul(x, x)));
        for (const transform of transforms) {
          const expected = transform(a).scale(c).add(transform(b));
          expect(transform(a.scale(c).add(b)).toBigInts()).toEqual(expected.toBigInts());
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
        expect(inverse(ntt, forward(ntt, padded(a)).mul(forward(ntt, padded(b)))).toBigInts()).toEqual(product);
      }),
      { numRuns: 100 },
    );
  });

  test("agrees with noble's FFT, both ways, up to 4096", () => {
    const { fft } = nobleOf(field);
    for (let length = 1; length <= 4096; length *= 2) {
      const values = pseudoRandomElements(length, length);
      expect(forward(ntt, vector(values)).toBigInts()).toEqual(fft.direct(values.slice()));
      expect(inverse(ntt, vector(values)).toBigInts()).toEqual(fft.inverse(values.slice()));
    }
  });

  // No vector is as long as the roots of the larger fields are many.
  const tooLong = field.twoAdicity < 20 ? [2 ** (field.twoAdicity + 1)] : [];
  test.each([0, 3, 12, 1000, ...tooLong])("refuses length %d", (length) => {
    for (const [i, transform] of transforms.entries()) {
      const longest = 2 ** (i === 2 ? field.twoAdicity - 1 : field.twoAdicity);
      const error = errorOf(() => transform(space.zeros(length)));
      expect(error.code).toBe("wrong-length");
      expect(error.message).toBe(`ntt: expected a power-of-two length up to ${longest}, got ${length}`);
    }
  });

  test("a short transform after a long one, and the other way round, finds its tables", () => {
    const fresh = new Ntt(space);
    for (const length of [4, 64, 2, 256, 1, 128, 8]) {
      const values = pseudoRandomElements(length, 77);
      expect(inverse(fresh, forward(fresh, vector(values))).toBigInts()).toEqual(values);
      expect(fresh.oddRootValues(vector(values).unreduced()).toBigInts()).toEqual(
        new Ntt(space).oddRootValues(vector(values).unreduced()).toBigInts(),
      );
    }
  });
});

describePrio3Vectors("transforms of columns", ({ space, pseudoRandomElements }) => {
  test("have the odd root values of each column", () => {
    const ntt = new Ntt(space);
    for (const [rows, columns] of [
      [1, 3],
      [2, 1],
      [8, 6],
      [64, 5],
    ] as const) {
      const v = space.fromBigInts(pseudoRandomElements(rows * columns, rows));
      const odd = ntt.oddRootValues(v.unreducedRows(columns));
      for (let j = 0; j < columns; j++) {
        const column = ntt.oddRootValues(v.strided(j, columns, rows).unreduced());
        expect(odd.strided(j, columns, rows).toBigInts()).toEqual(column.toBigInts());
      }
    }
    expect(errorOf(() => ntt.oddRootValues(space.zeros(6).unreducedRows(2))).code).toBe("wrong-length");
  });
});

describe.each([
  { name: "Field64", space: packed64, elements: of64, longest: 2 ** 16 },
  { name: "Field87", space: packed87, elements: of87, longest: 2 ** 19 },
  { name: "Field128", space: packed128, elements: of128, longest: 2 ** 16 },
])("packed transforms over $name, of every length up to $longest", ({ space, elements, longest }) => {
  const { field, p, edgeElements, pseudoRandomElements } = elements;
  const ntt = new Ntt(space as typeof packed87);
  const vector = (values: readonly bigint[]) => ntt.space.fromBigInts(values);
  // Those whose limbs are all at half the next unit come last.
  const extremes = [p - 1n, (p - 1n) / 2n, 2n ** BigInt(field.bits - 1), edgeElements.at(-1) as bigint, 1n];

  test.each(Array.from({ length: Math.log2(longest) + 1 }, (_, log) => 2 ** log))("there and back: %d", (length) => {
    const values = pseudoRandomElements(length, length + 3);
    // Elements that fill their limbs, in runs, so that their sums grow as far as sums can.
    for (let i = 0; i < length / 2; i++) values[i] = field.reduce(extremes[(i >> 3) % extremes.length] as bigint);
    expect(equal(inverse(ntt, forward(ntt, vector(values))).toBigInts(), values)).toBe(true);
  });

  test("the sum of all values, the largest there is, is exact", () => {
    for (const x of extremes.map((extreme) => field.reduce(extreme))) {
      const v = vector(new Array<bigint>(longest).fill(x));
      const values = forward(ntt, v);
      expect(values.get(0)).toBe(field.reduce(x * BigInt(longest)));
      expect(
        values
          .slice(1, longest)
          .toBigInts()
          .every((y) => y === 0n),
      ).toBe(true);
      expect(inverse(ntt, v).get(0)).toBe(x);
    }
  });
});

describe("packed transforms over Field87", () => {
  const { field, evaluate, pseudoRandomElements } = of87;
  const ntt = new Ntt(packed87);

  test("agree with BigInt vectors at 2^14", () => {
    const values = pseudoRandomElements(2 ** 14, 5);
    const other = new Ntt(reference87);
    expect(
      equal(
        ntt.oddRootValues(packed87.fromBigInts(values).unreduced()).toBigInts(),
        other.oddRootValues(reference87.fromBigInts(values).unreduced()).toBigInts(),
      ),
    ).toBe(true);
  });

  test("odd root values at 2^18, the longest there are, are those of the polynomial", () => {
    const coefficients = pseudoRandomElements(2 ** 18, 11);
    const odd = ntt.oddRootValues(forward(ntt, packed87.fromBigInts(coefficients)).unreduced());
    for (const i of [0, 1, 77_777, 2 ** 18 - 1]) {
      expect(odd.get(i)).toBe(evaluate(coefficients, field.pow(field.generator, BigInt(2 * i + 1))));
    }
    expect(errorOf(() => ntt.oddRootValues(packed87.zeros(2 ** 19).unreduced())).message).toBe(
      "ntt: expected a power-of-two length up to 262144, got 524288",
    );
  });
});

test("another field transforms as well", () => {
  const small = bigIntSpace(new Field({ name: "Field257", modulus: 257n, twoAdicity: 8, generator: 3n }));
  const ntt = new Ntt(small);
  const values = Array.from({ length: 256 }, (_, i) => BigInt((i * i) % 257));
  expect(inverse(ntt, forward(ntt, small.fromBigInts(values))).toBigInts()).toEqual(values);
});

/** vitest's own comparison takes seconds on half a million bigints. */
function equal(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
