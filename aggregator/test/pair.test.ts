// Leader and helper end to end, in one process: what clients measured is what the collector gets, for each VDAF, batch
// mode and kind of helper.

import type { VdafOptions } from "prio/dap";
import { describe, expect, test } from "vitest";
import { Pair } from "./support/pair.js";

const CASES: readonly {
  readonly vdaf: VdafOptions;
  readonly measurements: readonly unknown[];
  readonly total: unknown;
}[] = [
  { vdaf: { type: "Prio3Count" }, measurements: [true, false, true, true], total: 3n },
  { vdaf: { type: "Prio3Sum", maxMeasurement: "100" }, measurements: [1, 100, 7], total: 108n },
  { vdaf: { type: "Prio3Histogram", length: 5 }, measurements: [0, 4, 4, 2], total: [1n, 0n, 1n, 0n, 2n] },
  {
    vdaf: { type: "Prio1", fields: 3 },
    measurements: [
      [1, 0, 1],
      [1, 1, 0],
      [0, 0, 1],
    ],
    total: [2n, 1n, 2n],
  },
  {
    vdaf: { type: "Prio1", count: 2, precision: 4 },
    measurements: [
      [1, 2],
      [15, 0],
      [3, 4],
    ],
    total: [19n, 6n],
  },
];

describe.each(["sync", "async"] as const)("helper: %s", (helperMode) => {
  describe.each(["time-interval", "leader-selected"] as const)("%s", (batchMode) => {
    test.each(CASES)("$vdaf", async ({ vdaf, measurements, total }) => {
      const pair = await Pair.make({ vdaf, helperMode, batchMode, minBatchSize: measurements.length });
      const errors = await pair.upload(...measurements.map((m) => pair.report(m)));
      expect(errors).toEqual(measurements.map(() => null));
      const collected = await pair.collect();
      expect(collected.result).toEqual(total);
      expect(collected.count).toBe(measurements.length);
      expect(collected.interval).toEqual({ start: 30_000_000n, duration: 1n });
      const n = measurements.length;
      for (const role of ["leader", "helper"] as const) {
        expect(await pair.counters(role)).toEqual({ aggregated: n, collected: n });
        // Contents and partial aggregates are gone.
        const left = await pair[role].ctx.store.run("test", async (tx) => {
          const jobs = await tx.jobs(1, "aggregate", 100);
          const reports = await Promise.all(jobs.map(({ id }) => tx.reportsOf(1, id)));
          return [...reports.flat(), ...(await tx.partials(1, { from: Buffer.alloc(8), to: Buffer.alloc(33, 255) }))];
        });
        expect(left).toEqual([]);
      }
    });
  });
});
