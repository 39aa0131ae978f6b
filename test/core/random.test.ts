// Randomness and additive sharing.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { concat, fromHex } from "../../src/core/bytes.js";
import { Field } from "../../src/core/field.js";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { buffered, type RandomSource, randomElements, systemRandom } from "../../src/core/random.js";
import { combine, shareOf, sharesInPlaceOf } from "../../src/core/sharing.js";
import { codeOf } from "../support/deployment.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the system's random source", () => {
  it("fills every byte, also past the 65,536 that Web Crypto gives in one call", () => {
    const bytes = systemRandom(200_000);
    expect(bytes).toHaveLength(200_000);
    // A piece left at zero would show: each 65,536-byte piece has all 256 values but for a chance of 2^-360.
    for (let start = 0; start < bytes.length; start += 65536) {
      expect(new Set(bytes.subarray(start, start + 65536)).size).toBe(256);
    }
    expect(systemRandom(0)).toHaveLength(0);
  });

  it("is missing with a code when the platform has none", () => {
    vi.stubGlobal("crypto", undefined);
    expect(codeOf(() => systemRandom(1))).toBe("no-randomness");
  });
});

describe("a buffered source", () => {
  it("deals out every byte of a draw once, in order, and draws again for what is not there", () => {
    let drawn = 0;
    const draws: number[] = [];
    const counting: RandomSource = (length) => {
      draws.push(length);
      return Uint8Array.from({ length }, () => drawn++);
    };
    const random = buffered(counting, 10);
    expect([3, 0, 7].map((length) => [...random(length)])).toEqual([[0, 1, 2], [], [3, 4, 5, 6, 7, 8, 9]]);
    expect([6, 5, 12].map((length) => [...random(length)])).toEqual([
      [10, 11, 12, 13, 14, 15],
      // The four bytes left of the second draw are too few, so they are dropped.
      [20, 21, 22, 23, 24],
      [30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41],
    ]);
    expect(draws).toEqual([10, 10, 10, 12]);
  });

  it("lets nothing be seen of one piece through another", () => {
    const random = buffered(systemRandom, 64);
    const [one, two] = [random(32), random(32)];
    const before = two.slice();
    one.fill(0);
    expect(two).toEqual(before);
  });
});

describe("random elements", () => {
  it("are taken from the bytes given, candidates past the modulus skipped", () => {
    const candidates = [
      "ffffffffffffffffffffff",
      "8000000000000000080001",
      "8000000000000000080000",
      "00000000000000000000ff",
    ];
    let stream = fromHex(candidates.join(""), "candidates", 44);
    const random: RandomSource = (length) => {
      const bytes = stream.slice(0, length);
      stream = stream.subarray(length);
      return concat(bytes, new Uint8Array(length - bytes.length));
    };
    expect(randomElements(field, 2, random)).toEqual([field.modulus - 1n, 255n]);
  });

  it("reach both ends of a small field and nothing outside, evenly", () => {
    const small = new Field({ name: "Field17", modulus: 17n, twoAdicity: 4, generator: 3n });
    const counts = new Map<bigint, number>();
    for (const x of randomElements(small, 17_000, systemRandom)) counts.set(x, (counts.get(x) ?? 0) + 1);
    expect(counts.size).toBe(17);
    // Each count is 1000 ± 31 (binomial); 7 deviations are a chance of 2^-38.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(220);
    for (const x of counts.keys()) expect(small.has(x)).toBe(true);
  });
});

describe("additive sharing", () => {
  const element = fc.bigInt({ min: 0n, max: field.modulus - 1n });
  const space = bigIntSpace(field);

  it("combines to the value, for scalars and vectors", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(element, element), { minLength: 1, maxLength: 9 }), (pairs) => {
        for (const [value, other] of pairs) {
          expect(combine(field, shareOf(field, value, other), other)).toBe(value);
        }
        const values = space.fromBigInts(pairs.map(([value]) => value));
        const others = space.fromBigInts(pairs.map(([, other]) => other));
        expect(sharesInPlaceOf(others.slice(0, others.length), values).add(others).toBigInts()).toEqual(
          values.toBigInts(),
        );
      }),
    );
  });
});
