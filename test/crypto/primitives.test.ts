// Both providers of primitives against the published vectors of each primitive.

import { describe, expect, it } from "vitest";
import { fromHex, toHex, utf8 } from "../../src/core/bytes.js";
import { systemRandom } from "../../src/core/random.js";
import { provider } from "../../src/crypto/provider.js";
import { setCrypto } from "../../src/index.js";
import { lowOrderKeys } from "../support/low-order.js";
import { providers } from "../support/providers.js";

const hex = (text: string) => fromHex(text, "vector", text.length / 2);
const text = (s: string) => utf8(s, "vector");

describe.each(providers)("%s", (name) => {
  setCrypto(name);
  const crypto = provider();
  setCrypto("auto");

  const freshPair = () => crypto.keyPair(systemRandom(32));

  it("is what was asked for", () => expect(crypto.name).toBe(name));

  describe("X25519", () => {
    it.each([
      [
        "RFC 7748 section 5.2, first vector",
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
      ],
      [
        "RFC 7748 section 5.2, second vector, with the unused high bit set",
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
      ],
      [
        "RFC 7748 section 6.1",
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
        "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
      ],
    ])("%s", (_name, scalar, u, secret) => {
      expect(toHex(crypto.keyPair(hex(scalar)).agree(hex(u), false) as Uint8Array)).toBe(secret);
    });

    it("gives the public keys of RFC 7748 section 6.1", () => {
      const alice = crypto.keyPair(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
      const bob = crypto.keyPair(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
      expect(toHex(alice.publicKey)).toBe("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
      expect(toHex(bob.publicKey)).toBe("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
      expect(bob.agree(alice.publicKey, true)).toEqual(alice.agree(bob.publicKey, true));
    });

    it("passes the 1,000 iterations of RFC 7748 section 5.2", () => {
      let k = Uint8Array.of(9, ...new Uint8Array(31));
      let u = k;
      for (let i = 0; i < 1000; i++) [k, u] = [Uint8Array.from(crypto.keyPair(k).agree(u, false) ?? []), k];
      expect(toHex(k)).toBe("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51");
    });

    describe.each(lowOrderKeys)("the low-order point %s", (point) => {
      it.each([0, 0x80])("is refused with the high bit %d", (highBit) => {
        const peer = hex(point);
        peer[31] = (peer[31] as number) | highBit;
        expect(freshPair().agree(peer, false)).toBeNull();
        // And again: a provider that keeps the point's key object must not keep an answer with it.
        const pair = freshPair();
        expect([pair.agree(peer, true), pair.agree(peer, true)]).toEqual([null, null]);
      });
    });

    it("takes a public key that is not below 2^255 − 19 for what it stands for", () => {
      // 2^255 − 10 stands for 9, the base point.
      const pair = freshPair();
      expect(pair.agree(Uint8Array.of(0xf6, ...new Uint8Array(30).fill(0xff), 0x7f), false)).toEqual(pair.publicKey);
    });

    it("generates key pairs that fit, each another, whose bytes make the pair again", () => {
      const one = freshPair();
      const two = freshPair();
      expect(one.agree(two.publicKey, false)).toEqual(two.agree(one.publicKey, false));
      expect(toHex(one.privateKey)).not.toBe(toHex(two.privateKey));
      expect(crypto.keyPair(one.privateKey.slice()).publicKey).toEqual(one.publicKey);
    });

    it("reads keys that are views into larger buffers", () => {
      const pool = systemRandom(100);
      const [view, other] = [pool.subarray(7, 39), pool.subarray(50, 82)];
      expect(crypto.keyPair(view).publicKey).toEqual(crypto.keyPair(view.slice()).publicKey);
      const peer = crypto.keyPair(other.slice()).publicKey;
      pool.set(peer, 50);
      expect(crypto.keyPair(view).agree(other, false)).toEqual(crypto.keyPair(view.slice()).agree(peer, false));
    });

    it("keeps the bytes of a private key as given, not clamped", () => {
      const scalar = new Uint8Array(32).fill(0xff);
      const pair = crypto.keyPair(scalar.slice());
      expect(pair.agree(freshPair().publicKey, false)).toHaveLength(32);
      expect(pair.privateKey).toEqual(scalar);
    });
  });

  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  ])("SHA-256, FIPS 180-2 appendix B, vector %#", (message, digest) => {
    expect(toHex(crypto.sha256(text(message)))).toBe(digest);
  });

  describe("AES-128-CTR", () => {
    it("gives the output blocks of NIST SP 800-38A section F.5.1", () => {
      const key = hex("2b7e151628aed2a6abf7158809cf4f3c");
      const stream = crypto.aes128Ctr(key, hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"))(4);
      expect(toHex(stream)).toBe(
        "ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae" +
          "6a2cc3787889374fbeb4c81b17ba6c44e89c399ff0f198c6d40a31db156cabfe",
      );
    });

    it("carries the counter over all 16 bytes", () => {
      const key = new Uint8Array(16);
      const block = (counter: string) => toHex(crypto.aes128Ctr(key, hex(counter))(1));
      for (const [counter, next] of [
        ["000000000000000000000000000000ff", "00000000000000000000000000000100"],
        ["000000000000000000000000ffffffff", "00000000000000000000000100000000"],
        ["0000000000000000ffffffffffffffff", "00000000000000010000000000000000"],
        ["ffffffffffffffffffffffffffffffff", "00000000000000000000000000000000"],
      ] as const) {
        expect(toHex(crypto.aes128Ctr(key, hex(counter))(2))).toBe(block(counter) + block(next));
        const stream = crypto.aes128Ctr(key, hex(counter));
        expect([stream(0), stream(1), stream(1)].map(toHex)).toEqual(["", block(counter), block(next)]);
      }
    });

    it("goes on where it was, in pieces of any number of blocks, over a carry of many bytes", () => {
      const key = new Uint8Array(16).fill(3);
      const counter = hex("00000000000000000000fffffffffe00");
      const whole = toHex(crypto.aes128Ctr(key, counter)(70_000));
      const stream = crypto.aes128Ctr(key, counter);
      expect([1, 511, 0, 256, 65_536, 3, 3693].map((blocks) => toHex(stream(blocks))).join("")).toBe(whole);
    });

    it("streams do not mind each other, nor what becomes of their key and counter", () => {
      const key = new Uint8Array(16);
      const counter = new Uint8Array(16);
      const one = crypto.aes128Ctr(key, counter);
      const two = crypto.aes128Ctr(key, counter);
      const first = toHex(one(1));
      counter.fill(9);
      expect(toHex(two(1))).toBe(first);
      expect(toHex(one(1))).toBe(toHex(two(1)));
    });
  });

  // Test cases 1 to 4 of the specification that NIST SP 800-38D adopted (McGrew and Viega, appendix B).
  describe.each([
    [1, "00000000000000000000000000000000", "000000000000000000000000", "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"],
    [
      2,
      "00000000000000000000000000000000",
      "000000000000000000000000",
      "00000000000000000000000000000000",
      "",
      "0388dace60b6a392f328c2b971b2fe78",
      "ab6e47d42cec13bdf53a67b21257bddf",
    ],
    [
      3,
      "feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
      "",
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
      "4d5c2af327cd64a62cf35abd2ba6fab4",
    ],
    [
      4,
      "feffe9928665731c6d6a8f9467308308",
      "cafebabefacedbaddecaf888",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
      "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
      "5bc94fbc3221a5db94fae95ae7121a47",
    ],
  ])("AES-128-GCM, test case %d", (_number, key, iv, plaintext, associatedData, ciphertext, tag) => {
    const sealed = hex(ciphertext + tag);

    it("seals", () => {
      const result = crypto.aes128GcmSeal(hex(key), hex(iv), hex(plaintext), hex(associatedData));
      expect(toHex(result)).toBe(ciphertext + tag);
    });

    it("opens", () => {
      const result = crypto.aes128GcmOpen(hex(key), hex(iv), sealed, hex(associatedData));
      expect(toHex(result as Uint8Array)).toBe(plaintext);
    });

    it("refuses every changed bit of ciphertext and tag, and other associated data", () => {
      for (let bit = 0; bit < 8 * sealed.length; bit++) {
        const changed = sealed.slice();
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(crypto.aes128GcmOpen(hex(key), hex(iv), changed, hex(associatedData))).toBeNull();
      }
      expect(crypto.aes128GcmOpen(hex(key), hex(iv), sealed, hex(`${associatedData}00`))).toBeNull();
    });
  });

  it("returns plain arrays that own their memory", () => {
    const key = new Uint8Array(16);
    const iv = new Uint8Array(12);
    const pair = freshPair();
    const sealed = crypto.aes128GcmSeal(key, iv, key, iv);
    for (const bytes of [
      pair.privateKey,
      pair.publicKey,
      pair.agree(freshPair().publicKey, true),
      crypto.sha256(key),
      crypto.aes128Ctr(key, key)(2),
      sealed,
      crypto.aes128GcmOpen(key, iv, sealed, iv),
    ]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
      expect(bytes?.buffer.byteLength).toBe(bytes?.length);
    }
  });

  it("leaves its arguments as they were", () => {
    const key = hex("2b7e151628aed2a6abf7158809cf4f3c");
    const iv = hex("cafebabefacedbaddecaf888");
    const pair = freshPair();
    const sealed = crypto.aes128GcmSeal(key, iv, key, iv);
    const before = [key, iv, sealed, pair.publicKey].map((bytes) => bytes.slice());
    crypto.aes128GcmOpen(key, iv, sealed, iv);
    crypto.aes128GcmOpen(key, iv, sealed, key);
    crypto.aes128Ctr(key, key)(7);
    crypto.sha256(key);
    pair.agree(pair.publicKey, true);
    expect([key, iv, sealed, pair.publicKey]).toEqual(before);
  });
});
