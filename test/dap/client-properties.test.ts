// For every VDAF that a task can have: each report of the client opens at both aggregators and holds, and what the
// collector gets is the plain sum of what was measured.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DapClient } from "../../src/dap/client.js";
import { DapCollector } from "../../src/dap/collector.js";
import type { VdafDescription } from "../../src/dap/index.js";
import { collectorKeys, FakePair, NOW, taskOf } from "./fake-pair.js";

const bits = (length: number) => fc.array(fc.boolean(), { minLength: length, maxLength: length });
const sums = (all: readonly (readonly (number | boolean)[])[], length: number) =>
  Array.from({ length }, (_, i) => all.reduce((sum, one) => sum + BigInt(one[i] ?? 0), 0n));
const vector = (length: number, max: number) => fc.array(fc.nat(max), { minLength: length, maxLength: length });

interface Case {
  readonly description: VdafDescription;
  readonly measurement: fc.Arbitrary<unknown>;
  readonly sum: (all: readonly never[]) => unknown;
}

const cases: readonly Case[] = [
  {
    description: { type: "Prio3Count" },
    measurement: fc.boolean(),
    sum: (all) => BigInt(all.filter(Boolean).length),
  },
  {
    description: { type: "Prio3Sum", maxMeasurement: 100 },
    measurement: fc.nat(100),
    sum: (all) => BigInt(all.reduce((sum: number, x) => sum + x, 0)),
  },
  {
    description: { type: "Prio3SumVec", length: 3, maxMeasurement: 7, chunkLength: 2 },
    measurement: vector(3, 7),
    sum: (all) => sums(all, 3),
  },
  {
    description: { type: "Prio3Histogram", length: 5, chunkLength: 2 },
    measurement: fc.nat(4),
    sum: (all) =>
      sums(
        all.map((x) => Array.from({ length: 5 }, (_, i) => i === x)),
        5,
      ),
  },
  {
    description: { type: "Prio3MultihotCountVec", length: 4, maxWeight: 2, chunkLength: 2 },
    measurement: bits(4).filter((all) => all.filter(Boolean).length <= 2),
    sum: (all) => sums(all, 4),
  },
  {
    description: { type: "Prio3L1BoundSum", length: 3, maxValue: 9, chunkLength: 2 },
    measurement: vector(3, 9).filter((all) => all.reduce((x, y) => x + y) <= 9),
    sum: (all) => sums(all, 3),
  },
  {
    description: {
      type: "Prio3SumVecWithMultiproof",
      length: 3,
      maxMeasurement: 7,
      chunkLength: 2,
      proofs: 3,
      xof: "hmac-aes",
    },
    measurement: vector(3, 7),
    sum: (all) => sums(all, 3),
  },
  { description: { type: "Prio1", fields: 4 }, measurement: bits(4), sum: (all) => sums(all, 4) },
  {
    description: { type: "Prio1", count: 2, precision: 5 },
    measurement: vector(2, 31),
    sum: (all) => sums(all, 2),
  },
];

describe.each(cases)("$description.type", ({ description, measurement, sum }) => {
  const task = taskOf(description);

  test("every report holds, and the total is the plain sum", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(measurement, { minLength: 1, maxLength: 2 }), async (all) => {
        const pair = new FakePair(task);
        const outcomes = await new DapClient(pair.options).uploadMany(all as never[]);
        expect(outcomes).toEqual(all.map(() => ({ status: "accepted", error: null })));
        const collector = new DapCollector<unknown>({ ...pair.options, keyPair: collectorKeys });
        const start = NOW - (NOW % 3_600_000);
        const collected = await collector.collect({ start, end: start + 3_600_000 });
        expect(collected).toMatchObject({ result: sum(all as never[]), reportCount: all.length });
      }),
      // Together 225: the VDAFs have properties of their own.
      { numRuns: 25 },
    );
  });
});
