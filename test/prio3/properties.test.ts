// What must hold of any instance, as of any VDAF; that an output is counted once; and which measurements are refused.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  optimalChunkLength,
  Prio3Count,
  Prio3Histogram,
  Prio3L1BoundSum,
  Prio3MultihotCountVec,
  Prio3Sum,
  Prio3SumVec,
  Prio3SumVecWithMultiproof,
} from "../../src/prio3/index.js";
import type { OutputShare, Vdaf } from "../../src/vdaf/vdaf.js";
import { codeOf, errorOf } from "../support/deployment.js";
import { ctx, itHoldsOf, key, type VdafCase, verify } from "../support/vdaf-properties.js";

const add = (length: number) => (measurements: readonly number[][]) =>
  Array.from({ length }, (_, i) => measurements.reduce((sum, m) => sum + BigInt(m[i] as number), 0n));
const integers = (length: number, max: number) =>
  fc.array(fc.oneof(fc.nat(max), fc.constantFrom(0, 1, max)), { minLength: length, maxLength: length });
const totalOf = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0);

const cases: VdafCase[] = [
  {
    name: "Count",
    of: (shares) => new Prio3Count({ shares }) as never,
    measurement: fc.boolean(),
    sum: (all: readonly boolean[]) => BigInt(all.filter(Boolean).length),
  },
  ...[1, 5, 8, 1337, 2 ** 32].map(
    (maxMeasurement): VdafCase => ({
      name: `Sum to ${maxMeasurement}`,
      of: (shares) => new Prio3Sum({ shares, maxMeasurement }) as never,
      measurement: fc.oneof(fc.nat(Math.min(maxMeasurement, 2 ** 31 - 1)), fc.constantFrom(0, 1, maxMeasurement)),
      sum: (all: readonly number[]) => all.reduce((sum, x) => sum + BigInt(x), 0n),
    }),
  ),
  {
    name: "SumVec",
    of: (shares) => new Prio3SumVec({ shares, length: 4, maxMeasurement: 6 }) as never,
    measurement: integers(4, 6),
    sum: add(4),
  },
  {
    name: "SumVec, chunks of 3",
    of: (shares) => new Prio3SumVec({ shares, length: 5, maxMeasurement: 1, chunkLength: 3 }) as never,
    measurement: integers(5, 1),
    sum: add(5),
  },
  ...(["turboshake", "hmac-aes"] as const).map(
    (xof): VdafCase => ({
      name: `SumVecWithMultiproof, ${xof}`,
      of: (shares) =>
        new Prio3SumVecWithMultiproof({ shares, length: 3, maxMeasurement: 200, proofs: 3, xof }) as never,
      measurement: integers(3, 200),
      sum: add(3),
    }),
  ),
  {
    name: "Histogram",
    of: (shares) => new Prio3Histogram({ shares, length: 7 }) as never,
    measurement: fc.nat(6),
    sum: (all: readonly number[]) => Array.from({ length: 7 }, (_, i) => BigInt(all.filter((x) => x === i).length)),
  },
  {
    name: "MultihotCountVec",
    of: (shares) => new Prio3MultihotCountVec({ shares, length: 6, maxWeight: 3 }) as never,
    measurement: integers(6, 1).filter((list) => totalOf(list) <= 3),
    sum: add(6),
  },
  {
    name: "L1BoundSum",
    of: (shares) => new Prio3L1BoundSum({ shares, length: 3, maxValue: 20 }) as never,
    measurement: integers(3, 20).filter((list) => totalOf(list) <= 20),
    sum: add(3),
  },
];

describe.each(cases)("$name", (of) => itHoldsOf(of));

