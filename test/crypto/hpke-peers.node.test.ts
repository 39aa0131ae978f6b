// HPKE against two other implementations, in both directions.

import { Aes128Gcm, CipherSuite as CoreSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import * as HPKE from "hpke";
import { describe, expect, test } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { HpkeInfo, hpkeOpen, hpkeSeal } from "../../src/crypto/hpke.js";
import { generateKeyPair } from "../../src/index.js";
import { providers, using } from "../support/providers.js";

interface Peer {
  seal(
    publicKey: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): Promise<[Uint8Array, Uint8Array]>;
  open(
    privateKey: Uint8Array,
    info: Uint8Array,
    aad: Uint8Array,
    enc: Uint8Array,
    payload: Uint8Array,
  ): Promise<Uint8Array>;
}

const suite = new HPKE.CipherSuite(HPKE.KEM_DHKEM_X25519_HKDF_SHA256, HPKE.KDF_HKDF_SHA256, HPKE.AEAD_AES_128_GCM);
const core = new CoreSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes128Gcm() });
const buffer = (bytes: Uint8Array) => bytes.slice().buffer;

const peers: Readonly<Record<string, Peer>> = {
  hpke: {
    async seal(publicKey, info, aad, plaintext) {
      const key = await suite.DeserializePublicKey(publicKey);
      const { encapsulatedSecret, ciphertext } = await suite.Seal(key, plaintext, { aad, info });
      return [encapsulatedSecret, ciphertext];
    },
    async open(privateKey, info, aad, enc, payload) {
      return suite.Open(await suite.DeserializePrivateKey(privateKey, true), enc, payload, { aad, info });
    },
  },
  "@hpke/core": {
    async seal(publicKey, info, aad, plaintext) {
      const recipientPublicKey = await core.kem.deserializePublicKey(buffer(publicKey));
      const { enc, ct } = await core.seal({ recipientPublicKey, info: buffer(info) }, buffer(plaintext), buffer(aad));
      return [new Uint8Array(enc), new Uint8Array(ct)];
    },
    async open(privateKey, info, aad, enc, payload) {
      const recipientKey = await core.kem.deserializePrivateKey(buffer(privateKey));
      const context = { recipientKey, enc: buffer(enc), info: buffer(info) };
      return new Uint8Array(await core.open(context, buffer(payload), buffer(aad)));
    },
  },
};

const { privateKey, publicKey } = generateKeyPair();
const info = new TextEncoder().encode("dap-18 input share\u0001\u0002");
const messages = [0, 1, 16, 300, 5000].map((length) => Uint8Array.from({ length }, (_, i) => i));

describe.each(Object.entries(peers))("%s", (_name, peer) => {
  test.each(providers)("opens what we seal with %s, and we open what it seals", async (name) => {
    for (const message of messages) {
      const aad = message.subarray(1);
      const { enc, payload } = using(name, () => hpkeSeal(publicKey, new HpkeInfo(info), aad, message));
      expect(toHex(await peer.open(privateKey.toBytes(), info, aad, enc, payload))).toBe(toHex(message));
      const [theirEnc, theirPayload] = await peer.seal(publicKey.toBytes(), info, aad, message);
      const opened = using(name, () => hpkeOpen(privateKey, new HpkeInfo(info), aad, theirEnc, theirPayload));
      expect(toHex(opened as Uint8Array)).toBe(toHex(message));
    }
  });
});
