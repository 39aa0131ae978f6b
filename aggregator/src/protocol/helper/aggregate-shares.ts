// The helper's aggregate shares (DAP-18, section 4.6.4): a batch is closed when the leader asks for it, and its share
// served byte for byte ever after.

import {
  type AggregateShareReq,
  decodeAggregateShareReq,
  decodeBatchId,
  encodeAggregateShare,
  type Interval,
} from "prio/dap";
import type { Context } from "../../context.js";
import { Problem } from "../../problem.js";
import type { BucketRange, JobRow, TimeRange } from "../../store/store.js";
import type { AggregatorTask } from "../../tasks/task.js";
import type { Answer } from "../answer.js";
import { bucketOfBatch, bucketsOfInterval, timesOfInterval } from "../buckets.js";
import { equalBytes, resourceId, sha256, textOf } from "../bytes.js";
import { intervalOf, requireNoExtensions, shareForCollector } from "../collection.js";
import { addCounters, COUNTERS } from "../counters.js";
import { nowOf } from "../now.js";
import { mergePartials } from "../partials.js";
import { invalidMessage, wellFormed } from "../well-formed.js";

/** POST to the shares, or PUT by a leader that names them. */
export async function createAggregateShare(
  ctx: Context,
  task: AggregatorTask,
  body: Uint8Array,
  named?: Uint8Array,
): Promise<Answer> {
  const id = named ?? resourceId("aggregate share", task.id, body);
  const request = wellFormed(() => decodeAggregateShareReq(body));
  const { range, times, batch } = readSelector(task, request);
  const { collectionJobReq, reportCount, checksum } = request;
  if (collectionJobReq.aggParam.length > 0) throw invalidMessage("reports were verified with the empty parameter");
  requireNoExtensions(collectionJobReq);
  const requestHash = sha256(body);
  const row = await ctx.store.run("close batch", async (tx) => {
    await tx.lockTask(task.key, "exclusive");
    const existing = await tx.job(task.key, "share", id);
    if (existing !== null) return existing;
    if (await tx.isCollected(task.key, range)) {
      throw new Problem("batchOverlap", "the batch has buckets that were collected before");
    }
    const aggregate = await mergePartials(tx, task.key, task.vdaf, range);
    const { count } = aggregate;
    if (count < task.dap.minBatchSize) {
      throw new Problem("invalidBatchSize", `the batch has ${count} reports, and needs ${task.dap.minBatchSize}`);
    }
    if (BigInt(count) !== reportCount || !equalBytes(aggregate.checksum, checksum)) {
      throw new Problem("batchMismatch", `the leader counted ${reportCount} reports, and the helper ${count}`);
    }
    const encryptedAggregateShare = shareForCollector(task, collectionJobReq, aggregate);
    const answer = encodeAggregateShare({ encryptedAggregateShare });
    const now = nowOf(ctx);
    await tx.insertCollected(task.key, range, now);
    await tx.removePartials(task.key, range);
    const job = {
      ...({ task: task.key, id, kind: "share", state: "done", step: 0, requestHash, request: null, answer } as const),
      ...{ detail: JSON.stringify({ count }), times, batch, notBefore: 0 },
    };
    await tx.insertJob(job, now);
    await addCounters(tx, task.key, [[COUNTERS.collected, count]]);
    return job;
  });
  if (!equalBytes(row.requestHash ?? new Uint8Array(0), requestHash)) {
    throw new Problem("conflict", "there is an aggregate share of this id from another request");
  }
  return answerOf(row);
}

/** The buckets that a request is about. Throws unless they are within the collector's query. */
function readSelector(
  task: AggregatorTask,
  { collectionJobReq, batchSelector }: AggregateShareReq,
): { readonly range: BucketRange; readonly times: TimeRange | null; readonly batch: Uint8Array | null } {
  const query = intervalOf(task, collectionJobReq.query);
  const selected = intervalOf(task, batchSelector);
  if (query === null || selected === null) {
    if (collectionJobReq.query.config.length > 0) throw invalidMessage("a query for the leader's next batch is empty");
    const batch = wellFormed(() => decodeBatchId(batchSelector.config));
    return { range: bucketOfBatch(batch), times: null, batch };
  }
  if (!isWithin(selected, query)) {
    throw new Problem("batchInvalid", "the leader's interval is not within that of the collector");
  }
  return { range: bucketsOfInterval(selected), times: timesOfInterval(selected), batch: null };
}

function isWithin(inner: Interval, outer: Interval): boolean {
  return inner.start >= outer.start && inner.start + inner.duration <= outer.start + outer.duration;
}

/** GET of a share. */
export async function readAggregateShare(ctx: Context, task: AggregatorTask, id: Uint8Array): Promise<Answer> {
  const row = await ctx.store.run("find aggregate share", (tx) => tx.job(task.key, "share", id));
  if (row === null) throw new Problem("notFound", "there is no aggregate share of this id");
  return answerOf(row);
}

/** DELETE of a share. Its batch stays collected. */
export async function deleteAggregateShare(ctx: Context, task: AggregatorTask, id: Uint8Array): Promise<void> {
  await ctx.store.run("delete aggregate share", async (tx) => {
    const row = await tx.lockJob(task.key, "share", id);
    if (row === null) throw new Problem("notFound", "there is no aggregate share of this id");
    if (row.state !== "deleted") await tx.updateJob(row, { state: "deleted", answer: null }, nowOf(ctx));
  });
}

function answerOf({ id, answer }: Pick<JobRow, "id" | "answer">): Answer {
  if (answer === null) throw new Problem("gone", "the aggregate share was deleted");
  return { location: `/aggregate_shares/${textOf(id)}`, body: answer, message: "AggregateShare" };
}
