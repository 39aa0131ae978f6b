// What a caller or a client might forge: verified reports, replay keys, configurations, byte strings, integers.

import { describe, expect, it } from "vitest";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { systemRandom } from "../../src/core/random.js";
import { randomSealing } from "../../src/crypto/ecies.js";
import { Client, Config, MemoryReplayRecord, publish, VerifiedReport } from "../../src/index.js";
import { drawReportRandomness, sealReport, shareReport } from "../../src/prio1/client.js";
import { codeOf, configFor, integerConfigFor, process, serverA, serverB } from "../support/deployment.js";

const config = configFor({ fields: 3 });

describe("a VerifiedReport", () => {
  it("cannot be made without a check, nor its share be taken out", () => {
    const server = serverA(config);
    const internals = VerifiedReport as unknown as { of?: (o: object) => VerifiedReport; take?: unknown };
    const data = config.snip.space.fromIntegers([1000, 1000, 1000]);
    const forged = internals.of?.({ session: server, data });
    expect(() => server.aggregate(forged as VerifiedReport)).toThrow();
    expect(server.reports).toBe(0);
    expect(internals.take).toBeUndefined();
  });

  it("is not made of second messages that this verifier did not send", () => {
    const server = serverA(config);
    const verifier = server.open(new Client(config).encode([1, 0, 1]).a);
    verifier.verify2(verifier.verify1(), verifier.verify1());
    const zero = Uint8Array.of(0xa1, 0);
    let report: VerifiedReport | null = null;
    try {
      report = verifier.check(zero, zero);
    } catch {
      // a PrioError would do as well
    }
    expect(report).toBeNull();
  });
});

describe("a replay record in memory", () => {
  const fresh = () => crypto.getRandomValues(new Uint8Array(32));

  it("forgets nothing when it cannot grow", () => {
    const record = new MemoryReplayRecord();
    const keys: Uint8Array[] = [];
    const original = globalThis.Uint32Array;
    let failed = 0;
    globalThis.Uint32Array = new Proxy(original, {
      construct(target, args, newTarget) {
        if (typeof args[0] === "number" && failed++ === 0) {
          throw new RangeError("Array buffer allocation failed");
        }
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    try {
      for (let i = 0; i < 3000; i++) {
        const key = fresh();
        try {
          record.add(key);
          keys.push(key);
        } catch {
          // the growth that fails
        }
      }
    } finally {
      globalThis.Uint32Array = original;
    }
    expect(failed).toBeGreaterThan(0);
    expect(keys.filter((key) => record.add(key))).toEqual([]);
  });

  it("answers true to a first key of zeros, and with a PrioError to what is no key", () => {
    const record = new MemoryReplayRecord();
    expect(codeOf(() => record.add(new Uint8Array(3)))).toBe("wrong-length");
    expect(codeOf(() => record.add("key" as unknown as Uint8Array))).toBe("invalid-argument");
    expect(record.add(new Uint8Array(32))).toBe(true);
  });
});

describe("bad input that is no PrioError yet", () => {
  const client = new Client(config);
  it.each([
    ["a Config made of its prototype, for a server", () => serverA(Object.create(Config.prototype) as Config)],
    ["one for publish", () => publish(Object.create(Config.prototype) as Config, Uint8Array.of(0), Uint8Array.of(1))],
    ["a length that is a symbol", () => client.encode({ length: Symbol("x") } as unknown as number[])],
    [
      "a DataView that calls itself Uint8Array",
      () =>
        serverA(config).open(
          Object.defineProperty(new DataView(new ArrayBuffer(100)), Symbol.toStringTag, {
            value: "Uint8Array",
          }) as unknown as Uint8Array,
        ),
    ],
  ])("%s", (_what, f) => {
    expect(codeOf(f)).toBeTypeOf("string");
  });

  it("a list's length that is a text stays out of the message", () => {
    expect(() => client.encode({ length: "a secret" } as unknown as number[])).toThrow(/^(?!.*a secret)/);
  });
});

describe("integers in stream mode", () => {
  it("of 2^k − 1 bits in all let a client add any number (documented for fields only)", () => {
    const integers = integerConfigFor({ count: 1, precision: 7 });
    const { space } = integers.snip;
    const v = 1000n;
    const values = space.fromBigInts(new Array<bigint>(7).fill(v));
    const randomness = drawReportRandomness(integers, systemRandom);
    const shares = shareReport(integers, values, randomness);
    // h = f·g + δ and c = a·b + δ with δ = −v·(v − 1); h0 moves with h.
    const delta = field.neg(v * (v - 1n));
    const h = shares.a.h.add(space.fromBigInts(new Array<bigint>(shares.a.h.length).fill(delta)));
    const forged = {
      ...shares.a,
      h,
      c: field.add(shares.a.c, delta),
      h0: field.add(shares.a.h0, delta),
    };
    const packets = sealReport(integers, { a: forged, b: shares.b }, randomSealing(), randomSealing());
    const [a, b] = [serverA(integers), serverB(integers)];
    expect(process(a, b, packets)).toBe(true);
    expect(publish(integers, a.totalShare(), b.totalShare())).toEqual([127n * v]);
  });
});
