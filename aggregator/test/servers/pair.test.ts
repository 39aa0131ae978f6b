// Leader and helper over real HTTP: reports go in, and the collector gets their total.

import type { VdafDescription } from "prio/dap";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Pair, startPair } from "../support/servers.js";

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());

const TIME = Date.UTC(2026, 10, 1, 12);

interface Case {
  readonly vdaf: VdafDescription;
  readonly measurements: readonly unknown[];
  readonly total: unknown;
}

const CASES: readonly Case[] = [
  { vdaf: { type: "Prio3Count" }, measurements: [true, false, true, true], total: 3n },
  {
    vdaf: { type: "Prio3Histogram", length: 4, chunkLength: 2 },
    measurements: [0, 3, 3, 1, 3],
    total: [1n, 1n, 0n, 3n],
  },
  {
    vdaf: { type: "Prio1", fields: 3 } as never,
    measurements: [
      [true, false, true],
      [true, true, false],
      [true, false, false],
    ],
    total: [3n, 1n, 1n],
  },
];

const MODES = ["sync", "async"] as const;
const BATCHES = ["time-interval", "leader-selected"] as const;
const ALL = CASES.flatMap((one) =>
  MODES.flatMap((helperMode) => BATCHES.map((batchMode) => ({ ...one, type: one.vdaf.type, helperMode, batchMode }))),
);

// At once, as tasks are in one process.
describe.concurrent("a pair", () => {
  test.each(ALL)("counts every report once: $type, $batchMode, $helperMode helper", async (one) => {
    const { vdaf, helperMode, batchMode, measurements, total } = one;
    const task = await pair.addTask({ vdaf, batchMode, minBatchSize: 3 }, { helperMode, reportExpiry: null });
    const [first, ...others] = measurements;
    expect(await task.client.upload(first, { time: TIME })).toBe("accepted");
    const outcomes = await task.client.uploadMany(others, { time: TIME + 60_000 });
    expect(outcomes.every(({ status }) => status === "accepted")).toBe(true);
    const query = batchMode === "time-interval" ? { start: TIME, end: TIME + 3_600_000 } : ("next-batch" as const);
    const { result, reportCount } = await task.collector.collect(query);
    expect([reportCount, result]).toEqual([measurements.length, total]);
  });
});
