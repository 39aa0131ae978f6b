// The leader's collection jobs, step by step (DAP-18, sections 4.6.1 to 4.6.6); leader/collection-jobs.ts has their
// states. A batch is closed in one transaction that excludes everyone else from the task: its partial aggregates become
// the leader's share, with noise, encrypted, and stored. From then on, that share is all there is of the batch.

import {
  BatchMode,
  type BatchSelector,
  decodeAggregateShare,
  decodeCollectionJobReq,
  encodeAggregateShare,
  encodeAggregateShareReq,
  encodeCollectionJobResp,
  encodeInterval,
  type HpkeCiphertext,
  MEDIA_TYPES,
  PrioError,
} from "prio/dap";
import type { ProblemName } from "../problem.js";
import { bucketOfBatch, bucketsOfInterval } from "../protocol/buckets.js";
import { intervalOf, shareForCollector } from "../protocol/collection.js";
import { addCounters, COUNTERS } from "../protocol/counters.js";
import { type CollectionDetail, detailOf } from "../protocol/leader/collection-jobs.js";
import { nowOf } from "../protocol/now.js";
import { type BatchAggregate, mergePartials } from "../protocol/partials.js";
import type { BucketRange, JobChange, OpenBatch, Transaction } from "../store/store.js";
import type { Step } from "./aggregate.js";
import { createAggregationJob, mostReportsInJobs } from "./create-aggregation-jobs.js";
import { ask, PeerRefusal, PeerUnavailable } from "./peer.js";

/** Seconds after which a batch is looked at again: while its jobs go on, and while it has too few reports. */
const PAUSE = { draining: 1, waiting: 5 };
/** Looks at a task's batches in a second, about: a collector with many jobs keeps no driver from other tasks. */
const LOOKS = { draining: 20, waiting: 10 };
/** How often reports are taken into a batch: those that were there, and those that came while it was drained. */
const ROUNDS = 3;

/** Carries a job on as far as it goes now. Throws `PeerUnavailable` where it has to wait for the helper. */
export async function stepCollect(step: Step): Promise<void> {
  const { state } = step.job;
  if (state === "closed") return askForShare(step);
  if (state !== "waiting" && state !== "draining") throw new Error(`a collection job is in the state ${state}`);
  const change = await (step.job.times === null ? gatherNextBatch(step) : gatherInterval(step));
  if (change?.state === "closed") await askForShare({ ...step, job: { ...step.job, ...change } });
}

/** What there is of an interval: makes the jobs that it still needs, waits for them, and closes it. */
async function gatherInterval(step: Step): Promise<JobChange | null> {
  const { ctx, task, job } = step;
  const { times } = job;
  if (times === null) throw new Error("a collection job has no interval");
  const interval = intervalOf(task, requestOf(step).query);
  if (interval === null) throw new Error("a collection job has a query of another batch mode");
  const range = bucketsOfInterval(interval);
  const { minBatchSize } = task.dap;
  const there = await ctx.store.run("look at batch", async (tx) => {
    const aggregated = await tx.countAggregated(task.key, range);
    // Where many wait, counting all takes long. Enough are those that are missing, and more than jobs can take now.
    const enough = Math.max(minBatchSize - aggregated, mostReportsInJobs(task) + 1);
    const waiting = await tx.countWaiting(task.key, times, enough);
    const jobs = await tx.countOpenJobs(task.key, "aggregate", { times });
    return {
      aggregated,
      waiting,
      jobs,
      areAllCounted: waiting < enough,
      isCollected: await tx.isCollected(task.key, range),
    };
  });
  const isSmall = there.jobs === 0 && there.aggregated + there.waiting < minBatchSize;
  if (isSmall && !there.isCollected) return wait(step);
  const detail = detailOf(job);
  const { rounds = 0 } = detail;
  const isLast = rounds >= ROUNDS;
  const isTaken = there.waiting > 0 && !isLast && (await takeAll(step, there.waiting, times)) && there.areAllCounted;
  const more = JSON.stringify({ ...detail, rounds: rounds + (isTaken ? 1 : 0) } satisfies CollectionDetail);
  return change(step, async (tx) => {
    await tx.lockTask(task.key, "exclusive");
    if (await tx.isCollected(task.key, range)) {
      return failure(step, "batchOverlap", "the interval has reports that were collected in another batch");
    }
    // What comes after the last round is refused: its batch is collected.
    const isOpen =
      (await tx.countOpenJobs(task.key, "aggregate", { times })) > 0 ||
      (!isLast && (await tx.countWaiting(task.key, times, 1)) > 0);
    if (isOpen) return { ...(await later(tx, step, "draining")), detail: more };
    const aggregate = await mergePartials(tx, task.key, task.vdaf, range);
    if (aggregate.count < minBatchSize) {
      return { ...(await later(tx, step, "waiting")), detail: JSON.stringify({ ...detail, rounds: 0 }) };
    }
    return close(tx, step, aggregate, range, null);
  });
}

