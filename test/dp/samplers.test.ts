// The samplers: libprio-rs's recorded draws, the exact chances by chi-square, and rationals.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RandomSource } from "../../src/core/random.js";
import { take, turboShake128 } from "../../src/crypto/xof.js";
import { DiscreteGaussian, DiscreteLaplace, PureBudget, ZeroConcentratedBudget } from "../../src/dp/index.js";
import { fraction, integerSquareRoot, type Rational, rational } from "../../src/dp/rational.js";
import { bernoulliExp, discreteGaussian, discreteLaplace, uniformBelow } from "../../src/dp/samplers.js";
import { codeOf } from "../support/deployment.js";

/// <reference types="vite/types/importMeta.d.ts" />

interface Recorded {
  readonly samples: readonly number[];
  readonly seed: string;
  readonly std_num: number;
  readonly std_denom: number;
}

const files = import.meta.glob<string>("../../vectors/dp/*.json", { eager: true, query: "?raw", import: "default" });

/** Numbers that a double does not hold are kept as bigints. */
const parse = (text: string) => JSON.parse(text.replaceAll(/(?<=[[,:\s])-?\d{16,}(?=[\],\s}])/g, '"$&"')) as Recorded;

/** libprio-rs's generator of a seed: the stream of XofTurboShake128 without tag and binder. */
function streamOf(seed: Uint8Array): RandomSource {
  const stream = turboShake128(Uint8Array.of(0, 0, seed.length), seed);
  return (length) => take(stream, length);
}

describe("libprio-rs's recorded draws of the discrete Gaussian", () => {
  it("are six", () => expect(Object.keys(files)).toHaveLength(6));

  it.each(Object.entries(files).map(([path, text]) => ({ name: path.replace(/.*\/|\.json/g, ""), text })))(
    "$name",
    ({ text }) => {
      const { samples, std_num, std_denom } = parse(text);
      const random = streamOf(Uint8Array.from({ length: 32 }, (_, i) => i));
      const variance = fraction(BigInt(std_num) ** 2n, BigInt(std_denom) ** 2n);
      expect(samples.map(() => discreteGaussian(variance, random))).toEqual(samples.map(BigInt));
    },
  );
});

/** Draws from a fixed seed, so that a test never fails by chance. */
const draws = (count: number, seed: number, sample: (random: RandomSource) => bigint): Map<number, number> => {
  const random = streamOf(new Uint8Array(32).fill(seed));
  const counts = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const x = Number(sample(random));
    counts.set(x, (counts.get(x) ?? 0) + 1);
  }
  return counts;
};

/** χ² of counts against weights that need not add up to 1, over [−bound, bound]; the rest is one more class. */
function chiSquare(counts: ReadonlyMap<number, number>, bound: number, weight: (x: number) => number): number {
  const all = [...counts.values()].reduce((sum, n) => sum + n, 0);
  let total = 0;
  for (let x = -50 * bound; x <= 50 * bound; x++) total += weight(x);
  let statistic = 0;
  let [seen, chance] = [0, 0];
  for (let x = -bound; x <= bound; x++) {
    const p = weight(x) / total;
    const n = counts.get(x) ?? 0;
    statistic += (n - all * p) ** 2 / (all * p);
    seen += n;
    chance += p;
  }
  return statistic + (all - seen - all * (1 - chance)) ** 2 / (all * (1 - chance));
}

