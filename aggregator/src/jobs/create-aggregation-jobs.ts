// Reports that wait become aggregation jobs (DAP-18, section 4.5.3.1): when there are enough for a job, when the first
// has waited long enough, or when a collection job needs them.

import { ReportError } from "prio/dap";
import type { Context } from "../context.js";
import { bucketOfTime, timesOf } from "../protocol/buckets.js";
import { keyOf } from "../protocol/bytes.js";
import { addCounters, refusedCounter } from "../protocol/counters.js";
import { nowOf } from "../protocol/now.js";
import { firstTime } from "../protocol/report-times.js";
import type { ReplayKey, TimeRange, Transaction } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";

/** Jobs of a task that go on at once: while the helper is away, reports wait as reports. */
const MOST_JOBS = 32;
const ID_SIZE = 16;
const BATCH_ID_SIZE = 32;

/** Of a task's reports, how many are in jobs at once. */
export const mostReportsInJobs = ({ limits }: AggregatorTask): number => MOST_JOBS * limits.maxJobReports;

/** Makes the jobs that are due. Returns how many reports they took. */
export async function createDueJobs(ctx: Context): Promise<number> {
  const tasks = new Map(ctx.tasks.all().map((task) => [task.key, task]));
  const active = [...tasks.values()].filter(({ role, state }) => role === "leader" && state === "active");
  if (active.length === 0) return 0;
  const largest = Math.max(...active.map(({ limits }) => limits.maxJobReports));
  const waiting = await ctx.store.run("look at waiting reports", (tx) => tx.waiting(largest));
  let taken = 0;
  for (const { task: key, reports, since } of waiting) {
    const task = tasks.get(key);
    if (task === undefined || !active.includes(task)) continue;
    const { maxJobReports, maxJobDelay } = task.limits;
    if (reports < maxJobReports && ctx.clock() < since + maxJobDelay) continue;
    taken += await createAggregationJob(ctx, task, null);
  }
  return taken;
}

/**
 * Makes one job of the reports that wait, in a range of times if there is one. Returns how many reports it took, those
 * that were refused among them; 0 also while the task has as many jobs as it may.
 *
 * In this transaction the reports' ids join the replay record, so that no second job has one of them, and the batch is
 * chosen: all before anything is said to the helper.
 */
export function createAggregationJob(ctx: Context, task: AggregatorTask, range: TimeRange | null): Promise<number> {
  const id = ctx.random(ID_SIZE);
  const newBatch = ctx.random(BATCH_ID_SIZE);
  const now = nowOf(ctx);
  const isDue = range === null;
  return ctx.store.run("create aggregation job", async (tx) => {
    await tx.lockTask(task.key, "shared");
    if ((await tx.countOpenJobs(task.key, "aggregate", {})) >= MOST_JOBS) return 0;
    if (isDue && (await isDraining(tx, task))) return 0;
    const claimed = await tx.claimReports(task.key, id, task.limits.maxJobReports, range ?? undefined);
    if (claimed.length === 0) return 0;
    const reports = await withoutRefused(tx, task, id, claimed, now);
    if (reports.length === 0) return claimed.length;
    const batch = task.dap.batchMode === "leader-selected" ? await chooseBatch(tx, task, newBatch, now) : null;
    if (batch !== null) await tx.addToBatch(task.key, batch, reports.length);
    await tx.insertJob(
      {
        ...{ task: task.key, id, kind: "aggregate", state: "created", step: 0, requestHash: null, request: null },
        ...{ answer: null, detail: "{}", times: timesOf(reports), batch, notBefore: now },
      },
      now,
    );
    return claimed.length;
  });
}

/**
 * Whether a batch of the task waits for its last aggregation jobs. Meanwhile no others begin, or a batch to which
 * reports come all the time would never close.
 */
async function isDraining(tx: Transaction, task: AggregatorTask): Promise<boolean> {
  if (task.dap.batchMode !== "time-interval") return false;
  return (await tx.countOpenJobs(task.key, "collect", { state: "draining" })) > 0;
}

/** Refuses reports of collected batches, old ones and those that came before. Returns the others. */
async function withoutRefused(
  tx: Transaction,
  task: AggregatorTask,
  job: Uint8Array,
  claimed: readonly ReplayKey[],
  now: number,
): Promise<ReplayKey[]> {
  const refused: Uint8Array[] = [];
  const sums = new Map<string, number>();
  let reports = [...claimed];
  const refuse = (error: number, isRefused: (report: ReplayKey) => boolean) => {
    const [not, some] = [reports.filter((x) => !isRefused(x)), reports.filter(isRefused)];
    if (some.length === 0) return;
    reports = not;
    refused.push(...some.map(({ id }) => id));
    sums.set(refusedCounter(error), some.length);
  };
  const first = firstTime(task, now);
  refuse(ReportError.reportDropped, ({ time }) => time < first);
  if (task.dap.batchMode === "time-interval") {
    const times = [...new Set(reports.map(({ time }) => time))];
    const collected = await tx.collectedAmong(
      task.key,
      times.map((time) => bucketOfTime(BigInt(time))),
    );
    const names = new Set(collected.map(keyOf));
    if (names.size > 0) refuse(ReportError.batchCollected, ({ time }) => names.has(keyOf(bucketOfTime(BigInt(time)))));
  }
  const replayed = new Set((await tx.insertReplayKeys(task.key, reports)).map(keyOf));
  if (replayed.size > 0) refuse(ReportError.reportReplayed, ({ id }) => replayed.has(keyOf(id)));
  if (refused.length > 0) {
    await tx.removeReports(task.key, job, refused);
    await addCounters(tx, task.key, sums);
  }
  return reports;
}

/**
 * The batch of new reports: the oldest that has too few, or a new one. A batch that has enough takes no more, so that
 * it can be collected when its jobs have ended.
 */
async function chooseBatch(
  tx: Transaction,
  task: AggregatorTask,
  newBatch: Uint8Array,
  now: number,
): Promise<Uint8Array> {
  const open = await tx.openBatches(task.key);
  const small = open.find(({ assigned }) => assigned < task.dap.minBatchSize);
  if (small !== undefined) return small.id;
  await tx.insertBatch(task.key, newBatch, now);
  return newBatch;
}
