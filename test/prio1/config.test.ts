// Configurations: bounds, and every wrong option.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pairOf } from "../../src/crypto/keys.js";
import {
  Admission,
  Client,
  Config,
  generateKeyPair,
  MemoryReplayRecord,
  PublicKey,
  ServerSecret,
  setCrypto,
} from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { codeOf, configFor, errorOf, integerConfigFor, keysA, keysB, serverA } from "../support/deployment.js";
import { lowOrderKeys } from "../support/low-order.js";

const options = { fields: 3, batchId: "b", serverA: keysA.publicKey, serverB: keysB.publicKey };
const integers = { count: 3, precision: 5, batchId: "b", serverA: keysA.publicKey, serverB: keysB.publicKey };

/** A configuration with one option replaced by anything at all. */
const withOption = (name: string, value: unknown) => () => new Config({ ...options, [name]: value });
const withIntegerOption = (name: string, value: unknown) => () => Config.forIntegers({ ...integers, [name]: value });

describe("a configuration for booleans", () => {
  it("has 1 to 262143 fields and the next power of two above", () => {
    expect(Config.maxFields).toBe(262143);
    for (const [fields, size] of [
      [1, 2],
      [2, 4],
      [3, 4],
      [4, 8],
      [7, 8],
      [8, 16],
      [1000, 1024],
      [262143, 262144],
    ] as const) {
      const config = configFor({ fields });
      expect([config.fields, snipOf(config).size]).toEqual([fields, size]);
      expect([config.precision, config.count]).toEqual([undefined, undefined]);
    }
    for (const fields of [0, -1, 1.5, 262144, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      expect(codeOf(withOption("fields", fields))).toBe("out-of-range");
    }
    for (const fields of [undefined, null, "3", 3n, {}])
      expect(codeOf(withOption("fields", fields))).toBe("invalid-argument");
  });

  it("takes a batch id of 0 to 65,535 bytes without NUL, a string as UTF-8, bytes as a copy", () => {
    for (const batchId of ["", "x".repeat(65535), "zählung", new Uint8Array(65535).fill(255)])
      withOption("batchId", batchId)();
    expect(configFor({ fields: 1, batchId: "é" }).batchId).toEqual(Uint8Array.of(0xc3, 0xa9));
    const bytes = Uint8Array.of(1, 2);
    const config = configFor({ fields: 1, batchId: bytes });
    bytes[0] = 9;
    expect(config.batchId).toEqual(Uint8Array.of(1, 2));
    for (const batchId of ["x".repeat(65536), "é".repeat(32768)])
      expect(codeOf(withOption("batchId", batchId))).toBe("out-of-range");
    for (const batchId of ["a\0b", Uint8Array.of(1, 0), undefined, 7, [1]]) {
      expect(codeOf(withOption("batchId", batchId))).toBe("invalid-argument");
    }
    expect(codeOf(withOption("batchId", "\ud800"))).toBe("invalid-encoding");
  });

  it("is for booleans or for integers: fields with count and precision are refused", () => {
    const both = { ...options, ...integers };
    expect(codeOf(() => new Config(both))).toBe("invalid-argument");
    expect(codeOf(() => Config.forIntegers(both))).toBe("invalid-argument");
  });

  it("wants two different public keys and a known PRG key", () => {
    for (const key of [
      undefined,
      null,
      {},
      keysA.privateKey,
      keysA.publicKey.toHex(),
      Object.create(PublicKey.prototype),
    ]) {
      expect(codeOf(withOption("serverA", key))).toBe("invalid-argument");
      expect(codeOf(withOption("serverB", key))).toBe("invalid-argument");
    }
    expect(errorOf(withOption("serverB", keysA.publicKey)).message).toMatch(/one key twice/);
    expect(configFor({ fields: 1 }).prgKey).toBe("batch");
    for (const prgKey of ["Batch", "", null, 1]) expect(codeOf(withOption("prgKey", prgKey))).toBe("invalid-argument");
  });

  it("refuses two keys that X25519 takes for one: another top bit, or u + p in the place of u", () => {
    const { publicKey } = generateKeyPair();
    const marked = publicKey.toBytes();
    marked[31] = (marked[31] as number) ^ 0x80;
    // 9 and 9 + p; and both with the top bit.
    const nine = Uint8Array.of(9, ...new Uint8Array(31));
    const ninePlusP = Uint8Array.of(0xf6, ...new Uint8Array(30).fill(0xff), 0x7f);
    const top = (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, i) => (i === 31 ? byte | 0x80 : byte));
    for (const [a, b] of [
      [publicKey.toBytes(), marked],
      [nine, ninePlusP],
      [top(nine), ninePlusP],
      [nine, top(ninePlusP)],
    ] as const) {
      for (const [serverA, serverB] of [
        [a, b],
        [b, a],
      ] as const) {
        const keys = { serverA: PublicKey.fromBytes(serverA), serverB: PublicKey.fromBytes(serverB) };
        expect(errorOf(() => new Config({ ...options, ...keys })).message).toMatch(/one key twice/);
      }
    }
    // One such key alone is a key like others.
    for (const bytes of [marked, ninePlusP, top(nine)]) withOption("serverB", PublicKey.fromBytes(bytes))();
  });

  it("refuses a key of low order, in every encoding", () => {
    for (const hex of lowOrderKeys) {
      for (const top of [0, 0x80]) {
        const bytes = PublicKey.fromHex(hex).toBytes();
        bytes[31] = (bytes[31] as number) | top;
        const key = PublicKey.fromBytes(bytes);
        expect([codeOf(withOption("serverA", key)), codeOf(withOption("serverB", key))]).toEqual([
          "invalid-key",
          "invalid-key",
        ]);
      }
    }
  });

  it("takes a key that X25519 takes, and no other", () => {
    const other = keysB.publicKey;
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 40n }), fc.boolean(), (x, fromTop) => {
        const u = fromTop ? 2n ** 255n - 1n - x : x;
        const bytes = Uint8Array.from({ length: 32 }, (_, i) => Number((u >> BigInt(8 * i)) & 0xffn));
        const isLow = pairOf(keysA.privateKey).agree(bytes, false) === null;
        const make = () => new Config({ ...options, serverA: PublicKey.fromBytes(bytes), serverB: other });
        if (isLow) expect(codeOf(make)).toBe("invalid-key");
        else expect(make).not.toThrow();
      }),
    );
  });

  it("wants options at all", () => {
    for (const x of [undefined, null, 3, "x"]) {
      expect(codeOf(() => new Config(x as unknown as typeof options))).toBe("invalid-argument");
      expect(codeOf(() => Config.forIntegers(x as unknown as typeof integers))).toBe("invalid-argument");
    }
  });

  it("cannot be changed", () => {
    const config = configFor({ fields: 3 });
    for (const name of ["fields", "batchId", "serverA", "prgKey", "snip"]) {
      expect(Reflect.set(config, name, 4)).toBe(false);
    }
    const before = new Client(config).encode([1, 0, 1]);
    config.batchId.fill(1);
    config.serverA.toBytes().fill(1);
    expect(config.batchId).toEqual(new TextEncoder().encode("test batch"));
    expect(() => serverA(config).open(before.a)).not.toThrow();
    expect(() => serverA(configFor({ fields: 3 })).open(new Client(config).encode([1, 0, 1]).a)).not.toThrow();
  });

  it("shows in JSON what is public, the batch id as text or in hex", () => {
    const keys = { serverA: keysA.publicKey.toHex(), serverB: keysB.publicKey.toHex() };
    const shown = (config: Config) => JSON.parse(JSON.stringify(config));
    expect(shown(configFor({ fields: 3, batchId: "zählung" }))).toEqual({
      fields: 3,
      batchId: "zählung",
      prgKey: "batch",
      ...keys,
    });
    expect(shown(integerConfigFor({ count: 2, precision: 5, batchId: Uint8Array.of(0xff, 0x0a) }))).toEqual({
      fields: 10,
      count: 2,
      precision: 5,
      batchId: "ff0a",
      prgKey: "batch",
      ...keys,
    });
  });
});