describe("chances, over 30,000 draws of a fixed seed", () => {
  const COUNT = 30_000;
  /** χ² of as many classes is below this in all but one of 10^6 runs. */
  const limit = (classes: number) => classes + 5 * Math.sqrt(2 * classes) + 15;

  it.each<[string, Rational, number]>([
    ["1", { numerator: 1n, denominator: 1n }, 8],
    ["5/2", { numerator: 5n, denominator: 2n }, 18],
    ["1/3", { numerator: 1n, denominator: 3n }, 2],
  ])("of the discrete Laplace of scale %s", (_name, scale, bound) => {
    const b = Number(scale.numerator) / Number(scale.denominator);
    const counts = draws(COUNT, 1, (random) => discreteLaplace(scale, random));
    expect(chiSquare(counts, bound, (x) => Math.exp(-Math.abs(x) / b))).toBeLessThan(limit(2 * bound + 1));
    // The check finds a scale that is a tenth off.
    expect(chiSquare(counts, bound, (x) => Math.exp(-Math.abs(x) / (1.1 * b)))).toBeGreaterThan(limit(2 * bound + 1));
  });

  it.each<[string, Rational, number]>([
    ["1", { numerator: 1n, denominator: 1n }, 4],
    ["25/4", { numerator: 25n, denominator: 4n }, 9],
    ["1/4", { numerator: 1n, denominator: 4n }, 1],
  ])("of the discrete Gaussian of variance %s", (_name, variance, bound) => {
    const v = Number(variance.numerator) / Number(variance.denominator);
    const counts = draws(COUNT, 2, (random) => discreteGaussian(variance, random));
    expect(chiSquare(counts, bound, (x) => Math.exp((-x * x) / (2 * v)))).toBeLessThan(limit(2 * bound + 1));
    expect(chiSquare(counts, bound, (x) => Math.exp((-x * x) / (2.2 * v)))).toBeGreaterThan(limit(2 * bound + 1));
  });

  it.each([0, 0.5, 1, 2.25])("of e^−%d", (gamma) => {
    const counts = draws(COUNT, 3, (random) => BigInt(bernoulliExp(rational(String(gamma), "x"), random)));
    const p = Math.exp(-gamma);
    expect(Math.abs((counts.get(1) ?? 0) - COUNT * p)).toBeLessThanOrEqual(5 * Math.sqrt(COUNT * p * (1 - p)));
  });

  it.each([1n, 2n, 7n, 2n ** 32n, 2n ** 32n + 1n, 10n ** 30n])("uniform below %d: in range, and all of it", (bound) => {
    const random = streamOf(new Uint8Array(32).fill(4));
    const quarters = [0, 0, 0, 0];
    for (let i = 0; i < 4000; i++) {
      const x = uniformBelow(bound, random);
      expect(x >= 0n && x < bound).toBe(true);
      quarters[Number((4n * x) / bound)] = (quarters[Number((4n * x) / bound)] ?? 0) + 1;
    }
    if (bound > 100n) for (const n of quarters) expect(Math.abs(n - 1000)).toBeLessThan(150);
  });
});

describe("rationals", () => {
  it.each<[number | bigint | string, bigint, bigint]>([
    [3, 3n, 1n],
    [6n, 6n, 1n],
    ["0.25", 1n, 4n],
    ["6/4", 3n, 2n],
    ["0", 0n, 1n],
    ["2.342", 1171n, 500n],
  ])("%s", (x, numerator, denominator) => {
    expect(rational(x, "x")).toEqual({ numerator, denominator });
  });

  it.each<[unknown]>([[0.5], [-1], ["-1"], ["1/0"], ["1.5/2"], ["1e3"], [""], [Number.NaN], [null], [{}], [2 ** 60]])(
    "%s is none",
    (x) => {
      expect(codeOf(() => rational(x as number, "x"))).toBe("invalid-argument");
    },
  );

  it("integer square roots", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 200n }), (x) => {
        const root = integerSquareRoot(x);
        expect(root * root <= x && x < (root + 1n) * (root + 1n)).toBe(true);
      }),
    );
  });
});

describe("budgets", () => {
  const sensitivity = { l1: 6n, l2Squared: 18n };

  it("give the scale and the variance of their definitions", () => {
    expect(new PureBudget("0.5").noiseFor(sensitivity).scale).toEqual({ numerator: 12n, denominator: 1n });
    expect(new ZeroConcentratedBudget("1/8").noiseFor(sensitivity).variance).toEqual({
      numerator: 72n,
      denominator: 1n,
    });
    expect(DiscreteGaussian.ofDeviation("1.5").variance).toEqual({ numerator: 9n, denominator: 4n });
  });

  it("draw from the system's source", () => {
    const noise = new DiscreteLaplace(1000);
    expect(new Set(Array.from({ length: 50 }, () => noise.sample())).size).toBeGreaterThan(10);
  });

  it("refuse 0", () => {
    for (const f of [
      () => new PureBudget(0),
      () => new ZeroConcentratedBudget("0/3"),
      () => new DiscreteLaplace(0),
      () => new DiscreteGaussian(0),
      () => new PureBudget(1).noiseFor({ l1: 0n, l2Squared: 0n }),
    ]) {
      expect(codeOf(f)).toBe("out-of-range");
    }
  });
});
