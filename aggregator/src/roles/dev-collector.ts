// The collector of `prio-aggregator dev`: it collects batch after batch, and puts each result where the leader's
// operators' page finds it.

import { setTimeout as sleep } from "node:timers/promises";
import { DapCollector, type DapTask, type HpkeKeyPair } from "prio/dap";
import { Prio3Histogram } from "prio/prio3";
import type { ShownResult } from "../admin/results.js";
import type { Context } from "../context.js";
import { findTask } from "../tasks/changes.js";
import type { Secrets } from "../tasks/secrets.js";
import { secretsOf } from "../tasks/stored-task.js";

/** What people are asked, and what they may answer. */
export const QUESTION = "How did you get here today?";
export const ANSWERS: readonly string[] = [
  ...["on foot", "by bicycle", "by bus or train", "by car", "I stayed at home"],
];

/** The parameters of the answers' histogram. */
export const HISTOGRAM = { length: ANSWERS.length, chunkLength: 2 } as const;

/** Milliseconds between two questions to the leader. */
const ASK_EVERY = 500;
/** Results that are added up when a folder is used again. */
const MOST_RESULTS = 10_000;

/** All results together. */
export interface Totals {
  readonly batches: number;
  readonly reports: number;
  /** One for each answer. */
  readonly totals: readonly number[];
}

/** `onTotals` is called at once with what was collected before, and then with each new batch. */
export async function startCollector(
  ctx: Context,
  key: Secrets,
  task: DapTask,
  keyPair: HpkeKeyPair,
  onTotals: (totals: Totals, isNew: boolean) => void,
): Promise<{ stop(): Promise<void> }> {
  const row = await ctx.store.run("read task", (tx) => findTask(tx, task.idText));
  const token = secretsOf(row, key).collectorToken ?? "";
  const collector = new DapCollector({ task, vdaf: new Prio3Histogram(HISTOGRAM), keyPair, token });
  const stopping = new AbortController();
  const { signal } = stopping;
  let totals = await readTotals(ctx, row.key);
  onTotals(totals, false);

  const collectBatch = async (): Promise<void> => {
    for (let job = collector.job("next-batch"); ; ) {
      const { state, collected } = await collector.step(job, signal);
      job = state;
      if (collected !== null) {
        const counts = collected.result.map(Number);
        totals = added(totals, collected.reportCount, counts);
        await putResult(ctx, row.key, `batch ${totals.batches}`, collected.reportCount, counts);
        onTotals(totals, true);
        return;
      }
      await sleep(ASK_EVERY, undefined, { signal });
    }
  };
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await collectBatch();
      } catch (err) {
        if (signal.aborted) return;
        ctx.log.warn({ err }, "the collector tries again");
        await sleep(ASK_EVERY, undefined, { signal }).catch(() => undefined);
      }
    }
  };
  const working = work();
  return {
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

const added = (before: Totals, reports: number, counts: readonly number[]): Totals => ({
  batches: before.batches + 1,
  reports: before.reports + reports,
  totals: before.totals.map((total, i) => total + (counts[i] ?? 0)),
});

async function readTotals({ store }: Context, task: number): Promise<Totals> {
  const rows = await store.run("read results", (tx) => tx.results(task, MOST_RESULTS));
  const nothing: Totals = { batches: 0, reports: 0, totals: ANSWERS.map(() => 0) };
  return rows.reduce((sum, { result }) => {
    const { reports, totals } = JSON.parse(result) as ShownResult;
    return added(sum, reports, totals.map(Number));
  }, nothing);
}

function putResult(
  { store, clock }: Context,
  task: number,
  name: string,
  reports: number,
  counts: readonly number[],
): Promise<void> {
  const shown: ShownResult = { name, reports, totals: counts.map(String), labels: ANSWERS, deviation: null };
  return store.run("put result", (tx) => tx.putResult({ task, name, result: JSON.stringify(shown), at: clock() }));
}
