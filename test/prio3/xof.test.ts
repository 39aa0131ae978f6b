// XOFs: the vectors of the draft and of libprio-rs, and streams that do not depend on the pieces that are asked for.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { concat, fromHex, toHex } from "../../src/core/bytes.js";
import { FIELD_64, FIELD_128 } from "../../src/core/fields.js";
import { take, turboShake128 } from "../../src/crypto/xof.js";
import { encodeVector } from "../../src/prio3/elements.js";
import { deriveSeed, expandIntoVector, XOF_HMAC_SHA256_AES_128, XOF_TURBO_SHAKE_128 } from "../../src/prio3/xof.js";
import hmacVector from "../../vectors/vdaf-18/XofHmacSha256Aes128.json" with { type: "json" };
import turboVector from "../../vectors/vdaf-18/XofTurboShake128.json" with { type: "json" };

const bytes = (hex: string): Uint8Array => fromHex(hex, "vector", hex.length / 2);

it("XofTurboShake128 hashes the length of a long tag in two bytes, the low one first", () => {
  const [seed, dst, binder] = [new Uint8Array(32).fill(1), new Uint8Array(0x1234).fill(2), Uint8Array.of(3)];
  const parts = [Uint8Array.of(0x34, 0x12), dst, Uint8Array.of(32), seed, binder];
  expect(deriveSeed(XOF_TURBO_SHAKE_128, seed, dst, binder)).toEqual(take(turboShake128(...parts), 32));
});

describe.each([
  ["XofTurboShake128", XOF_TURBO_SHAKE_128, turboVector],
  ["XofHmacSha256Aes128", XOF_HMAC_SHA256_AES_128, hmacVector],
])("%s", (_name, xof, vector) => {
  const [seed, dst, binder] = [bytes(vector.seed), bytes(vector.dst), bytes(vector.binder)];

  it("gives the recorded seed and vector", () => {
    const space = bigIntSpace(FIELD_128);
    expect(toHex(deriveSeed(xof, seed, dst, binder))).toBe(vector.derived_seed);
    const encoded = new Uint8Array(16 * vector.length);
    const expanded = expandIntoVector(xof, space, seed, dst, [binder], vector.length, encoded);
    expect(encoded).toEqual(encodeVector(space, expanded));
    expect(toHex(encoded)).toBe(vector.expanded_vec_field128);
    const alone = expandIntoVector(xof, space, seed, dst, [binder], vector.length);
    expect(alone.toBigInts()).toEqual(expanded.toBigInts());
  });

  it("is one stream, whatever pieces are asked for", () => {
    const whole = take(xof.start(seed, dst, binder), 2000);
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 10 }), (lengths) => {
        const stream = xof.start(seed, dst, binder);
        const pieces = concat(...lengths.map((length) => take(stream, length)));
        expect(toHex(pieces)).toBe(toHex(whole.subarray(0, pieces.length)));
      }),
      { numRuns: 100 },
    );
  });

  it("tells apart where the tag ends and the binder begins", () => {
    const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    expect(deriveSeed(xof, seed, a, b)).not.toEqual(deriveSeed(xof, seed, Uint8Array.of(1), Uint8Array.of(2, 3)));
  });

  it("draws again what is not below the modulus", () => {
    // One candidate in 2^32 is refused in Field64, so a stream is made up that has some.
    const space = bigIntSpace(FIELD_64);
    const max = new Uint8Array(8).fill(0xff);
    const one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);
    const stream = [max, one, max, max, one, one];
    const fill = (target: Uint8Array) => target.set(concat(...stream.splice(0, target.length / 8)));
    const made = { ...xof, start: () => ({ fill, end: () => undefined }) };
    const encoded = new Uint8Array(24);
    const expanded = expandIntoVector(made, space, seed, dst, [binder], 3, encoded);
    expect(expanded.toBigInts()).toEqual([1n, 1n, 1n]);
    expect(encoded).toEqual(concat(one, one, one));
    expect(stream).toEqual([]);
  });
});
