// What must hold of any instance, measurement and number of aggregators: totals are plain sums; one change anywhere is
// refused; parsers throw PrioError or succeed; an output is counted once.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PrioError } from "../../src/errors.js";
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

const ctx = Uint8Array.of(4, 5);
const key = Uint8Array.from({ length: 32 }, (_, i) => i);

interface Case {
  readonly name: string;
  readonly of: (shares: number) => Vdaf<never, unknown>;
  readonly measurement: fc.Arbitrary<unknown>;
  /** The plain result of measurements. */
  readonly sum: (measurements: readonly never[]) => unknown;
}

const add = (length: number) => (measurements: readonly number[][]) =>
  Array.from({ length }, (_, i) => measurements.reduce((sum, m) => sum + BigInt(m[i] as number), 0n));
const integers = (length: number, max: number) =>
  fc.array(fc.oneof(fc.nat(max), fc.constantFrom(0, 1, max)), { minLength: length, maxLength: length });
const totalOf = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0);

const cases: Case[] = [
  {
    name: "Count",
    of: (shares) => new Prio3Count({ shares }) as never,
    measurement: fc.boolean(),
    sum: (all: readonly boolean[]) => BigInt(all.filter(Boolean).length),
  },
  ...[1, 5, 8, 1337, 2 ** 32].map(
    (maxMeasurement): Case => ({
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
    (xof): Case => ({
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

/** Verifies a report at all aggregators; null where one of them refuses it. */
function verify(
  vdaf: Vdaf<never, unknown>,
  nonce: Uint8Array,
  publicShare: Uint8Array,
  inputShares: readonly Uint8Array[],
  change: (verifierShares: Uint8Array[]) => Uint8Array[] = (x) => x,
): OutputShare[] | null {
  try {
    const started = inputShares.map((share, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, share));
    const message = vdaf.verifierSharesToMessage(ctx, change(started.map(({ verifierShare }) => verifierShare)));
    if (message === null) return null;
    const outputs = started.map(({ state }) => vdaf.verifyNext(ctx, state, message));
    return outputs.some((output) => output === null) ? null : (outputs as OutputShare[]);
  } catch (error) {
    if (error instanceof PrioError && error.code === "malformed") return null;
    throw error;
  }
}

const nonces = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe.each(cases)("$name", ({ of, measurement, sum }) => {
  it("the result is the plain sum, for any number of aggregators", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(2, 2, 3, 5),
        fc.array(measurement, { maxLength: 4 }),
        nonces,
        (shares, all, nonce) => {
          const vdaf = of(shares);
          const totals = Array.from({ length: shares }, () => vdaf.aggregateInit());
          for (const m of all) {
            const { publicShare, inputShares } = vdaf.shard(ctx, m as never, nonce);
            const outputs = verify(vdaf, nonce, publicShare, inputShares);
            outputs?.forEach((output, id) => {
              totals[id]?.add(output);
            });
          }
          expect(totals.map(({ count }) => count)).toEqual(totals.map(() => all.length));
          const bytes = totals.map((total) => total.toBytes());
          expect(vdaf.unshard(bytes, all.length)).toEqual(sum(all as never[]));
        },
      ),
      { numRuns: 20 },
    );
  });

  it("one change to a share, the public share, the nonce or a verifier share is refused", () => {
    const vdaf = of(2);
    const flipped = (bytes: Uint8Array, bit: number) => {
      const changed = bytes.slice();
      const at = (bit >> 3) % bytes.length;
      changed[at] = (changed[at] as number) ^ (1 << (bit & 7));
      return changed;
    };
    fc.assert(
      fc.property(measurement, nonces, fc.nat(4), fc.nat(2 ** 20), (m, nonce, what, bit) => {
        const { publicShare, inputShares } = vdaf.shard(ctx, m as never, nonce);
        const [leader, helper] = inputShares as [Uint8Array, Uint8Array];
        // The nonce binds the joint randomness: without it, the aggregators alone must agree on the nonce.
        const hasJointRand = publicShare.length > 0;
        if ((what === 2 || what === 3) && !hasJointRand) return;
        const outputs = [
          () => verify(vdaf, nonce, publicShare, [flipped(leader, bit), helper]),
          () => verify(vdaf, nonce, publicShare, [leader, flipped(helper, bit)]),
          () => verify(vdaf, nonce, flipped(publicShare, bit), inputShares),
          () => verify(vdaf, flipped(nonce, bit), publicShare, inputShares),
          () =>
            verify(vdaf, nonce, publicShare, inputShares, ([a, b]) => [flipped(a as Uint8Array, bit), b as Uint8Array]),
        ][what]?.();
        expect(outputs).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it("parsers of arbitrary bytes throw PrioError or succeed, and what is written is read again", () => {
    const vdaf = of(2);
    const nonce = new Uint8Array(16);
    const { publicShare, inputShares } = vdaf.shard(ctx, fc.sample(measurement, 1)[0] as never, nonce);
    const fine = vdaf.verifyInit(key, ctx, 0, nonce, publicShare, inputShares[0] as Uint8Array);
    const stateLength = fine.state.toBytes().length;
    expect(vdaf.readState(fine.state.toBytes()).toBytes()).toEqual(fine.state.toBytes());
    const lengths = [
      0,
      32,
      64,
      publicShare.length,
      inputShares[0]?.length ?? 0,
      stateLength,
      fine.verifierShare.length,
    ];
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(...lengths).chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    );
    fc.assert(
      fc.property(anyBytes, anyBytes, (x, y) => {
        for (const parse of [
          () => vdaf.verifyInit(key, ctx, 0, nonce, x, y),
          () => vdaf.verifyInit(key, ctx, 1, nonce, publicShare, x),
          () => vdaf.verifierSharesToMessage(ctx, [x, y]),
          () => vdaf.verifyNext(ctx, vdaf.readState(fine.state.toBytes()), x),
          () => vdaf.readState(x),
          () => vdaf.unshard([x, y], 1),
        ]) {
          try {
            parse();
          } catch (error) {
            expect((error as Error).name).toBe("PrioError");
          }
        }
      }),
      { numRuns: 100 },
    );
  });
});

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
    expect(codeOf(() => sumVec.unshard([], -1))).toBe("out-of-range");
    expect(codeOf(() => sumVec.unshard([new Uint8Array(48)], 1))).toBe("wrong-length");
  });

  it("chunk lengths are libprio-rs's", () => {
    // Its function on these lengths, run once.
    expect([1, 2, 3, 4, 10, 100, 1000, 1024, 10_000, 100_000].map(optimalChunkLength)).toEqual(CHUNKS);
    expect(codeOf(() => optimalChunkLength(0))).toBe("out-of-range");
  });
});
const CHUNKS = [1, 2, 1, 2, 4, 7, 33, 34, 79, 393];
