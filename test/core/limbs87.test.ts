// The bounds of packed limbs at their extremes: limbs set by hand to the largest that limbs87.ts allows, with all
// signs, in as many operands as it allows, against BigInt. A bound that is one bit too generous fails here.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { butterflies, butterfliesByOne, carryAll, dotInto, LIMBS, multiplyAll } from "../../src/core/limbs87.js";
import { of87 } from "./support.js";

const { field } = of87;

/** One operand: the largest limbs of the usual form, in units, and the units. */
const BOUND = [2 ** 22, 2 ** 22, 2 ** 21, 2 ** 19 + 1] as const;
const UNIT = [1, 2 ** 23, 2 ** 46, 2 ** 68] as const;

/** Doubles of four limbs each from limbs in units. */
const limbsOf = (...elements: number[][]): Float64Array =>
  Float64Array.from(elements.flatMap((units) => units.map((x, k) => x * (UNIT[k] as number))));

/** The element at index i. */
const elementOf = (limbs: Float64Array, i: number): bigint =>
  field.reduce([...limbs.subarray(LIMBS * i, LIMBS * i + LIMBS)].reduce((x, limb) => x + BigInt(limb), 0n));

const inUsualForm = (limbs: Float64Array): boolean =>
  limbs.every((limb, i) => {
    const units = limb / (UNIT[i % LIMBS] as number);
    return Number.isInteger(units) && Math.abs(units) <= (BOUND[i % LIMBS] as number);
  });

/** The sixteen sign patterns of `operands` times the bound, less `inset` units so that low bits are set as well. */
function extremes(operands: number, inset: number): number[][] {
  return Array.from({ length: 16 }, (_, signs) =>
    BOUND.map((bound, k) => ((signs >> k) & 1 ? -1 : 1) * (operands * bound - inset)),
  );
}

/** Limbs within the bound of `operands`, near it more often than not. */
const units = (operands: number): fc.Arbitrary<number[]> =>
  fc.tuple(
    ...BOUND.map((bound) => {
      const max = operands * bound;
      return fc.oneof(
        fc.integer({ min: -max, max }),
        fc.integer({ min: max - 3, max }),
        fc.integer({ min: -max, max: 3 - max }),
      );
    }),
  ) as fc.Arbitrary<number[]>;

