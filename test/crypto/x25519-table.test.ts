// The table of a public key's multiples against the ladder.

import { ED25519_TORSION_SUBGROUP, ed25519, x25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { fromHex, toHex } from "../../src/core/bytes.js";
import { noble } from "../../src/crypto/noble.js";
import { Multiples } from "../../src/crypto/x25519-table.js";
import { Client, Config, generateKeyPair, Server, ServerSecret } from "../../src/index.js";
import { lowOrderKeys } from "../support/low-order.js";
import { using } from "../support/providers.js";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const zeros = new Uint8Array(32);
const ones = new Uint8Array(32).fill(0xff);
const ladder = (privateKey: Uint8Array, publicKey: Uint8Array) => x25519.getSharedSecret(privateKey, publicKey);

/** The private keys in which clamping, and a table's windows, have their extremes. */
const privateKeys = [
  zeros,
  ones,
  Uint8Array.from(zeros, (_, i) => (i === 31 ? 0x40 : 0)),
  Uint8Array.from(zeros, (_, i) => (i === 0 ? 0x08 : i === 31 ? 0x40 : 0)),
  new Uint8Array(32).fill(0xaa),
  new Uint8Array(32).fill(0x55),
  new Uint8Array(32).fill(0x20),
];

describe("the multiples of a public key", () => {
  it.each(privateKeys.map((privateKey) => [toHex(privateKey), privateKey]))(
    "are what the ladder gives for the private key %s",
    (_hex, privateKey) => {
      const multiples = Multiples.of(x25519.getPublicKey(ones)) as Multiples;
      expect(multiples.times(privateKey)).toEqual(ladder(privateKey, x25519.getPublicKey(ones)));
    },
  );

  it("are what the ladder gives for any two keys", () => {
    const owner = x25519.getPublicKey(Uint8Array.of(7, ...zeros.subarray(1)));
    const multiples = Multiples.of(owner) as Multiples;
    const anyPrivateKey = fc.property(key, (privateKey) => {
      expect(multiples.times(privateKey)).toEqual(ladder(privateKey, owner));
    });
    fc.assert(anyPrivateKey);
    const anyKeys = fc.property(key, key, (owner, privateKey) => {
      const publicKey = x25519.getPublicKey(owner);
      expect(Multiples.of(publicKey)?.times(privateKey)).toEqual(ladder(privateKey, publicKey));
    });
    fc.assert(anyKeys, { numRuns: 10 });
  });

  it("do not mind a part of low order in the key", () => {
    const point = ed25519.Point.BASE.multiply(12345n);
    for (const torsion of ED25519_TORSION_SUBGROUP) {
      const publicKey = ed25519.utils.toMontgomery(point.add(ed25519.Point.fromHex(torsion)).toBytes());
      const multiples = Multiples.of(publicKey) as Multiples;
      for (const privateKey of privateKeys) expect(multiples.times(privateKey)).toEqual(ladder(privateKey, publicKey));
    }
  });

  it("read a key as RFC 7748 has it: without its top bit, modulo 2^255 − 19", () => {
    const publicKey = x25519.getPublicKey(ones);
    const marked = Uint8Array.from(publicKey, (byte, i) => (i === 31 ? byte | 0x80 : byte));
    expect(Multiples.of(marked)?.times(ones)).toEqual(ladder(ones, publicKey));
    // 2^255 − 10 stands for 9, the base point.
    const nine = Uint8Array.of(0xf6, ...new Uint8Array(30).fill(0xff), 0x7f);
    expect(Multiples.of(nine)?.times(ones)).toEqual(publicKey);
  });

  it("are none of a key on the twist, nor of low order", () => {
    // 2 is on the twist: 2³ + 486662·2² + 2 is not a square.
    expect(Multiples.of(Uint8Array.of(2, ...zeros.subarray(1)))).toBeNull();
    for (const key of lowOrderKeys) {
      expect(Multiples.of(fromHex(key, "key", 32))).toBeNull();
    }
  });
});

describe("a lasting public key, agreed with often", () => {
  const often = (publicKey: Uint8Array) =>
    Array.from({ length: 30 }, (_, i) => {
      const privateKey = new Uint8Array(32).fill(i);
      return { privateKey, secret: noble.keyPair(privateKey).agree(publicKey, true) };
    });

  it("gives the same secrets before and after it has its table", () => {
    const publicKey = x25519.getPublicKey(ones);
    for (const { privateKey, secret } of often(publicKey)) expect(secret).toEqual(ladder(privateKey, publicKey));
  });

  it("has its table made once, at the eleventh agreement; a packet's key never has one", () => {
    const made = vi.spyOn(Multiples, "of");
    using("noble", () => {
      const [keysA, keysB] = [generateKeyPair(), generateKeyPair()];
      const config = new Config({ fields: 1, batchId: "b", serverA: keysA.publicKey, serverB: keysB.publicKey });
      const client = new Client(config);
      // The base point is agreed with for every public key that is computed.
      const tables = () =>
        made.mock.calls.map(([key]) => toHex(key).toUpperCase()).filter((hex) => !/^090+$/.test(hex));
      const first = Array.from({ length: 10 }, () => client.encode([1]));
      expect(tables()).toEqual([]);
      for (let i = 0; i < 3; i++) client.encode([1]);
      expect(tables()).toEqual([keysA.publicKey.toHex(), keysB.publicKey.toHex()]);
      const secret = ServerSecret.generate();
      const a = new Server(config, { id: "A", privateKey: keysA.privateKey, secret });
      for (let i = 0; i < 12; i++) a.open((i < 10 ? first[i] : client.encode([1]))?.a as Uint8Array);
      expect(tables()).toHaveLength(2);
      expect(made).toHaveBeenCalledTimes(3);
    });
    made.mockRestore();
  });

  it("inverts nothing of a private key's that is not blinded", () => {
    const blinds: Uint8Array[] = [];
    const multiples = Multiples.of(x25519.getPublicKey(ones)) as Multiples;
    const draws = vi.spyOn(crypto, "getRandomValues").mockImplementation((array) => {
      blinds.push(array as unknown as Uint8Array);
      (array as unknown as Uint8Array).fill(blinds.length);
      return array;
    });
    // One inversion ends noble's product, one is ours.
    expect(multiples.times(ones)).toEqual(ladder(ones, x25519.getPublicKey(ones)));
    draws.mockRestore();
    expect(blinds.filter((blind) => blind.length === 32)).toHaveLength(2);
  });

  it("goes on by the ladder when it is on the twist", () => {
    const publicKey = Uint8Array.of(2, ...zeros.subarray(1));
    for (const { privateKey, secret } of often(publicKey)) expect(secret).toEqual(ladder(privateKey, publicKey));
  });

  it("is refused each time when it is of low order", () => {
    for (const { secret } of often(zeros.slice())) expect(secret).toBeNull();
  });
});
