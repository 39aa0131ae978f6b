// The fields of Prio3: their parameters are those of the VDAF draft, section 6.1.6, and vectors over them are
// little-endian in bytes.

import { Field as nobleField } from "@noble/curves/abstract/modular.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { FIELD_64, FIELD_128 } from "../../src/core/fields.js";

describe.each([
  [FIELD_64, 2n ** 32n * 4294967295n + 1n, 4294967295n, 8],
  [FIELD_128, 2n ** 66n * 4611686018427387897n + 1n, 4611686018427387897n, 16],
] as const)("$name", (field, modulus, cofactor, bytes) => {
  const space = bigIntSpace(field as typeof FIELD_64);
  const element = fc.bigInt({ min: 0n, max: modulus - 1n });

  test("has the draft's modulus, length and generator, whose order is the power of two", () => {
    expect(field.modulus).toBe(modulus);
    expect(field.bytes).toBe(bytes);
    expect(field.generator).toBe(nobleField(modulus).pow(7n, cofactor));
    expect(field.pow(field.generator, 2n ** BigInt(field.twoAdicity))).toBe(1n);
    expect(field.pow(field.generator, 2n ** BigInt(field.twoAdicity - 1))).toBe(modulus - 1n);
    expect(field.rootOfUnity(2)).toBe(modulus - 1n);
  });

  test("an element is as many little-endian bytes as the field says, and is read again", () => {
    const edges = [0n, 1n, 255n, 256n, modulus - 1n];
    fc.assert(
      fc.property(fc.oneof(element, fc.constantFrom(...edges)), fc.nat(5), (x, start) => {
        const out = new Uint8Array(start + bytes + 3).fill(0xa5);
        space.fromBigInts([7n, x]).writeLE(1, out, start);
        const expected = Array.from({ length: bytes }, (_, k) => Number((x >> BigInt(8 * k)) & 0xffn));
        expect([...out]).toEqual([...new Array<number>(start).fill(0xa5), ...expected, 0xa5, 0xa5, 0xa5]);
        const vector = space.zeros(2);
        expect(vector.readLE(1, out, start)).toBe(true);
        expect(vector.toBigInts()).toEqual([0n, x]);
      }),
      { numRuns: 300 },
    );
  });

  test("what is not below the modulus is refused, and leaves the element as it was", () => {
    for (const x of [modulus, modulus + 1n, 2n ** BigInt(8 * bytes) - 1n]) {
      const encoded = Uint8Array.from({ length: bytes }, (_, k) => Number((x >> BigInt(8 * k)) & 0xffn));
      const vector = space.fromBigInts([5n]);
      expect(vector.readLE(0, encoded, 0)).toBe(false);
      expect(vector.toBigInts()).toEqual([5n]);
    }
  });
});
