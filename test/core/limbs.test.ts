// The loops over packed limbs of Prio3's fields at the largest limbs that their bounds allow (limbs64.ts, limbs128.ts):
// sums of as many operands as each loop takes, with all signs, are exact. limbs87.test.ts has those of Prio v1.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Limbs } from "../../src/core/limbs.js";
import { LOOPS_64 } from "../../src/core/packed64.js";
import { LOOPS_128 } from "../../src/core/packed128.js";

interface Bounds {
  readonly name: string;
  readonly loops: Limbs<string>;
  /** One operand: the largest limbs of the usual form, in units, and the units. */
  readonly bound: readonly number[];
  readonly unit: readonly number[];
  /** How many operands the first factor of a product is the sum of, and the elements of a butterfly. */
  readonly product: number;
  readonly butterfly: number;
}

const bounds: readonly Bounds[] = [
  {
    name: "Field64",
    loops: LOOPS_64 as Limbs<string>,
    bound: [2 ** 21, 2 ** 20, 2 ** 20 + 2 ** 16],
    unit: [1, 2 ** 22, 2 ** 43],
    product: 1,
    butterfly: 40,
  },
  {
    name: "Field128",
    loops: LOOPS_128 as Limbs<string>,
    bound: [2 ** 21, 2 ** 21, 2 ** 21, 2 ** 20, 2 ** 20, 2 ** 19 + 2 ** 11],
    unit: [1, 2 ** 22, 2 ** 44, 2 ** 66, 2 ** 87, 2 ** 108],
    product: 4,
    butterfly: 26,
  },
];

