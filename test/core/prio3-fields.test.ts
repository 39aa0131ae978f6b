// The fields of Prio3: their parameters are those of the VDAF draft, section 6.1.6.

import { Field as nobleField } from "@noble/curves/abstract/modular.js";
import { describe, expect, test } from "vitest";
import { FIELD_64, FIELD_128 } from "../../src/core/fields.js";

describe.each([
  [FIELD_64, 2n ** 32n * 4294967295n + 1n, 4294967295n, 8],
  [FIELD_128, 2n ** 66n * 4611686018427387897n + 1n, 4611686018427387897n, 16],
] as const)("$name", (field, modulus, cofactor, bytes) => {
  test("has the draft's modulus, length and generator, whose order is the power of two", () => {
    expect(field.modulus).toBe(modulus);
    expect(field.bytes).toBe(bytes);
    expect(field.generator).toBe(nobleField(modulus).pow(7n, cofactor));
    expect(field.pow(field.generator, 2n ** BigInt(field.twoAdicity))).toBe(1n);
    expect(field.pow(field.generator, 2n ** BigInt(field.twoAdicity - 1))).toBe(modulus - 1n);
    expect(field.rootOfUnity(2)).toBe(modulus - 1n);
  });
});
