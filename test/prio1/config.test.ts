// Configurations: bounds, and every wrong option.

import { describe, expect, it } from "vitest";
import { Config, PublicKey } from "../../src/index.js";
import { codeOf, configFor, errorOf, integerConfigFor, keysA, keysB } from "../support/deployment.js";

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
      expect([config.fields, config.snip.size]).toEqual([fields, size]);
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
    expect(errorOf(withOption("serverB", keysA.publicKey)).message).toMatch(/one public key for both/);
    expect(configFor({ fields: 1 }).prgKey).toBe("batch");
    for (const prgKey of ["Batch", "", null, 1]) expect(codeOf(withOption("prgKey", prgKey))).toBe("invalid-argument");
  });

  it("wants options at all", () => {
    for (const x of [undefined, null, 3, "x"]) {
      expect(codeOf(() => new Config(x as unknown as typeof options))).toBe("invalid-argument");
      expect(codeOf(() => Config.forIntegers(x as unknown as typeof integers))).toBe("invalid-argument");
    }
  });

  it("cannot be changed", () => {
    const config = configFor({ fields: 3 }) as { fields: number };
    expect(() => {
      config.fields = 4;
    }).toThrow(TypeError);
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