describe.each(bounds)("limbs of $name", ({ loops, bound, unit, product, butterfly }) => {
  const { field, size, carryAll, addAll, multiplyAll, dotInto, butterflies, readAll, writeAll } = loops;

  /** Doubles from limbs in units, element by element. */
  const limbsOf = (...elements: number[][]): Float64Array =>
    Float64Array.from(elements.flatMap((units) => units.map((x, k) => x * (unit[k] as number))));

  /** The element at index i. */
  const elementOf = (limbs: Float64Array, i: number): bigint =>
    field.reduce([...limbs.subarray(size * i, size * i + size)].reduce((x, limb) => x + BigInt(limb), 0n));

  const isWithin = (limbs: Float64Array, operands: number): boolean =>
    limbs.every((limb, i) => {
      const units = limb / (unit[i % size] as number);
      return Number.isInteger(units) && Math.abs(units) <= operands * (bound[i % size] as number);
    });

  /** All sign patterns of `operands` times the bound, less `inset` units so that low bits are set as well. */
  const extremes = (operands: number, inset: number): number[][] =>
    Array.from({ length: 2 ** size }, (_, signs) =>
      bound.map((max, k) => ((signs >> k) & 1 ? -1 : 1) * (operands * max - inset)),
    );

  /** Limbs within the bound of `operands`, near it more often than not. */
  const units = (operands: number): fc.Arbitrary<number[]> =>
    fc.tuple(
      ...bound.map((one) => {
        const max = operands * one;
        return fc.oneof(
          fc.integer({ min: -max, max }),
          fc.integer({ min: max - 3, max }),
          fc.integer({ min: -max, max: 3 - max }),
        );
      }),
    );

  test("products of extreme operands, all signs, are exact and in the usual form", () => {
    for (const k of new Set([1, product])) {
      for (const inset of [0, 1]) {
        const [a, b] = [limbsOf(...extremes(k, inset)), limbsOf(...extremes(1, inset))];
        const [as, bs] = [a, b].map((v) => Array.from({ length: 2 ** size }, (_, i) => elementOf(v, i)));
        const out = new Float64Array(a.length);
        for (let at = 0; at < 2 ** size; at++) {
          multiplyAll(out, 0, 1, a, 0, b, at, 0, 2 ** size);
          expect(isWithin(out, 1)).toBe(true);
          for (let i = 0; i < 2 ** size; i++) {
            expect(elementOf(out, i)).toBe(field.mul((as as bigint[])[i] as bigint, (bs as bigint[])[at] as bigint));
          }
        }
      }
    }
  });

  test("products of any operands are exact, element by element, by a scalar, from anywhere to anywhere", () => {
    fc.assert(
      fc.property(units(product), units(product), units(1), units(1), (a, b, c, d) => {
        const [x, y, out] = [limbsOf(a, b), limbsOf(c, d), new Float64Array(3 * size)];
        multiplyAll(out, 1, 1, x, 0, y, 0, 1, 2);
        expect(elementOf(out, 0)).toBe(0n);
        for (const i of [0, 1]) expect(elementOf(out, i + 1)).toBe(field.mul(elementOf(x, i), elementOf(y, i)));
        expect(isWithin(out, 1)).toBe(true);
        multiplyAll(out, 0, 1, x, 0, y, 1, 0, 2);
        for (const i of [0, 1]) expect(elementOf(out, i)).toBe(field.mul(elementOf(x, i), elementOf(y, 1)));
        multiplyAll(out, 2, 1, x, 1, y, 0, 0, 1);
        expect(elementOf(out, 2)).toBe(field.mul(elementOf(x, 1), elementOf(y, 0)));
        const expected = out.slice(0, 2 * size);
        multiplyAll(x, 0, 1, x, 0, y, 1, 0, 2);
        expect(x).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test("sums and differences of extreme operands, all signs, are exact and in the usual form", () => {
    for (const inset of [0, 1]) {
      const [a, b] = [limbsOf(...extremes(1, inset)), limbsOf(...extremes(1, inset))];
      const out = new Float64Array(a.length);
      for (let at = 0; at < 2 ** size; at++) {
        for (const sign of [1, -1] as const) {
          addAll(out, 0, 1, a, 0, sign, b, at, 0, 2 ** size);
          expect(isWithin(out, 1)).toBe(true);
          for (let i = 0; i < 2 ** size; i++) {
            expect(elementOf(out, i)).toBe(field.reduce(elementOf(a, i) + BigInt(sign) * elementOf(b, at)));
          }
        }
      }
    }
  });

  test("butterflies of sums of extreme operands are exact, and one operand larger", () => {
    for (const inset of [0, 1]) {
      const lower = limbsOf(...extremes(butterfly, 1).reverse());
      const upper = limbsOf(...extremes(butterfly, inset));
      const twiddles = limbsOf(...extremes(1, inset));
      for (let w = 0; w < 2 ** size; w++) {
        const x = Float64Array.of(...lower, ...upper);
        butterflies(x, 0, 2 ** size, 2 ** size, 1, twiddles, w);
        expect(isWithin(x, butterfly + 1)).toBe(true);
        const twiddle = elementOf(twiddles, w);
        for (let i = 0; i < 2 ** size; i++) {
          const [u, wv] = [elementOf(lower, i), field.mul(twiddle, elementOf(upper, i))];
          expect(elementOf(x, i)).toBe(field.add(u, wv));
          expect(elementOf(x, i + 2 ** size)).toBe(field.sub(u, wv));
        }
      }
    }
  });

  test("butterflies of any sums of operands are exact", () => {
    fc.assert(
      fc.property(units(butterfly), units(butterfly), units(1), (u, v, w) => {
        const [x, twiddle] = [limbsOf(u, v), limbsOf(w)];
        const [before, wv] = [elementOf(x, 0), field.mul(elementOf(x, 1), elementOf(twiddle, 0))];
        butterflies(x, 0, 1, 1, 1, twiddle, 0);
        expect([elementOf(x, 0), elementOf(x, 1)]).toEqual([field.add(before, wv), field.sub(before, wv)]);
      }),
      { numRuns: 2000 },
    );
  });

  test("butterflies take the columns of the blocks that they are told", () => {
    const small = (...values: number[]) => limbsOf(...values.map((x) => [x, ...bound.slice(1).map(() => 0)]));
    const x = small(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    // Of blocks of 6 from the second element on, the first two pairs.
    butterflies(x, 1, 3, 2, 2, small(0, 10), 1);
    const expected = [1, 2 + 50, 3 + 60, 4, 2 - 50, 3 - 60, 7, 8 + 110, 9 + 120, 10, 8 - 110, 9 - 120, 13, 14];
    expect(Array.from(expected, (_, i) => x[size * i])).toEqual(expected);
  });

  test("carries bring sums of up to 2^24 operands to the usual form, and only those that they are told", () => {
    for (const operands of [1, 2, butterfly + 1, 2 ** 24]) {
      const x = limbsOf(...extremes(operands, 0), ...extremes(operands, 1));
      const before = x.slice();
      carryAll(x, 1, 2 ** (size + 1));
      expect(x.subarray(0, size)).toEqual(before.subarray(0, size));
      expect(isWithin(x.subarray(size), 1)).toBe(true);
      for (let i = 0; i < 2 ** (size + 1); i++) expect(elementOf(x, i)).toBe(elementOf(before, i));
    }
    fc.assert(
      fc.property(units(2 ** 24), (a) => {
        const x = limbsOf(a);
        const before = elementOf(x, 0);
        carryAll(x, 0, 1);
        expect(isWithin(x, 1)).toBe(true);
        expect(elementOf(x, 0)).toBe(before);
      }),
      { numRuns: 2000 },
    );
  });

  test("inner products of 1,000 extreme elements with all signs are exact", () => {
    const count = 1000;
    const repeat = (one: number[]): Float64Array => limbsOf(...new Array<number[]>(count).fill(one));
    const all = extremes(1, 0);
    for (const [i, a] of all.entries()) {
      for (const b of [a, all.at(-1 - i), extremes(1, 1)[(5 * i + 3) % all.length]] as number[][]) {
        const [x, y, out] = [repeat(a), repeat(b), new Float64Array(size)];
        dotInto(out, 0, x, 0, 1, y, 0, 1, count);
        expect(elementOf(out, 0)).toBe(field.reduce(BigInt(count) * elementOf(x, 0) * elementOf(y, 0)));
        expect(isWithin(out, 1)).toBe(true);
      }
    }
  });

  test("inner products of any operands are exact, at every length around a reduction, with any steps", () => {
    const lengths = [0, 1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 255, 256, 257];
    const vector = fc.array(units(1), { minLength: 3, maxLength: 3 });
    for (const count of lengths) {
      fc.assert(
        fc.property(vector, vector, fc.nat(3), fc.nat(3), (a, b, aStep, bStep) => {
          const repeat = (list: number[][], step: number) =>
            limbsOf(...Array.from({ length: 3 + count * step }, (_, i) => list[i % 3] as number[]));
          const [x, y, out] = [repeat(a, aStep), repeat(b, bStep), new Float64Array(2 * size)];
          dotInto(out, 1, x, 1, aStep, y, 2, bStep, count);
          let expected = 0n;
          for (let i = 0; i < count; i++) {
            expected += elementOf(limbsOf(...a), (1 + i * aStep) % 3) * elementOf(limbsOf(...b), (2 + i * bStep) % 3);
          }
          expect(elementOf(out, 0)).toBe(0n);
          expect(elementOf(out, 1)).toBe(field.reduce(expected));
        }),
        { numRuns: 20 },
      );
    }
  });

  test("the largest limbs are written as the element that they are, and what is read is in the usual form", () => {
    const bytes = new DataView(new ArrayBuffer(field.bytes));
    const check = (one: number[]) => {
      const [x, read] = [limbsOf(one), new Float64Array(size)];
      writeAll(x, 0, 1, bytes, 0);
      let written = 0n;
      for (let k = field.bytes - 1; k >= 0; k--) written = (written << 8n) | BigInt(bytes.getUint8(k));
      expect(written).toBe(elementOf(x, 0));
      expect(readAll(read, 0, bytes, 0, field.bytes)).toBe(1);
      expect(elementOf(read, 0)).toBe(written);
      expect(isWithin(read, 1)).toBe(true);
    };
    for (const inset of [0, 1, 2]) extremes(1, inset).forEach(check);
    fc.assert(fc.property(units(1), check), { numRuns: 2000 });
  });
});
