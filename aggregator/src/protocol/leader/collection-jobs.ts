// The leader's collection jobs: created, read and deleted by the collector (DAP-18, section 4.6.1). What happens in
// between is in jobs/collect.ts.
//
// The states of a job: "waiting" (for enough reports), "draining" (there are enough, and their aggregation jobs have to
// end), "closed" (the leader's share is stored, and the helper's is asked for), "done", "failed", "deleted".

import { type CollectionJobReq, decodeCollectionJobReq } from "prio/dap";
import type { Context } from "../../context.js";
import { Problem, type ProblemName } from "../../problem.js";
import { ENDED, type JobRow, type JobSummary, type NewJob, type Transaction } from "../../store/store.js";
import type { AggregatorTask } from "../../tasks/task.js";
import type { Answer } from "../answer.js";
import { bucketsOfInterval, timesOfInterval } from "../buckets.js";
import { equalBytes, resourceId, sha256, textOf } from "../bytes.js";
import { intervalOf, requireNoExtensions } from "../collection.js";
import { nowOf } from "../now.js";
import { invalidMessage, wellFormed } from "../well-formed.js";

/** Seconds after which the collector asks again. */
const RETRY_AFTER = { waiting: 5, soon: 1 };

/** Collection jobs of a task that wait or go on at once: each of them is looked at every few seconds. */
const MOST_COLLECTIONS = 1000;
/** Seconds after which a collector with too many of them asks again. */
const CROWDED_RETRY = 60;

/** A collection job's own small things. */
export interface CollectionDetail {
  /** Which of the requests for the leader's next batch this is, from 0. */
  readonly number?: number;
  /** The collector has got the result. */
  readonly isFetched?: boolean;
  /** How often reports came while the others were drained. */
  readonly rounds?: number;
  /** Of the closed batch. */
  readonly count?: number;
  /** Base64url. */
  readonly checksum?: string;
  readonly minTime?: number;
  readonly maxTime?: number;
  /** The id of the aggregate share at a helper that was not ready. */
  readonly share?: string;
  /** Why it failed. */
  readonly failure?: { readonly problem: ProblemName; readonly detail: string };
}

export function detailOf({ detail }: Pick<JobRow, "detail">): CollectionDetail {
  return JSON.parse(detail) as CollectionDetail;
}

/** POST to the jobs, or PUT by a collector that names them. */
export async function createCollectionJob(
  ctx: Context,
  task: AggregatorTask,
  body: Uint8Array,
  named?: Uint8Array,
): Promise<Answer> {
  const request = wellFormed(() => decodeCollectionJobReq(body));
  const job = await ctx.store.run("create collection job", async (tx) => {
    const interval = readQuery(task, request);
    if (interval === null) return nextBatchJob(tx, ctx, task, body, named);
    const now = nowOf(ctx);
    const id = named ?? resourceId("collection job", task.id, body);
    const existing = await jobOf(tx, task, id, body);
    // A job that was deleted before its batch was closed may come again.
    const isNew = existing === null || existing.state === "deleted";
    if (isNew && (await tx.isCollected(task.key, bucketsOfInterval(interval)))) {
      throw new Problem("batchOverlap", "the interval has reports that were collected in another batch");
    }
    if (isNew) await requireRoom(tx, task);
    if (existing !== null) {
      if (isNew) await tx.updateJob(existing, { state: "waiting", request: body, detail: "{}", notBefore: now }, now);
      return existing;
    }
    const job = newJob(task, id, body, { times: timesOfInterval(interval), detail: "{}" }, now);
    await tx.insertJob(job, now);
    return job;
  });
  // The collector asks for the leader's next batch in the same words each time. If the answer to this request had a
  // result, and got lost, nobody could name that result again; so only a GET of the job has it.
  if (task.dap.batchMode === "leader-selected") return notReady(job);
  return readCollectionJob(ctx, task, job.id);
}

/** Throws `tooManyRequests` where a task has as many collection jobs as it may. */
async function requireRoom(tx: Transaction, task: AggregatorTask): Promise<void> {
  if ((await tx.countOpenJobs(task.key, "collect", {})) < MOST_COLLECTIONS) return;
  throw new Problem("tooManyRequests", `the task has ${MOST_COLLECTIONS} collection jobs that are not done`, {
    retryAfter: CROWDED_RETRY,
  });
}