describe("products", () => {
  test.each([1, 20, 32])("of sums of %d extreme operands by one, all signs, are exact and in the usual form", (k) => {
    for (const inset of [0, 1]) {
      for (const a of extremes(k, inset)) {
        for (const b of extremes(1, inset)) {
          const [x, y, out] = [limbsOf(a), limbsOf(b), new Float64Array(LIMBS)];
          multiplyAll(out, 0, x, 0, y, 1, 1);
          expect(elementOf(out, 0)).toBe(field.mul(elementOf(x, 0), elementOf(y, 0)));
          expect(inUsualForm(out)).toBe(true);
        }
      }
    }
  });

  test.each([1, 32])("of any sums of %d operands by one are exact, element-wise, by a scalar and in place", (k) => {
    fc.assert(
      fc.property(units(k), units(k), units(1), units(1), (a, b, c, d) => {
        const [x, y, out] = [limbsOf(a, b), limbsOf(c, d), new Float64Array(2 * LIMBS)];
        multiplyAll(out, 0, x, 0, y, 0, 2);
        for (const i of [0, 1]) expect(elementOf(out, i)).toBe(field.mul(elementOf(x, i), elementOf(y, 0)));
        expect(inUsualForm(out)).toBe(true);
        multiplyAll(out, 0, x, 0, y, 1, 2);
        for (const i of [0, 1]) expect(elementOf(out, i)).toBe(field.mul(elementOf(x, i), elementOf(y, i)));
        expect(inUsualForm(out)).toBe(true);
        const within = Float64Array.of(...x, ...out);
        multiplyAll(within, 2, within, 1, y, 0, 1);
        expect(within.subarray(0, 2 * LIMBS)).toEqual(x);
        expect(elementOf(within, 2)).toBe(field.mul(elementOf(x, 1), elementOf(y, 0)));
        expect(within.subarray(3 * LIMBS)).toEqual(out.subarray(LIMBS));
        multiplyAll(x, 0, x, 0, y, 1, 2);
        expect(x).toEqual(out);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("butterflies", () => {
  const both = [
    ["one by one", (x: Float64Array, w: Float64Array) => butterflies(x, 0, 1, 2, w, 0, 0, x.length / 8)],
    ["by one twiddle", (x: Float64Array, w: Float64Array) => butterfliesByOne(x, 0, 1, 2, w, 0, x.length / 8)],
  ] as const;

  test.each(both)("of sums of 19 extreme operands are exact, and one operand larger: %s", (_, run) => {
    for (const inset of [0, 1]) {
      for (const w of extremes(1, inset)) {
        const x = limbsOf(...extremes(19, inset).flatMap((v, i) => [extremes(19, 1)[15 - i] as number[], v]));
        const before = x.slice();
        const twiddle = limbsOf(w);
        run(x, twiddle);
        for (let i = 0; i < 16; i++) {
          const u = elementOf(before, 2 * i);
          const wv = field.mul(elementOf(twiddle, 0), elementOf(before, 2 * i + 1));
          expect(elementOf(x, 2 * i)).toBe(field.add(u, wv));
          expect(elementOf(x, 2 * i + 1)).toBe(field.sub(u, wv));
        }
        x.forEach((limb, i) => {
          expect(Math.abs(limb)).toBeLessThanOrEqual(20 * (BOUND[i % LIMBS] as number) * (UNIT[i % LIMBS] as number));
        });
      }
    }
  });

  test.each(both)("of any sums of 19 operands are exact: %s", (_, run) => {
    fc.assert(
      fc.property(units(19), units(19), units(1), (u, v, w) => {
        const [x, twiddle] = [limbsOf(u, v), limbsOf(w)];
        const [before, wv] = [elementOf(x, 0), field.mul(elementOf(x, 1), elementOf(twiddle, 0))];
        run(x, twiddle);
        expect([elementOf(x, 0), elementOf(x, 1)]).toEqual([field.add(before, wv), field.sub(before, wv)]);
      }),
      { numRuns: 3000 },
    );
  });

  test("step over elements and twiddles as told", () => {
    const x = limbsOf(...Array.from({ length: 12 }, (_, i) => [i + 1, 0, 0, 0]));
    const w = limbsOf(...Array.from({ length: 4 }, (_, i) => [10 * (i + 1), 0, 0, 0]));
    butterflies(x, 1, 3, 6, w, 0, 3, 2); // pairs (1, 3) and (7, 9), twiddles 10 and 40
    const expected = [1, 2 + 40, 3, 2 - 40, 5, 6, 7, 8 + 400, 9, 8 - 400, 11, 12];
    expect(expected.map((_, i) => x[LIMBS * i])).toEqual(expected);
  });
});

describe("carries", () => {
  test("bring sums of up to 64 operands to the usual form", () => {
    for (const operands of [1, 2, 20, 64]) {
      const x = limbsOf(...extremes(operands, 0), ...extremes(operands, 1));
      const before = x.slice();
      carryAll(x, x.length / LIMBS);
      expect(inUsualForm(x)).toBe(true);
      for (let i = 0; i < 32; i++) expect(elementOf(x, i)).toBe(elementOf(before, i));
    }
    fc.assert(
      fc.property(units(64), (a) => {
        const x = limbsOf(a);
        const before = elementOf(x, 0);
        carryAll(x, 1);
        expect(inUsualForm(x)).toBe(true);
        expect(elementOf(x, 0)).toBe(before);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("inner products", () => {
  test("of 300,000 extreme elements with all signs are exact", () => {
    const count = 300_000;
    for (const [i, a] of extremes(1, 1).entries()) {
      for (const b of [extremes(1, 0)[i], extremes(1, 1)[15 - i], extremes(1, 1)[(5 * i + 3) % 16]] as number[][]) {
        const [x, y, out] = [limbsOf(a), limbsOf(b), new Float64Array(LIMBS)];
        const repeat = (limbs: Float64Array): Float64Array => {
          const all = new Float64Array(LIMBS * count);
          for (let k = 0; k < count; k++) all.set(limbs, LIMBS * k);
          return all;
        };
        dotInto(out, repeat(x), repeat(y), 0, count);
        expect(elementOf(out, 0)).toBe(field.reduce(BigInt(count) * elementOf(x, 0) * elementOf(y, 0)));
        expect(inUsualForm(out)).toBe(true);
      }
    }
  });

  test("of any limbs at every length around a reduction are exact", () => {
    for (let count = 0; count <= 65; count++) {
      fc.assert(
        fc.property(
          fc.array(units(1), { minLength: count, maxLength: count }),
          fc.array(units(1), { minLength: count, maxLength: count }),
          (a, b) => {
            const [x, y, out] = [limbsOf(...a), limbsOf(...b), new Float64Array(LIMBS)];
            dotInto(out, x, y, 0, count);
            let expected = 0n;
            for (let i = 0; i < count; i++) expected += elementOf(x, i) * elementOf(y, i);
            expect(elementOf(out, 0)).toBe(field.reduce(expected));
          },
        ),
        { numRuns: 100 },
      );
    }
  });
});