describe("a configuration for integers", () => {
  it("has count × precision fields", () => {
    const config = integerConfigFor({ count: 3, precision: 5 });
    expect([config.fields, config.count, config.precision]).toEqual([15, 3, 5]);
    expect(integerConfigFor({ count: 262143, precision: 1 }).fields).toBe(262143);
    expect(integerConfigFor({ count: 6241, precision: 42 }).fields).toBe(262122);
  });

  it("has precisions of 1 to 42 bits and at most 262143 fields", () => {
    for (const precision of [0, 43, 1.5, -1])
      expect(codeOf(withIntegerOption("precision", precision))).toBe("out-of-range");
    for (const count of [0, -1, 52429, 0.5]) expect(codeOf(withIntegerOption("count", count))).toBe("out-of-range");
    for (const x of [undefined, null, "5", 5n]) {
      expect(codeOf(withIntegerOption("precision", x))).toBe("invalid-argument");
      expect(codeOf(withIntegerOption("count", x))).toBe("invalid-argument");
    }
  });
});

describe("options", () => {
  const secret = ServerSecret.generate();
  const config = configFor({ fields: 2 });
  const of = (given: unknown) => given as never;

  it.each<[string, () => unknown]>([
    ["Config", () => configFor(of({ fields: 2, batchID: "x" }))],
    ["Config.forIntegers", () => integerConfigFor(of({ count: 2, precision: 3, prgkey: "seed" }))],
    ["Server", () => serverA(config, of({ querypoints: "report" }))],
    ["Admission", () => new Admission(config, of({ secret, replay: new MemoryReplayRecord() }))],
  ])("%s refuses a name that it does not know, and says which it knows", (_name, f) => {
    expect(errorOf(f)).toMatchObject({
      code: "invalid-argument",
      message: expect.stringMatching(/prgKey.*got "(batchID|prgkey)"|queryPoints.*got "(querypoints|replay)"/),
    });
  });

  it("an admission takes the options of its server", () => {
    const options = { id: "A", privateKey: keysA.privateKey, secret, queryPoints: "report" } as const;
    expect(() => new Admission(config, options)).not.toThrow();
  });

  it.each<[string, () => unknown, string]>([
    ["queryPoints", () => serverA(config, of({ queryPoints: "Report" })), 'got "Report"'],
    ["id", () => serverA(config, of({ id: "a" })), 'got "a"'],
    ["prgKey", () => configFor(of({ fields: 2, prgKey: "Seed" })), 'got "Seed"'],
    ["fields", () => configFor(of({ fields: "2" })), 'got "2"'],
    ["setCrypto", () => setCrypto(of("Native" as never)), 'got "Native"'],
  ])("%s: the error shows a short wrong value", (_name, f, words) => {
    expect(errorOf(f).message).toContain(words);
  });

  it.each<[string, () => unknown]>([
    ["secret", () => serverA(config, of({ secret: "hush" }))],
    ["privateKey", () => serverA(config, of({ privateKey: "hush" }))],
    ["id", () => serverA(config, of({ id: `hush ${"0".repeat(64)}` }))],
    ["a name", () => configFor(of({ fields: 2, [`hush ${"0".repeat(64)}`]: 1 }))],
    ["a client's values", () => new Client(config).encode(of("hush" as never))],
  ])("%s: the error shows nothing of what may be secret", (_name, f) => {
    const { message, code } = errorOf(f);
    expect(code).toBe("invalid-argument");
    expect(message).not.toContain("hush");
  });
});