/** The job of an id, if there is one. Throws `conflict` for another request than its own. */
async function jobOf(tx: Transaction, task: AggregatorTask, id: Uint8Array, body: Uint8Array): Promise<JobRow | null> {
  const job = await tx.lockJob(task.key, "collect", id);
  if (job !== null && !equalBytes(job.requestHash ?? new Uint8Array(0), sha256(body))) {
    throw new Problem("conflict", "there is a collection job of this id from another request");
  }
  return job;
}

/** Checks a request in the draft's order, up to what the store knows. */
function readQuery(task: AggregatorTask, request: CollectionJobReq) {
  const interval = intervalOf(task, request.query);
  if (interval === null && request.query.config.length > 0) {
    throw invalidMessage("a query for the leader's next batch is empty");
  }
  if (request.aggParam.length > 0) {
    throw new Problem("invalidAggregationParameter", "the task's VDAF has no aggregation parameter but the empty one");
  }
  requireNoExtensions(request);
  return interval;
}

/**
 * The job of the request for the next batch: the one that is named so, or else the last one, unless its result was
 * fetched or there will be none.
 */
async function nextBatchJob(
  tx: Transaction,
  ctx: Context,
  task: AggregatorTask,
  body: Uint8Array,
  named: Uint8Array | undefined,
): Promise<NewJob | JobSummary> {
  await tx.lockTask(task.key, "exclusive");
  const existing = named === undefined ? null : await jobOf(tx, task, named, body);
  if (existing !== null) return existing;
  const [last] = await tx.jobs(task.key, "collect", 1);
  const detail = last === undefined ? {} : detailOf(last);
  if (named === undefined && last !== undefined && !isOver(last, detail)) return last;
  await requireRoom(tx, task);
  const number = last === undefined ? 0 : (detail.number ?? 0) + 1;
  const id = named ?? resourceId("collection job", task.id, body, Buffer.from(String(number)));
  const now = nowOf(ctx);
  const job = newJob(task, id, body, { times: null, detail: JSON.stringify({ number }) }, now);
  await tx.insertJob(job, now);
  return job;
}

function isOver({ state }: JobSummary, { isFetched = false }: CollectionDetail): boolean {
  return state === "done" ? isFetched : ENDED.includes(state);
}

function newJob(
  task: AggregatorTask,
  id: Uint8Array,
  body: Uint8Array,
  { times, detail }: Pick<NewJob, "times" | "detail">,
  now: number,
): NewJob {
  return {
    ...{ task: task.key, id, kind: "collect", state: "waiting", step: 0, requestHash: sha256(body), request: body },
    ...{ answer: null, detail, times, batch: null, notBefore: now },
  };
}

/** GET of a job. */
export async function readCollectionJob(ctx: Context, task: AggregatorTask, id: Uint8Array): Promise<Answer> {
  const job = await ctx.store.run("find collection job", (tx) => tx.job(task.key, "collect", id));
  if (job === null) throw new Problem("notFound", "there is no collection job of this id");
  if (job.state === "deleted") throw new Problem("gone", "the collection job was deleted");
  if (job.state === "failed" || job.state === "abandoned") {
    const { problem, detail } = detailOf(job).failure ?? { problem: "internal", detail: "the job failed" };
    throw new Problem(problem, detail);
  }
  if (job.state !== "done" || job.answer === null) return notReady(job);
  if (task.dap.batchMode === "leader-selected" && detailOf(job).isFetched !== true) {
    await ctx.store.run("fetch collection job", async (tx) => {
      const now = await tx.lockJob(task.key, "collect", id);
      if (now?.state !== "done") return;
      await tx.updateJob(now, { detail: JSON.stringify({ ...detailOf(now), isFetched: true }) }, nowOf(ctx));
    });
  }
  return { location: pathOf(job), body: job.answer, message: "CollectionJobResp" };
}

/** DELETE of a job. A batch that was closed for it stays collected. */
export async function deleteCollectionJob(ctx: Context, task: AggregatorTask, id: Uint8Array): Promise<void> {
  await ctx.store.run("delete collection job", async (tx) => {
    const job = await tx.lockJob(task.key, "collect", id);
    if (job === null) throw new Problem("notFound", "there is no collection job of this id");
    if (job.state !== "deleted") await tx.updateJob(job, { state: "deleted", answer: null }, nowOf(ctx));
  });
}

function notReady({ id, state }: Pick<NewJob, "id" | "state">): Answer {
  const retryAfter = state === "waiting" ? RETRY_AFTER.waiting : RETRY_AFTER.soon;
  return { location: pathOf({ id }), body: null, retryAfter, message: "CollectionJobResp" };
}

const pathOf = ({ id }: Pick<NewJob, "id">): string => `/collection_jobs/${textOf(id)}`;
