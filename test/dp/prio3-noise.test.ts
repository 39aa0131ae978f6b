// Noise on Prio3's aggregate shares: each aggregator adds its own, and the sensitivities are the largest that any two
// measurements give.

import { describe, expect, it } from "vitest";
import {
  type Prio3,
  Prio3Count,
  Prio3Histogram,
  Prio3L1BoundSum,
  Prio3MultihotCountVec,
  Prio3Sum,
  Prio3SumVec,
  Prio3SumVecWithMultiproof,
} from "../../src/prio3/index.js";
import { codeOf } from "../support/deployment.js";

const list = (result: unknown): bigint[] => (Array.isArray(result) ? result : [result]) as bigint[];

/** All lists of `length` integers up to `max`. */
function lists(length: number, max: number): number[][] {
  if (length === 0) return [[]];
  return lists(length - 1, max).flatMap((rest) => Array.from({ length: max + 1 }, (_, x) => [...rest, x]));
}
const total = (values: readonly number[]) => values.reduce((sum, x) => sum + x, 0);
const oneHot = (length: number) => (bucket: number) => Array.from({ length }, (_, i) => Number(i === bucket));

describe("the sensitivity of an instance is that of all its measurements", () => {
  it.each<[string, Prio3<never, unknown>, number[][]]>([
    ["Count", new Prio3Count() as never, [[0], [1]]],
    ["Sum", new Prio3Sum({ maxMeasurement: 5 }) as never, lists(1, 5)],
    ["SumVec", new Prio3SumVec({ length: 3, maxMeasurement: 2 }) as never, lists(3, 2)],
    [
      "SumVecWithMultiproof",
      new Prio3SumVecWithMultiproof({ length: 2, maxMeasurement: 3, proofs: 3 }) as never,
      lists(2, 3),
    ],
    ["Histogram", new Prio3Histogram({ length: 4 }) as never, [0, 1, 2, 3].map(oneHot(4))],
    ["Histogram of one", new Prio3Histogram({ length: 1 }) as never, [[1]]],
    [
      "MultihotCountVec",
      new Prio3MultihotCountVec({ length: 5, maxWeight: 2 }) as never,
      lists(5, 1).filter((x) => total(x) <= 2),
    ],
    [
      "MultihotCountVec, heavy",
      new Prio3MultihotCountVec({ length: 3, maxWeight: 2 }) as never,
      lists(3, 1).filter((x) => total(x) <= 2),
    ],
    ["L1BoundSum", new Prio3L1BoundSum({ length: 3, maxValue: 3 }) as never, lists(3, 3).filter((x) => total(x) <= 3)],
    ["L1BoundSum of one", new Prio3L1BoundSum({ length: 1, maxValue: 3 }) as never, lists(1, 3)],
  ])("%s", (_name, vdaf, outputs) => {
    const changes = outputs.flatMap((x) => outputs.map((y) => x.map((v, i) => Math.abs(v - (y[i] as number)))));
    const l1 = Math.max(...changes.map(total));
    const l2Squared = Math.max(...changes.map((change) => total(change.map((d) => d * d))));
    expect(vdaf.sensitivity).toEqual({ l1: BigInt(l1), l2Squared: BigInt(l2Squared) });
  });
});

describe("noise", () => {
  const vdaf = new Prio3Histogram({ length: 3 });
  const shares = () => [vdaf.aggregateInit(), vdaf.aggregateInit()] as const;

  it("of each aggregator is in the result, below 0 too", () => {
    const [a, b] = shares();
    const [draws, others] = [
      [5n, -7n, 0n],
      [1n, 1n, -1n],
    ];
    a.addNoise({ sample: () => draws.shift() as bigint });
    b.addNoise({ sample: () => others.shift() as bigint });
    expect(list(vdaf.unshardNoisy([a.toBytes(), b.toBytes()]))).toEqual([6n, -6n, -1n]);
    // Without knowing of the noise, it is not taken for a result.
    expect(codeOf(() => vdaf.unshard([a.toBytes(), b.toBytes()], 10))).toBe("overflow");
  });

  it("that fails adds nothing", () => {
    const [a, b] = shares();
    const draws: unknown[] = [5n, 3];
    expect(codeOf(() => a.addNoise({ sample: () => draws.shift() as bigint }))).toBe("invalid-argument");
    for (const noise of [undefined, null, {}, { sample: 1 }]) {
      expect(codeOf(() => a.addNoise(noise as never))).toBe("invalid-argument");
    }
    expect(list(vdaf.unshard([a.toBytes(), b.toBytes()], 0))).toEqual([0n, 0n, 0n]);
  });
});
