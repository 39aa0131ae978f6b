// HPKE in base mode: the RFC's vectors, and nothing that was changed opens.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../src/core/bytes.js";
import { AEAD_ID, HpkeInfo, hpkeOpen, hpkeSeal, KDF_ID, KEM_ID, TAG_BYTES } from "../../src/crypto/hpke.js";
import { PrivateKey, PublicKey } from "../../src/index.js";
import vector from "../../vectors/rfc9180-a1-base.json" with { type: "json" };
import { codeOf, keysA, keysB } from "../support/deployment.js";
import { lowOrderKeys } from "../support/low-order.js";
import { providers, using } from "../support/providers.js";

const hex = (text: string) => fromHex(text, "test", text.length / 2);
const first = vector.encryptions.find(({ sequence_number }) => sequence_number === 0) as (typeof vector.encryptions)[0];

describe.each(providers)("with %s", (name) => {
  const recipient = PrivateKey.fromHex(vector.skRm);
  const info = () => new HpkeInfo(hex(vector.info));

  it("makes the RFC's key schedule context, and its first ciphertext, and opens it", () => {
    expect([vector.mode, vector.kem_id, vector.kdf_id, vector.aead_id]).toEqual([0, KEM_ID, KDF_ID, AEAD_ID]);
    using(name, () => {
      expect(recipient.publicKey.toHex().toLowerCase()).toBe(vector.pkRm);
      expect(toHex(info().context)).toBe(vector.key_schedule_context);
      const sealed = hpkeSeal(recipient.publicKey, info(), hex(first.aad), hex(first.pt), hex(vector.skEm));
      expect(toHex(sealed.enc)).toBe(vector.enc);
      expect(toHex(sealed.payload)).toBe(first.ct);
      const opened = hpkeOpen(recipient, info(), hex(first.aad), hex(vector.enc), hex(first.ct));
      expect(toHex(opened as Uint8Array)).toBe(first.pt);
    });
  });

  it("opens what it seals, for any info, associated data and plaintext, with a fresh key each time", () => {
    using(name, () => {
      fc.assert(
        fc.property(fc.uint8Array(), fc.uint8Array(), fc.uint8Array({ maxLength: 3000 }), (context, aad, message) => {
          const sealed = hpkeSeal(keysA.publicKey, new HpkeInfo(context), aad, message);
          expect(sealed.payload).toHaveLength(message.length + TAG_BYTES);
          expect(hpkeSeal(keysA.publicKey, new HpkeInfo(context), aad, message).enc).not.toEqual(sealed.enc);
          const opened = hpkeOpen(keysA.privateKey, new HpkeInfo(context), aad, sealed.enc, sealed.payload);
          expect(toHex(opened as Uint8Array)).toBe(toHex(message));
        }),
      );
    });
  });

  it("opens nothing with one bit changed, of another length, with another key, info or associated data", () => {
    using(name, () => {
      const aad = Uint8Array.of(1, 2, 3);
      const { enc, payload } = hpkeSeal(keysA.publicKey, info(), aad, Uint8Array.of(7, 7));
      const opens = (x: Uint8Array, y: Uint8Array, z: Uint8Array, key = keysA.privateKey, about = info()) =>
        hpkeOpen(key, about, z, x, y) !== null;
      expect(opens(enc, payload, aad)).toBe(true);
      for (const [i, bytes] of [enc, payload, aad].entries()) {
        for (let bit = 0; bit < 8 * bytes.length; bit++) {
          // X25519 ignores the top bit of a key. It is hashed all the same.
          const changed = bytes.slice();
          changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
          const parts = [enc, payload, aad].map((part, k) => (k === i ? changed : part)) as [
            Uint8Array,
            Uint8Array,
            Uint8Array,
          ];
          expect(opens(...parts)).toBe(false);
        }
        for (const other of [
          bytes.subarray(1),
          bytes.subarray(0, -1),
          concat(bytes, Uint8Array.of(0)),
          new Uint8Array(0),
        ]) {
          const parts = [enc, payload, aad].map((part, k) => (k === i ? other : part)) as [
            Uint8Array,
            Uint8Array,
            Uint8Array,
          ];
          expect(opens(...parts)).toBe(false);
        }
      }
      expect(opens(enc, payload, aad, keysB.privateKey)).toBe(false);
      expect(opens(enc, payload, aad, keysA.privateKey, new HpkeInfo(Uint8Array.of(1)))).toBe(false);
    });
  });

  it.each(lowOrderKeys)("neither seals to the key of low order %s nor opens what comes from it", (key) => {
    using(name, () => {
      const seal = () => hpkeSeal(PublicKey.fromHex(key), info(), new Uint8Array(0), new Uint8Array(3));
      expect(codeOf(seal)).toBe("invalid-key");
      expect(hpkeOpen(keysA.privateKey, info(), new Uint8Array(0), hex(key), new Uint8Array(19))).toBeNull();
    });
  });
});
