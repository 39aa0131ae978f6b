// XofHmacSha256Aes128's stream beside noble's HMAC and AES, over every provider. turboshake.test.ts has the other XOF.

import { ctr } from "@noble/ciphers/aes.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { concat, toHex } from "../../src/core/bytes.js";
import { setCrypto } from "../../src/crypto/provider.js";
import { hmacSha256Aes128, take } from "../../src/crypto/xof.js";
import { providers } from "../support/providers.js";

afterAll(() => setCrypto("auto"));

describe.each(providers)("over %s", (name) => {
  it("gives noble's bytes for any key, message and pieces", () => {
    setCrypto(name);
    const parts = fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 4 });
    const lengths = fc.array(fc.nat(70), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), parts, lengths, (key, message, pieces) => {
        const tag = hmac(sha256, key, concat(...message));
        const stream = hmacSha256Aes128(key, ...message);
        const bytes = concat(...pieces.map((length) => take(stream, length)));
        stream.end();
        const expected = ctr(tag.subarray(0, 16), tag.slice(16)).encrypt(new Uint8Array(bytes.length));
        expect(toHex(bytes)).toBe(toHex(expected));
      }),
      { numRuns: 100 },
    );
  });
});
