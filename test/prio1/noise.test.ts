// Noise on the total shares of Prio v1: each server adds its own, once, and nothing else leaves its session afterwards.

import { describe, expect, it } from "vitest";
import { DiscreteLaplace, PureBudget } from "../../src/dp/index.js";
import { Client, type Config, publish, publishNoisy, Server } from "../../src/index.js";
import {
  codeOf,
  configFor,
  errorOf,
  exchange,
  integerConfigFor,
  keysA,
  process,
  secret,
  serverA,
  serverB,
} from "../support/deployment.js";

const config = configFor({ fields: 3 });
const integers = integerConfigFor({ count: 2, precision: 4 });

/** Draws that are known in advance. */
const noiseOf = (...draws: readonly unknown[]) => {
  const left = [...draws];
  return { sample: () => left.shift() as bigint };
};

/** Both servers after the reports of these clients. */
function servers(of: Config, reports: readonly (readonly number[])[]) {
  const [a, b] = [serverA(of, { queryPoints: "report" }), serverB(of, { queryPoints: "report" })];
  const client = new Client(of);
  for (const [i, values] of reports.entries()) {
    const packets = of.count === undefined ? client.encode(values) : client.encodeIntegers(values);
    if (!process(a, b, packets, `report ${i}`)) throw new Error("an honest report was refused");
  }
  return { a, b };
}

/** All lists of `length` integers up to `max`. */
function lists(length: number, max: number): number[][] {
  if (length === 0) return [[]];
  return lists(length - 1, max).flatMap((rest) => Array.from({ length: max + 1 }, (_, x) => [...rest, x]));
}
const sum = (values: readonly number[]) => values.reduce((total, x) => total + x, 0);

describe("the sensitivity of a configuration is that of all its reports", () => {
  it.each([
    ["a boolean", configFor({ fields: 1 }), lists(1, 1)],
    ["four booleans", configFor({ fields: 4 }), lists(4, 1)],
    ["an integer", integerConfigFor({ count: 1, precision: 5 }), lists(1, 31)],
    ["two integers", integerConfigFor({ count: 2, precision: 3 }), lists(2, 7)],
  ])("%s", (_name, of, reports) => {
    const changes = reports.flatMap((x) => reports.map((y) => x.map((v, i) => Math.abs(v - (y[i] as number)))));
    expect(of.sensitivity).toEqual({
      l1: BigInt(Math.max(...changes.map(sum))),
      l2Squared: BigInt(Math.max(...changes.map((change) => sum(change.map((d) => d * d))))),
    });
  });

  it("the largest configurations", () => {
    const max = 2n ** 42n - 1n;
    expect(integerConfigFor({ count: 6241, precision: 42 }).sensitivity).toEqual({
      l1: 6241n * max,
      l2Squared: 6241n * max * max,
    });
    expect(configFor({ fields: 262143 }).sensitivity).toEqual({ l1: 262143n, l2Squared: 262143n });
  });
});

describe("noise", () => {
  const reports = [
    [1, 0, 1],
    [1, 1, 0],
  ];

  it("of each server is in the totals, below 0 and above the number of reports too", () => {
    const { a, b } = servers(config, reports);
    const shares = [
      a.totalShare({ noise: noiseOf(5n, -7n, 0n) }),
      b.totalShare({ noise: noiseOf(1n, 1n, -1n) }),
    ] as const;
    expect(publishNoisy(config, ...shares)).toEqual([8n, -5n, 0n]);
    // Who does not know of the noise gets no totals that cannot be.
    expect(errorOf(() => publish(config, ...shares))).toMatchObject({
      code: "overflow",
      message: expect.stringContaining("total 1 does not fit 64 bits"),
    });
  });

  it("of one server is enough, and need not be negative to be noise", () => {
    const { a, b } = servers(config, reports);
    const shares = [a.totalShare(), b.totalShare({ noise: noiseOf(3n, 0n, 2n) })] as const;
    expect(publishNoisy(config, ...shares)).toEqual([5n, 1n, 3n]);
    expect(publish(config, ...shares)).toEqual([5n, 1n, 3n]);
  });

  it("is added to the sums of integers, not to their bits", () => {
    const { a, b } = servers(integers, [
      [3, 15],
      [4, 0],
    ]);
    const shares = [
      a.totalShare({ noise: noiseOf(-100n, 2n ** 40n) }),
      b.totalShare({ noise: noiseOf(1n, 1n) }),
    ] as const;
    expect(publishNoisy(integers, ...shares)).toEqual([-92n, 2n ** 40n + 16n]);
  });

  it("is in each part of a batch that was counted in parts", () => {
    const parts = [servers(config, reports), servers(config, reports.slice(1))];
    const shares = (id: "a" | "b") => parts.map((part) => part[id].totalShare({ noise: noiseOf(-9n, 1n, 0n) }));
    expect(publishNoisy(config, shares("a"), shares("b"))).toEqual([3n - 36n, 2n + 4n, 1n]);
  });

  it("of a budget is about as large as the budget says", () => {
    const one = configFor({ fields: 200 });
    const { a, b } = servers(one, []);
    const noise = new PureBudget(1).noiseFor(one.sensitivity);
    expect(noise.scale).toEqual({ numerator: 200n, denominator: 1n });
    const totals = publishNoisy(one, a.totalShare({ noise }), b.totalShare());
    // The mean of |x| is about the scale, here of 200 draws, with a standard deviation of a fourteenth of it.
    const mean = sum(totals.map((x) => Math.abs(Number(x)))) / 200;
    expect(mean).toBeGreaterThan(100);
    expect(mean).toBeLessThan(300);
  });

  it("shares of other reports are noticed, and totals of noise beyond 64 bits refused", () => {
    const [one, other] = [servers(config, reports), servers(config, reports)];
    const noise = () => noiseOf(1n, 1n, 1n);
    const mixed = [one.a.totalShare({ noise: noise() }), other.b.totalShare({ noise: noise() })] as const;
    expect(codeOf(() => publishNoisy(config, ...mixed))).toBe("overflow");
    for (const [draw, total] of [
      [2n ** 64n - 1n, 2n ** 64n - 1n],
      [1n - 2n ** 64n, 1n - 2n ** 64n],
      [2n ** 64n, undefined],
      [-(2n ** 64n), undefined],
    ]) {
      const { a, b } = servers(config, []);
      const shares = [a.totalShare({ noise: noiseOf(draw, 0n, 0n) }), b.totalShare()] as const;
      if (total === undefined) expect(codeOf(() => publishNoisy(config, ...shares))).toBe("overflow");
      else expect(publishNoisy(config, ...shares)).toEqual([total, 0n, 0n]);
    }
  });
});