describe("an output share", () => {
  const vdaf = new Prio3Count();
  const nonce = new Uint8Array(16).fill(1);
  const verified = () => {
    const { publicShare, inputShares } = vdaf.shard(ctx, true, nonce);
    return verify(vdaf as never, nonce, publicShare, inputShares) as [OutputShare, OutputShare];
  };

  it("is counted once, and by its own instance", () => {
    const [output] = verified();
    const [total, other] = [vdaf.aggregateInit(), vdaf.aggregateInit()];
    total.add(output);
    expect(codeOf(() => total.add(output))).toBe("wrong-state");
    expect(codeOf(() => other.add(output))).toBe("wrong-state");
    expect(codeOf(() => new Prio3Count().aggregateInit().add(verified()[0]))).toBe("invalid-argument");
    expect(codeOf(() => total.add({ kind: "output share" }))).toBe("invalid-argument");
    expect([total.count, other.count]).toEqual([1, 0]);
  });

  it("comes once from a state, and never by construction", () => {
    const { publicShare, inputShares } = vdaf.shard(ctx, true, nonce);
    const started = inputShares.map((share, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, share));
    const message = vdaf.verifierSharesToMessage(
      ctx,
      started.map(({ verifierShare }) => verifierShare),
    ) as Uint8Array;
    const state = started[0]?.state;
    if (state === undefined) throw new Error("expected a state");
    const output = vdaf.verifyNext(ctx, state, message) as OutputShare;
    expect(codeOf(() => vdaf.verifyNext(ctx, state, message))).toBe("wrong-state");
    for (const made of [output, state, vdaf.aggregateInit()]) {
      expect(codeOf(() => new (made.constructor as new (x: object) => object)(vdaf))).toBe("invalid-argument");
    }
  });

  it("aggregate shares merge, and remember how many reports they hold", () => {
    const [a, b] = [vdaf.aggregateInit(), vdaf.aggregateInit()];
    a.add(verified()[0]);
    b.add(verified()[0]);
    b.add(verified()[0]);
    a.merge(b);
    expect([a.count, b.count]).toEqual([3, 2]);
    expect(codeOf(() => a.merge(a))).toBe("invalid-argument");
    expect(codeOf(() => a.merge(new Prio3Count().aggregateInit()))).toBe("invalid-argument");
  });

  it("shares of different reports are noticed, unless their total looks like one", () => {
    const [first, second] = [verified(), verified()];
    const totals = [first[0], second[1]].map((output) => {
      const total = vdaf.aggregateInit();
      total.add(output);
      return total.toBytes();
    });
    expect(codeOf(() => vdaf.unshard(totals, 1))).toBe("overflow");
  });
});

