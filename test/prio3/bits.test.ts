// Integers as bits: for any largest integer, each integer in its range has bits whose weights add up to it, whether it
// comes as a number or as a bigint.

import fc from "fast-check";
import { expect, it } from "vitest";
import { bitLength, encodeIntegers, weightsOf, wordsOf } from "../../src/prio3/circuits/bits.js";

const integerOf = (bits: Iterable<number>, weights: readonly bigint[]): bigint =>
  Array.from(bits).reduce((sum, bit, l) => sum + BigInt(bit) * (weights[l] as bigint), 0n);

const edges = [1n, 2n, 3n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 33n - 1n];
const largest = [...edges, 2n ** 53n - 1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n];

/** A largest integer, and integers in its range, among them those next to powers of two. */
const range = fc.oneof(fc.constantFrom(...largest), fc.bigInt({ min: 1n, max: 2n ** 64n - 1n })).chain((max) => {
  const next = [0n, 1n, max, max - 1n, max / 2n, max / 2n + 1n, ...edges].filter((x) => x <= max);
  return fc.tuple(
    fc.constant(max),
    fc.array(fc.oneof(fc.constantFrom(...next), fc.bigInt({ min: 0n, max })), { minLength: 1, maxLength: 5 }),
  );
});

it("encodes each integer as bits that stand for it", () => {
  fc.assert(
    fc.property(range, ([max, values]) => {
      const [size, weights] = [bitLength(max), weightsOf(max)];
      expect(weights.reduce((sum, weight) => sum + weight, 0n)).toBe(max);
      const bits = encodeIntegers(wordsOf(values), weights);
      expect(bits.length).toBe(values.length * size);
      expect(bits.every((bit) => bit <= 1)).toBe(true);
      values.forEach((value, i) => {
        expect(integerOf(bits.subarray(i * size, (i + 1) * size), weights)).toBe(value);
      });
    }),
    { numRuns: 1000 },
  );
});

it("reads numbers as the bigints that they are equal to", () => {
  const numbers = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 12345, Number.MAX_SAFE_INTEGER];
  expect(wordsOf(numbers)).toEqual(wordsOf(numbers.map(BigInt)));
  fc.assert(
    fc.property(fc.maxSafeNat(), (x) => {
      expect(wordsOf([x])).toEqual(wordsOf([BigInt(x)]));
    }),
    { numRuns: 300 },
  );
});
