// The client: values out of range, shapes of packets, integers as bits.

import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { open, SEALING_BYTES } from "../../src/crypto/ecies.js";
import { Client, Config, publish } from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { readPacketB } from "../../src/prio1/wire.js";
import {
  codeOf,
  configFor,
  errorOf,
  integerConfigFor,
  keysB,
  process,
  serverA,
  serverB,
} from "../support/deployment.js";
import { providers, using } from "../support/providers.js";

/** What the servers publish of one report. */
function roundTrip(config: Config, packets: { a: Uint8Array; b: Uint8Array }): bigint[] {
  const [a, b] = [serverA(config), serverB(config)];
  expect(process(a, b, packets)).toBe(true);
  return publish(config, a.totalShare(), b.totalShare());
}

describe("encode", () => {
  const config = configFor({ fields: 4 });
  const client = new Client(config);

  it("takes booleans, 0 and 1, in any list", () => {
    for (const values of [
      [true, false, 1, 0],
      Uint8Array.of(1, 0, 1, 0),
      { length: 4, 0: true, 1: false, 2: 1, 3: -0 },
    ]) {
      expect(roundTrip(config, client.encode(values))).toEqual([1n, 0n, 1n, 0n]);
    }
  });

  it("refuses every other value before anything is computed, naming the index and never the value", () => {
    for (const x of [2, -1, 0.5, Number.NaN, 1n, "1", null, undefined, {}, []]) {
      const error = errorOf(() => client.encode([0, 1, x as number, 0]));
      expect(error.code).toBe("out-of-range");
      expect(error.message).toBe("client: expected true, false, 0 or 1 at index 2, got another value");
    }
    for (const values of [[], [1, 0, 1], [1, 0, 1, 0, 1], new Uint8Array(5)]) {
      expect(codeOf(() => client.encode(values))).toBe("wrong-length");
    }
    for (const values of [undefined, null, 4, "1010", true]) {
      expect(codeOf(() => client.encode(values as unknown as number[]))).toBe("invalid-argument");
    }
  });

  it("refuses a list whose length is none, without showing it", () => {
    for (const length of [Symbol("a secret"), "a secret", undefined, 4n, {}]) {
      const error = errorOf(() => client.encode({ length } as unknown as number[]));
      expect([error.code, error.message.includes("secret")]).toEqual(["invalid-argument", false]);
    }
    for (const length of [Number.NaN, 4.5, -4]) {
      expect(codeOf(() => client.encode({ length } as unknown as number[]))).toBe("wrong-length");
    }
  });

  it("wants a Config", () => {
    for (const x of [undefined, null, {}, { fields: 4 }, Object.create(Config.prototype), Object.create(config)])
      expect(codeOf(() => new Client(x as Config))).toBe("invalid-argument");
  });

  it("gives B a packet whose size does not depend on the values or their number", () => {
    for (const fields of [1, 100, 1000]) {
      const large = configFor({ fields });
      const { a, b } = new Client(large).encode(new Uint8Array(fields));
      // "test batch" and six elements of at most 11 bytes, each behind a header byte; id, seed.
      expect(b.length).toBeLessThanOrEqual(SEALING_BYTES + 11 + 6 * 12 + 1 + 17);
      expect(a.length).toBeLessThanOrEqual(SEALING_BYTES + 11 + 6 * 12 + 1 + (fields + snipOf(large).size) * 12 + 6);
    }
  });

  it("never gives one packet twice, nor the same shares for the same values", () => {
    const packets = Array.from({ length: 20 }, () => client.encode([1, 1, 1, 1]));
    expect(new Set(packets.flatMap(({ a, b }) => [String(a), String(b)])).size).toBe(40);
  });

  it("draws a fresh seed for B and a fresh key and IV for each packet", () => {
    const seeds = Array.from({ length: 10 }, () => {
      const { a, b } = client.encode([1, 0, 1, 0]);
      expect(a.slice(0, 32)).not.toEqual(b.slice(0, 32));
      expect(a.slice(32, 44)).not.toEqual(b.slice(32, 44));
      return String(readPacketB(config, open(keysB.privateKey, b)).seed);
    });
    expect(new Set(seeds).size).toBe(10);
    expect(seeds).not.toContain(String(new Uint8Array(16)));
  });

  it.runIf(providers.includes("native"))(
    "asks the platform for its random bytes at once, and for no more than some hundreds " +
      "(with native cryptography, which browsers lack: noble draws bytes of its own, to blind what it computes with)",
    () => {
      const draws = vi.spyOn(crypto, "getRandomValues");
      const calls: number[] = [];
      const bytes: number[] = [];
      for (let i = 0; i < 20; i++) {
        draws.mockClear();
        using("native", () => client.encode([1, 1, 0, 0]));
        calls.push(draws.mock.calls.length);
        bytes.push(draws.mock.calls.reduce((sum, [array]) => sum + (array?.byteLength ?? 0), 0));
      }
      draws.mockRestore();
      // Now and then so many candidates are refused that a second draw is needed.
      expect(calls.sort((a, b) => a - b)[10]).toBe(1);
      expect(bytes.sort((a, b) => a - b)[10]).toBeLessThan(1000);
    },
  );
});

describe("encodeIntegers", () => {
  it("gives back any integers of 1 to 42 bits, as numbers or bigints", () => {
    const shape = fc.tuple(fc.integer({ min: 1, max: 42 }), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(
        shape.chain(([precision, count]) =>
          fc.tuple(
            fc.constant(precision),
            fc.array(fc.bigInt({ min: 0n, max: 2n ** BigInt(precision) - 1n }), { minLength: count, maxLength: count }),
          ),
        ),
        fc.boolean(),
        ([precision, values], asNumbers) => {
          const config = integerConfigFor({ count: values.length, precision });
          const packets = new Client(config).encodeIntegers(asNumbers ? values.map(Number) : values);
          expect(roundTrip(config, packets)).toEqual(values);
        },
      ),
    );
  });

  it("refuses integers past their precision, other numbers, other lists", () => {
    const client = new Client(integerConfigFor({ count: 2, precision: 8 }));
    for (const x of [
      256,
      256n,
      -1,
      -1n,
      0.5,
      2 ** 60,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "7",
      true,
      null,
      undefined,
    ]) {
      const error = errorOf(() => client.encodeIntegers([255, x as number]));
      expect(error.code).toBe("out-of-range");
      expect(error.message).toBe("client: expected an integer of 8 bits at index 1, got another value");
    }
    expect(codeOf(() => client.encodeIntegers([1]))).toBe("wrong-length");
    expect(codeOf(() => client.encodeIntegers(null as unknown as number[]))).toBe("invalid-argument");
    expect(codeOf(() => new Client(configFor({ fields: 2 })).encodeIntegers([1, 1]))).toBe("invalid-argument");
  });
});
