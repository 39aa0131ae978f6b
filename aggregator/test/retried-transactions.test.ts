// Databases carry a transaction out again when it conflicts with another one. Whatever its body did the first time is
// undone: totals are exact, and nothing depends on what only the first attempt had.

import type { VdafOptions } from "prio/dap";
import { expect, test } from "vitest";
import type { Role, Store } from "../src/store/store.js";
import { Pair } from "./support/pair.js";

class Conflict extends Error {}

/** A store that carries each transaction out twice, and what happens to it in between. */
function retrying(
  store: Store,
  between: (name: string, store: Store) => Promise<void> = () => Promise.resolve(),
): Store {
  return {
    async run(name, body) {
      const attempt = store.run(name, async (tx) => {
        await body(tx);
        throw new Conflict();
      });
      await attempt.catch((error) => {
        if (!(error instanceof Conflict)) throw error;
      });
      await between(name, store);
      return store.run(name, body);
    },
    compact: () => store.compact(),
    close: () => store.close(),
  };
}

function retry(pair: Pair, role: Role, between?: Parameters<typeof retrying>[1]): void {
  pair[role].ctx = { ...pair[role].ctx, store: retrying(pair[role].ctx.store, between) };
}

const CASES: readonly {
  readonly vdaf: VdafOptions;
  readonly measurements: readonly unknown[];
  readonly total: unknown;
}[] = [
  { vdaf: { type: "Prio3Count" }, measurements: [true, false, true], total: 2n },
  {
    vdaf: { type: "Prio1", fields: 2 },
    measurements: [
      [1, 0],
      [1, 1],
      [0, 0],
    ],
    total: [2n, 1n],
  },
];

test.each(
  CASES.flatMap((one) =>
    (["sync", "async"] as const).flatMap((helperMode) =>
      (["time-interval", "leader-selected"] as const).map((batchMode) => ({ ...one, helperMode, batchMode })),
    ),
  ),
)("$vdaf, $helperMode, $batchMode", async ({ vdaf, measurements, total, helperMode, batchMode }) => {
  const pair = await Pair.make({ vdaf, helperMode, batchMode });
  retry(pair, "leader");
  retry(pair, "helper");
  const reports = measurements.map((m) => pair.report(m));
  await pair.upload(...reports);
  expect(await pair.collect()).toMatchObject({ count: 3, result: total });
  for (const role of ["leader", "helper"] as const) {
    expect(await pair.counters(role)).toEqual({ aggregated: 3, collected: 3 });
  }
});

test.each(["sync", "async"] as const)(
  "a report that another job took in between is refused (%s)",
  async (helperMode) => {
    const pair = await Pair.make({ vdaf: { type: "Prio1", fields: 1 }, helperMode, minBatchSize: 2 });
    const reports = [pair.report([1]), pair.report([1]), pair.report([1])];
    const taken = { id: reports[1]?.reportMetadata.reportId as Uint8Array, time: Number(pair.time) };
    let isTaken = false;
    retry(pair, "helper", async (name, store) => {
      if (isTaken || name !== (helperMode === "sync" ? "create aggregation job" : "verify aggregation job")) return;
      isTaken = true;
      await store.run("another job", (tx) => tx.insertReplayKeys(1, [taken]));
    });
    await pair.upload(...reports);
    expect(await pair.collect()).toMatchObject({ count: 2, result: [2n] });
    expect(await pair.counters("helper")).toEqual({ aggregated: 2, collected: 2, "refused:report_replayed": 1 });
    expect(await pair.counters("leader")).toEqual({ aggregated: 2, collected: 2, "refused:report_replayed": 1 });
  },
);

test("a report of Prio3 that another job took in between is refused, and its output is not in the sum", async () => {
  const pair = await Pair.make({ minBatchSize: 2 });
  const reports = [pair.report(true), pair.report(true), pair.report(false)];
  const taken = { id: reports[0]?.reportMetadata.reportId as Uint8Array, time: Number(pair.time) };
  let isTaken = false;
  retry(pair, "helper", async (name, store) => {
    if (isTaken || name !== "create aggregation job") return;
    isTaken = true;
    await store.run("another job", (tx) => tx.insertReplayKeys(1, [taken]));
  });
  await pair.upload(...reports);
  expect(await pair.collect()).toMatchObject({ count: 2, result: 1n });
});
