// What is not needed any more goes: waiting reports that are too old to be counted, ids in the replay record of times
// that nobody takes any more (`firstTime`), and the rows of aggregation jobs that ended, and of collection jobs that
// were deleted, long ago.

import { ReportError } from "prio/dap";
import type { Context } from "../context.js";
import { addCounters, refusedCounter } from "../protocol/counters.js";
import { nowOf } from "../protocol/now.js";
import { firstTime } from "../protocol/report-times.js";
import type { AggregatorTask } from "../tasks/task.js";

/**
 * Seconds for which jobs that ended are kept. A leader whose answer was lost asks again, and must get the same answer:
 * where the row is gone, its reports would be refused as replayed, and the two would disagree.
 */
const KEEP_JOBS = 14 * 86_400;
/** Rows of a kind that one transaction removes at most, so that none takes long. */
const MOST = 1000;
const ID_SIZE = 16;

/** Removes some of everything that is not needed. Returns whether there may be more. */
export async function expire(ctx: Context): Promise<boolean> {
  let isMore = false;
  for (const task of ctx.tasks.all()) {
    const before = firstTime(task, nowOf(ctx));
    const removed = [await forgetJobs(ctx, task)];
    if (before > 0 && task.role === "leader") removed.push(await expireReports(ctx, task, before));
    if (before > 0) removed.push(await expireReplayKeys(ctx, task, before));
    if (removed.some((n) => n >= MOST)) isMore = true;
  }
  return (await ctx.store.compact()) || isMore;
}

function expireReports(ctx: Context, task: AggregatorTask, before: number): Promise<number> {
  // A name that no job has: in this transaction only.
  const job = ctx.random(ID_SIZE);
  return ctx.store.run("expire reports", async (tx) => {
    const claimed = await tx.claimReports(task.key, job, MOST, { from: 0, to: before });
    if (claimed.length === 0) return 0;
    await tx.removeReports(task.key, job);
    await addCounters(tx, task.key, [[refusedCounter(ReportError.reportDropped), claimed.length]]);
    return claimed.length;
  });
}

function expireReplayKeys(ctx: Context, task: AggregatorTask, before: number): Promise<number> {
  return ctx.store.run("expire replay keys", (tx) => tx.removeReplayKeys(task.key, before, MOST));
}

function forgetJobs(ctx: Context, task: AggregatorTask): Promise<number> {
  return ctx.store.run("forget jobs", (tx) => tx.forgetJobs(task.key, nowOf(ctx) - KEEP_JOBS, MOST));
}
