// Byte strings: their text encodings, checks and helpers.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bigIntFromBE,
  concat,
  equalBytes,
  fromBase64,
  fromHex,
  isBytes,
  kindOf,
  requireBytes,
  requireObject,
  toBase64,
  toHex,
  uint32BE,
  utf8,
  writeBigIntBE,
} from "../../src/core/bytes.js";
import { codeOf, errorOf } from "../support/deployment.js";
import { bytesOfAnotherRealm } from "../support/realm.js";

/** Encodes bytes in groups of `bits` bits, the most significant first, as characters of `alphabet`. */
function digits(bytes: Uint8Array, bits: number, alphabet: string): string {
  const binary = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = binary.match(new RegExp(`.{1,${bits}}`, "g")) ?? [];
  return groups.map((group) => alphabet[Number.parseInt(group.padEnd(bits, "0"), 2)]).join("");
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const anyBytes = fc.uint8Array({ maxLength: 80 });

describe("hex and base64", () => {
  it("are groups of 4 and 6 bits, both ways, and hex is read in either case", () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const hex = digits(bytes, 4, "0123456789abcdef");
        expect(toHex(bytes)).toBe(hex);
        expect(fromHex(hex, "x", bytes.length)).toEqual(bytes);
        expect(fromHex(hex.toUpperCase(), "x", bytes.length)).toEqual(bytes);
        const unpadded = digits(bytes, 6, BASE64);
        const base64 = unpadded.padEnd(4 * Math.ceil(unpadded.length / 4), "=");
        expect(toBase64(bytes)).toBe(base64);
        expect(fromBase64(base64, "x", bytes.length)).toEqual(bytes);
      }),
    );
  });

  it("refuse every other text, and say nothing of it", () => {
    expect(codeOf(() => fromHex(7, "x", 2))).toBe("invalid-argument");
    expect(codeOf(() => fromHex("abc", "x", 2))).toBe("wrong-length");
    expect(codeOf(() => fromHex("abxy", "x", 2))).toBe("invalid-encoding");
    expect(codeOf(() => fromHex("a bc", "x", 2))).toBe("invalid-encoding");
    expect(codeOf(() => fromHex(" abc", "x", 2))).toBe("wrong-length");
    expect(codeOf(() => fromBase64(null, "x", 2))).toBe("invalid-argument");
    expect(codeOf(() => fromBase64("AAA", "x", 2))).toBe("wrong-length");
    // Another alphabet, white space, padding in the middle, one byte too many, stray bits.
    for (const text of ["A_A=", "A\nA=", "A=AA", "AAAA", "AAB=", "===="]) {
      const error = errorOf(() => fromBase64(text, "secret", 2));
      expect(error.code).toBe("invalid-encoding");
      expect(error.message).not.toContain(text);
    }
  });

  it("never throw anything but PrioError on arbitrary text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 30 }), fc.nat(20), (text, length) => {
        for (const decode of [fromHex, fromBase64]) {
          try {
            expect(decode(text, "x", length)).toHaveLength(length);
          } catch (error) {
            expect((error as Error).name).toBe("PrioError");
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

it("utf8 gives the bytes of TextEncoder", () => {
  const edges = ["\u007f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{10ffff}", "\0"];
  const text = fc
    .array(fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...edges)))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (x) => {
      expect(utf8(x, "x")).toEqual(new TextEncoder().encode(x));
    }),
    { numRuns: 500 },
  );
});

it("utf8 refuses a lone surrogate, which would make two ids one", () => {
  expect(utf8("é€😀", "x")).toEqual(fromHex("c3a9e282acf09f9880", "x", 9));
  expect(codeOf(() => utf8("a\ud800", "x"))).toBe("invalid-encoding");
  expect(codeOf(() => utf8("\udc00\ud800", "x"))).toBe("invalid-encoding");
  expect(codeOf(() => utf8("\ud83d\ud83d\ude00", "x"))).toBe("invalid-encoding");
});

it("byte strings are told by what they are, in any realm", async () => {
  expect(isBytes(new Uint8Array(1))).toBe(true);
  expect(isBytes(new (class extends Uint8Array {})(1))).toBe(true);
  expect(isBytes(await bytesOfAnotherRealm())).toBe(true);
  for (const x of [
    undefined,
    null,
    "ab",
    [1],
    new ArrayBuffer(1),
    new Uint16Array(1),
    new DataView(new ArrayBuffer(1)),
    {},
  ]) {
    expect(isBytes(x)).toBe(false);
    expect(codeOf(() => requireBytes(x, "x"))).toBe("invalid-argument");
  }
  expect(codeOf(() => requireBytes(new Uint8Array(3), "x", 4))).toBe("wrong-length");
  expect(codeOf(() => requireObject(undefined as unknown as object, "x"))).toBe("invalid-argument");
  expect([null, undefined, [], 1, "s", {}].map(kindOf)).toEqual([
    "null",
    "undefined",
    "an array",
    "a value of type number",
    "a value of type string",
    "a value of type object",
  ]);
});

it("concat, equality and big-endian integers", () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 5 }), anyBytes, (parts, other) => {
      const whole = concat(...parts);
      expect(Array.from(whole)).toEqual(parts.flatMap((part) => Array.from(part)));
      expect(equalBytes(whole, whole.slice())).toBe(true);
      expect(equalBytes(whole, other)).toBe(String(whole) === String(other));
      expect(toHex(concat(Uint8Array.of(0), whole))).toBe(`00${toHex(whole)}`);
      expect(bigIntFromBE(whole)).toBe(whole.reduce((x, byte) => x * 256n + BigInt(byte), 0n));
    }),
  );
  fc.assert(
    fc.property(fc.nat(2 ** 31 - 1), (x) => {
      expect(bigIntFromBE(uint32BE(x))).toBe(BigInt(x));
    }),
  );
  expect(uint32BE(2 ** 32 - 1)).toEqual(Uint8Array.of(255, 255, 255, 255));
});

it("big-endian integers anywhere in an array, written without leading zeros and read again", () => {
  const edges = [0, 8, 40, 47, 48, 49, 56, 87, 88, 95, 96, 97, 144].flatMap((k) =>
    [-1n, 0n, 1n].map((d) => 2n ** BigInt(k) + d),
  );
  const integer = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 248n - 1n }), fc.constantFrom(...edges));
  fc.assert(
    fc.property(integer, fc.nat(20), (x, start) => {
      const bytes = new Uint8Array(start + 40).fill(0xa5);
      const length = writeBigIntBE(x, bytes, start);
      const digits = x.toString(16);
      expect(length).toBe(Math.ceil(digits.length / 2));
      expect(toHex(bytes.subarray(start, start + length))).toBe(digits.padStart(2 * length, "0"));
      expect(bigIntFromBE(bytes, start, start + length)).toBe(x);
      bytes.fill(0xa5, start, start + length);
      expect(bytes).toEqual(new Uint8Array(start + 40).fill(0xa5));
    }),
    { numRuns: 1000 },
  );
});