/** The oldest batch that has enough reports and no job that goes on. */
async function gatherNextBatch(step: Step): Promise<JobChange | null> {
  const { ctx, task } = step;
  const { minBatchSize } = task.dap;
  const there = await ctx.store.run("look at batches", async (tx) => ({
    batches: await tx.openBatches(task.key),
    waiting: await tx.countWaiting(task.key, undefined, minBatchSize),
  }));
  const isLarge = ({ assigned }: OpenBatch) => assigned >= minBatchSize;
  if (!there.batches.some(isLarge)) {
    const assigned = there.batches[0]?.assigned ?? 0;
    if (assigned + there.waiting < minBatchSize) return wait(step);
    await takeAll(step, minBatchSize - assigned, null);
  }
  return change(step, async (tx) => {
    await tx.lockTask(task.key, "exclusive");
    for (const { id } of (await tx.openBatches(task.key)).filter(isLarge)) {
      if ((await tx.countOpenJobs(task.key, "aggregate", { batch: id })) > 0) continue;
      const range = bucketOfBatch(id);
      const aggregate = await mergePartials(tx, task.key, task.vdaf, range);
      if (aggregate.count < minBatchSize) continue;
      await tx.removeBatch(task.key, id);
      return close(tx, step, aggregate, range, id);
    }
    return later(tx, step, "draining");
  });
}

/** Makes aggregation jobs of as many reports. False if it has to go on, because there are too many jobs already. */
async function takeAll({ ctx, task, signal }: Step, reports: number, times: Step["job"]["times"]): Promise<boolean> {
  const everything = { from: 0, to: Number.MAX_SAFE_INTEGER };
  for (let left = reports; left > 0; ) {
    const taken = signal.aborted ? 0 : await createAggregationJob(ctx, task, times ?? everything);
    if (taken === 0) return false;
    left -= taken;
  }
  return true;
}

/** Closes a batch. */
async function close(
  tx: Transaction,
  step: Step,
  aggregate: BatchAggregate,
  range: BucketRange,
  batch: Uint8Array | null,
): Promise<JobChange> {
  const { ctx, task, job } = step;
  const { count, checksum, minTime, maxTime } = aggregate;
  const encryptedAggregateShare = shareForCollector(task, requestOf(step), aggregate);
  await tx.insertCollected(task.key, range, nowOf(ctx));
  await tx.removePartials(task.key, range);
  await addCounters(tx, task.key, [[COUNTERS.collected, count]]);
  const closed = { count, checksum: Buffer.from(checksum).toString("base64url"), minTime, maxTime };
  return {
    ...{ state: "closed", batch, answer: encodeAggregateShare({ encryptedAggregateShare }) },
    detail: JSON.stringify({ ...detailOf(job), ...closed } satisfies CollectionDetail),
  };
}

