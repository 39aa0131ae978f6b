// The prime field over BigInt: its parameters, its laws, and noble's field as an independent oracle.

import { Field as nobleField } from "@noble/curves/abstract/modular.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Field } from "../../src/core/field.js";
import { PrioError } from "../../src/errors.js";
import { of87 } from "./support.js";

const { edgeElements, element, field, p } = of87;

const noble = nobleField(p);

/** Miller and Rabin's test to the first twelve prime bases. */
function isProbablePrime(n: bigint): boolean {
  let odd = n - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  const power = (base: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let b = base, e = exponent; e > 0n; e >>= 1n, b = (b * b) % n) if (e & 1n) result = (result * b) % n;
    return result;
  };
  return [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n].every((base) => {
    let x = power(base, odd);
    if (x === 1n || x === n - 1n) return true;
    for (let k = 1; k < twos; k++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}

describe("the parameters of FIELD_87", () => {
  test("p is 2^87 + 2^19 + 1 and prime, of 88 bits and 11 bytes", () => {
    expect(p).toBe(2n ** 87n + 2n ** 19n + 1n);
    expect(isProbablePrime(p)).toBe(true);
    expect([field.bits, field.bytes]).toEqual([88, 11]);
  });

  test("the generator has order 2^19 exactly", () => {
    expect(field.pow(field.generator, 2n ** 18n)).toBe(p - 1n);
    expect(field.pow(field.generator, 2n ** 19n)).toBe(1n);
  });

  test("2^19 is the largest power of two that divides p − 1", () => {
    expect((p - 1n) % 2n ** 19n).toBe(0n);
    expect((p - 1n) % 2n ** 20n).not.toBe(0n);
  });
});

describe("laws", () => {
  test("add, sub, neg, mul agree with noble and stay in [0, p)", () => {
    fc.assert(
      fc.property(element, element, (a, b) => {
        expect(field.add(a, b)).toBe(noble.add(a, b));
        expect(field.sub(a, b)).toBe(noble.sub(a, b));
        expect(field.neg(a)).toBe(noble.neg(a));
        expect(field.mul(a, b)).toBe(noble.mul(a, b));
      }),
      { numRuns: 1000 },
    );
  });

  test("multiplication distributes over addition, and both are associative and commutative", () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        expect(field.mul(a, field.add(b, c))).toBe(field.add(field.mul(a, b), field.mul(a, c)));
        expect(field.mul(field.mul(a, b), c)).toBe(field.mul(a, field.mul(b, c)));
        expect(field.add(field.add(a, b), c)).toBe(field.add(a, field.add(b, c)));
        expect(field.add(a, b)).toBe(field.add(b, a));
        expect(field.mul(a, b)).toBe(field.mul(b, a));
      }),
      { numRuns: 500 },
    );
  });

  test("inv is noble's inverse and undoes mul", () => {
    fc.assert(
      fc.property(element, (a) => {
        fc.pre(a !== 0n);
        expect(field.inv(a)).toBe(noble.inv(a));
        expect(field.mul(a, field.inv(a))).toBe(1n);
      }),
      { numRuns: 200 },
    );
    for (const a of edgeElements) if (a !== 0n) expect(field.mul(field.inv(a), a)).toBe(1n);
  });

  test("0 has no inverse", () => {
    expect(() => field.inv(0n)).toThrow(PrioError);
    expect(() => field.inv(0n)).toThrow("field: 0 has no inverse");
  });

  test("pow agrees with noble, and 0^0 is 1", () => {
    fc.assert(
      fc.property(element, fc.bigInt({ min: 0n, max: 2n ** 90n }), (a, e) => {
        expect(field.pow(a, e)).toBe(noble.pow(a, e));
      }),
      { numRuns: 100 },
    );
    expect(field.pow(0n, 0n)).toBe(1n);
  });

  test("reduce takes any integer to the congruent element", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n }), (x) => {
        const r = field.reduce(x);
        expect(field.has(r)).toBe(true);
        expect((x - r) % p).toBe(0n);
      }),
      { numRuns: 500 },
    );
    expect([field.reduce(-1n), field.reduce(p), field.reduce(-p)]).toEqual([p - 1n, 0n, 0n]);
  });

  test("has accepts 0 and p − 1, and refuses −1 and p", () => {
    expect([-1n, 0n, p - 1n, p].map((x) => field.has(x))).toEqual([false, true, true, false]);
  });
});

describe("roots of unity", () => {
  test("the root of every power-of-two order has that order, and squares to the next", () => {
    for (let k = 1; k <= 19; k++) {
      const root = field.rootOfUnity(2 ** k);
      expect(field.pow(root, BigInt(2 ** (k - 1)))).toBe(p - 1n);
      expect(field.mul(root, root)).toBe(field.rootOfUnity(2 ** (k - 1)));
    }
    expect(field.rootOfUnity(1)).toBe(1n);
    expect(field.rootOfUnity(2 ** 19)).toBe(field.generator);
  });

  test.each([0, -2, 3, 12, 1.5, 2 ** 20, Number.NaN])("refuses order %d", (n) => {
    expect(() => field.rootOfUnity(n)).toThrow(
      `field: expected the order of a root of unity, a power of two up to 2^19, got ${n}`,
    );
  });
});

test("another prime works as well", () => {
  const small = new Field({ name: "Field257", modulus: 257n, twoAdicity: 8, generator: 3n });
  expect([small.bits, small.bytes]).toEqual([9, 2]);
  for (let a = 1n; a < 257n; a++) expect(small.mul(a, small.inv(a))).toBe(1n);
  expect(small.rootOfUnity(2)).toBe(256n);
});