describe("noise is drawn once", () => {
  const noisy = () => {
    const { a, b } = servers(config, [[1, 0, 1]]);
    return { a, b, share: a.totalShare({ noise: new DiscreteLaplace(1000) }) };
  };

  it("a second call returns the same bytes, whatever noise it is given", () => {
    const { a, share } = noisy();
    const kept = share.slice();
    share.fill(0);
    expect(a.totalShare({ noise: new DiscreteLaplace(1000) })).toEqual(kept);
    expect(a.totalShare({ noise: noiseOf(0n, 0n, 0n) })).toEqual(kept);
  });

  it("and nothing else of the session leaves it or adds to it", () => {
    const { a, share } = noisy();
    const other = serverA(config, { queryPoints: "report" });
    const packets = new Client(config).encode([1, 1, 1]);
    const waiting = exchange(
      a.open(packets.a, "late"),
      serverB(config, { queryPoints: "report" }).open(packets.b, "late"),
    ).a;
    for (const act of [
      () => a.totalShare(),
      () => a.toBytes(),
      () => a.snapshot(),
      () => a.merge(other),
      () => other.merge(a),
      () => a.aggregate(waiting as never),
    ]) {
      expect(codeOf(act)).toBe("wrong-state");
    }
    expect([a.reports, other.reports]).toEqual([1, 0]);
    expect(other.totalShare()).toEqual(serverA(config).totalShare());
    expect(a.totalShare({ noise: noiseOf() })).toEqual(share);
  });

  it("no state that was written before has it", () => {
    const { a, b } = servers(config, [[1, 0, 1]]);
    const [state, snapshot] = [a.toBytes(), a.snapshot()];
    a.totalShare({ noise: noiseOf(100n, 100n, 100n) });
    const options = { id: "A", privateKey: keysA.privateKey, secret, queryPoints: "report" } as const;
    for (const session of [Server.fromBytes(config, options, state), Server.restore(config, options, snapshot)]) {
      const total = serverA(config, { queryPoints: "report" });
      total.merge(session);
      expect(publish(config, total.totalShare(), b.totalShare())).toEqual([1n, 0n, 1n]);
    }
  });

  it("noise that fails is none: the session goes on", () => {
    const { a, b } = servers(config, [[1, 0, 1]]);
    for (const noise of [noiseOf(5n, 3), noiseOf(5n), undefined, null, {}, { sample: 1 }]) {
      expect(codeOf(() => a.totalShare({ noise: noise as never }))).toBe("invalid-argument");
    }
    const failing = {
      sample: () => {
        throw new RangeError("no entropy");
      },
    };
    expect(() => a.totalShare({ noise: failing })).toThrow(RangeError);
    // A wrong name must not publish the exact totals.
    expect(codeOf(() => a.totalShare({ nosie: noiseOf(1n, 1n, 1n) } as never))).toBe("invalid-argument");
    expect(codeOf(() => a.totalShare({} as never))).toBe("invalid-argument");
    expect(codeOf(() => a.totalShare(null as never))).toBe("invalid-argument");
    expect(publish(config, a.totalShare(), b.totalShare())).toEqual([1n, 0n, 1n]);
  });
});