/** closed → done or failed. */
async function askForShare(step: Step): Promise<void> {
  const { ctx, peer, task, job, signal } = step;
  const detail = detailOf(job);
  const { count = 0, minTime = 0, maxTime = 0, share } = detail;
  let result: HpkeCiphertext;
  try {
    const answer = await ask(
      peer,
      task,
      share === undefined
        ? {
            ...{ method: "POST", path: "/aggregate_shares", contentType: MEDIA_TYPES.AggregateShareReq },
            body: shareRequest(step, detail),
          }
        : { method: "GET", path: `/aggregate_shares/${share}` },
      "AggregateShare",
      signal,
    );
    if (answer.body === null) {
      const resource = answer.resource ?? share;
      if (resource === undefined) {
        throw new PeerUnavailable("waiting for the helper: its answer has no body and no Location");
      }
      await change(step, async () => ({
        ...{ notBefore: nowOf(ctx) + answer.retryAfter, detail: JSON.stringify({ ...detail, share: resource }) },
      }));
      return;
    }
    result = decodeAggregateShare(answer.body).encryptedAggregateShare;
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal === null) throw error;
    ctx.log.error({ task: task.idText, reason: refusal.message }, "batch disputed");
    await change(step, async () => ({ ...failure(step, refusal.problem, refusal.message), problem: refusal.message }));
    return;
  }
  const own = decodeAggregateShare(job.answer ?? new Uint8Array(0)).encryptedAggregateShare;
  const answer = encodeCollectionJobResp({
    reportCount: BigInt(count),
    interval: { start: BigInt(minTime), duration: BigInt(maxTime - minTime + 1) },
    leaderEncryptedAggShare: own,
    helperEncryptedAggShare: result,
  });
  await change(step, async () => ({ state: "done", answer }));
}

/** What the helper refused for good, or an answer of it that is none. */
function refusalIn(error: unknown): { readonly problem: PeerRefusal["problem"]; readonly message: string } | null {
  if (error instanceof PeerRefusal) return error;
  if (error instanceof PrioError && error.code === "malformed") {
    return { problem: "invalidMessage", message: "the helper's aggregate share is malformed" };
  }
  return null;
}

/** The bytes of the request, which are the same each time. */
function shareRequest(step: Step, { count = 0, checksum = "" }: CollectionDetail): Uint8Array {
  const collectionJobReq = requestOf(step);
  const interval = intervalOf(step.task, collectionJobReq.query);
  const batchSelector: BatchSelector =
    interval === null
      ? { batchMode: BatchMode.leaderSelected, config: step.job.batch as BatchSelector["config"] }
      : { batchMode: BatchMode.timeInterval, config: encodeInterval(interval) };
  return encodeAggregateShareReq({
    ...{ collectionJobReq, batchSelector, reportCount: BigInt(count) },
    checksum: new Uint8Array(Buffer.from(checksum, "base64url")),
  });
}

function requestOf({ job }: Step) {
  if (job.request === null) throw new Error("a collection job has no request");
  return decodeCollectionJobReq(job.request);
}

function failure({ job }: Step, problem: ProblemName, detail: string): JobChange {
  const failed: CollectionDetail = { ...detailOf(job), failure: { problem, detail } };
  return { state: "failed", answer: null, detail: JSON.stringify(failed) };
}

/** Later the more collection jobs the task has. */
async function later(tx: Transaction, { ctx, task }: Step, state: "waiting" | "draining"): Promise<JobChange> {
  const jobs = await tx.countOpenJobs(task.key, "collect", {});
  return { state, notBefore: nowOf(ctx) + Math.max(PAUSE[state], Math.ceil(jobs / LOOKS[state])) };
}

/** Gives the job back, to be looked at when there may be more reports. */
function wait(step: Step): Promise<JobChange> {
  return change(step, (tx) => later(tx, step, "waiting"));
}

/**
 * Writes what a transaction finds out about the job, and gives the job back unless it goes on at once. Throws
 * `LeaseLost` if another worker has it.
 */
function change(step: Step, body: (tx: Transaction) => Promise<JobChange>): Promise<JobChange> {
  const { ctx, job } = step;
  return ctx.store.run("change collection job", async (tx) => {
    const found = await body(tx);
    const holder = { lease: job.lease, release: found.state !== "closed" };
    await tx.updateJob(job, { attempts: 0, problem: null, ...found }, nowOf(ctx), holder);
    return found;
  });
}