describe("measurements and parameters out of range", () => {
  const sumVec = new Prio3SumVec({ length: 3, maxMeasurement: 9 });
  const nonce = new Uint8Array(16);

  it.each<[string, () => unknown, string, string]>([
    ["a number past the largest", () => sumVec.shard(ctx, [1, 10, 2], nonce), "out-of-range", "index 1"],
    ["a fraction", () => sumVec.shard(ctx, [1, 2, 0.5], nonce), "out-of-range", "index 2"],
    ["a negative number", () => sumVec.shard(ctx, [-1, 2, 3], nonce), "out-of-range", "index 0"],
    ["too few", () => sumVec.shard(ctx, [1, 2], nonce), "wrong-length", "3 values"],
    ["too many", () => sumVec.shard(ctx, [1, 2, 3, 4], nonce), "wrong-length", "3 values"],
    ["no list", () => sumVec.shard(ctx, "abc" as never, nonce), "invalid-argument", "a list"],
    ["a bucket too many", () => new Prio3Histogram({ length: 2 }).shard(ctx, 2, nonce), "out-of-range", "0 to 1"],
    [
      "a string",
      () => sumVec.shard(ctx, [1, "2" as never, 3], nonce),
      "out-of-range",
      "index 1, got a value of type s",
    ],
    [
      "a list for a bucket",
      () => new Prio3Histogram({ length: 2 }).shard(ctx, [1] as never, nonce),
      "out-of-range",
      "an array",
    ],
    ["another value", () => new Prio3Count().shard(ctx, 2, nonce), "out-of-range", "true, false"],
    [
      "too much weight",
      () => new Prio3MultihotCountVec({ length: 3, maxWeight: 1 }).shard(ctx, [true, true, false], nonce),
      "out-of-range",
      "at most 1",
    ],
    [
      "too large a sum",
      () => new Prio3L1BoundSum({ length: 2, maxValue: 5 }).shard(ctx, [3, 3], nonce),
      "out-of-range",
      "at most 5",
    ],
    ["a short nonce", () => sumVec.shard(ctx, [1, 2, 3], new Uint8Array(15)), "wrong-length", "nonce"],
    ["one aggregator", () => new Prio3Count({ shares: 1 }), "out-of-range", "2 to 255"],
    ["256 aggregators", () => new Prio3Count({ shares: 256 }), "out-of-range", "2 to 255"],
    ["no largest measurement", () => new Prio3Sum({} as never), "invalid-argument", "maxMeasurement"],
    ["0 as the largest", () => new Prio3Sum({ maxMeasurement: 0 }), "out-of-range", "maxMeasurement"],
    ["an unknown option", () => new Prio3Sum({ max: 3 } as never), "invalid-argument", '"max"'],
    ["no chunk", () => new Prio3Histogram({ length: 3, chunkLength: 0 }), "out-of-range", "chunkLength"],
    ["no length", () => new Prio3Histogram({ length: 0 }), "out-of-range", "length"],
    ["an aggregator id", () => sumVec.verifyInit(key, ctx, 2, nonce, nonce, nonce), "out-of-range", "0 to 1"],
  ])("%s", (_name, f, code, words) => {
    expect(errorOf(f)).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it("a number past 2^53 − 1 is refused, since it may be another integer rounded, and a bigint is not", () => {
    const sum = new Prio3Sum({ maxMeasurement: 2n ** 60n });
    expect(codeOf(() => sum.shard(ctx, 2 ** 53, nonce))).toBe("out-of-range");
    for (const one of [2 ** 53 - 1, 2n ** 53n, 2n ** 60n]) expect(() => sum.shard(ctx, one, nonce)).not.toThrow();
  });

  it("bits may be booleans, numbers and bigints, and a list may be a typed array", () => {
    const multihot = new Prio3MultihotCountVec({ length: 3, maxWeight: 3 });
    for (const one of [[true, false, 1], [1n, 0n, -0], Uint8Array.of(1, 0, 1)]) {
      expect(() => multihot.shard(ctx, one as never, nonce)).not.toThrow();
    }
    expect(() => sumVec.shard(ctx, BigUint64Array.of(9n, 0n, 1n) as never, nonce)).not.toThrow();
    expect(codeOf(() => multihot.shard(ctx, ["1", "0", "1"] as never, nonce))).toBe("out-of-range");
  });

  it.each<[string, Vdaf<never, unknown>, unknown, unknown]>([
    ["aggregators", new Prio3Histogram({ length: 3, shares: 255 }) as never, 2, [0n, 0n, 1n]],
    ["aggregators, no joint randomness", new Prio3Sum({ maxMeasurement: 5, shares: 255 }) as never, 4, 4n],
    ["proofs", new Prio3SumVecWithMultiproof({ length: 2, maxMeasurement: 4, proofs: 255 }) as never, [3, 1], [3n, 1n]],
  ])("255 %s are as many as there may be", (_name, vdaf, measurement, result) => {
    const { publicShare, inputShares } = vdaf.shard(ctx, measurement as never, nonce);
    const totals = (verify(vdaf, nonce, publicShare, inputShares) as OutputShare[]).map((output) => {
      const total = vdaf.aggregateInit();
      total.add(output);
      return total.toBytes();
    });
    expect(totals).toHaveLength(vdaf.shares);
    expect(vdaf.unshard(totals, 1)).toEqual(result);
  });

  it("a result with more reports than it can have is refused", () => {
    const shares = [new Uint8Array(48), new Uint8Array(48)];
    expect(codeOf(() => sumVec.unshard(shares, -1))).toBe("out-of-range");
    expect(codeOf(() => sumVec.unshard([new Uint8Array(48)], 1))).toBe("wrong-length");
  });

  it("chunk lengths are libprio-rs's", () => {
    // Its function on these lengths, run once.
    expect([1, 2, 3, 4, 10, 100, 1000, 1024, 10_000, 100_000].map(optimalChunkLength)).toEqual(CHUNKS);
    expect(codeOf(() => optimalChunkLength(0))).toBe("out-of-range");
  });
});
const CHUNKS = [1, 2, 1, 2, 4, 7, 33, 34, 79, 393];
