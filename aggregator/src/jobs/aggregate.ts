// The leader's aggregation jobs, step by step (DAP-18, sections 4.5.3 to 4.5.5).
//
//   created     reports are in the job, and their ids in the replay record
//   requested   reports are opened, and those that were refused are gone: the request is a function of what is stored
//   continuing  for VDAFs of two rounds: the helper's first answer is stored, and so is what follows from it
//   done        partial aggregates and counters are stored, and contents are gone, all in one transaction
//   abandoned   the helper contradicted itself or refused the job: nothing is counted
//
// A request is sent again, byte for byte, until an answer comes. The hash of what was sent first is stored before it is
// sent; where a later one would differ, the job is abandoned instead.

import {
  type AggregationJobResp,
  decodeAggregationJobResp,
  encodeAggregationJobContinueReq,
  MEDIA_TYPES,
  PrioError,
  ReportError,
  type VerifyContinue,
} from "prio/dap";
import type { Context } from "../context.js";
import { equalBytes, keyOf, sha256 } from "../protocol/bytes.js";
import { addCounters, COUNTERS, refusedCounter } from "../protocol/counters.js";
import { beginReports, Contradiction, type Refused, type Turn, takeAnswer } from "../protocol/leader/turns.js";
import { nowOf } from "../protocol/now.js";
import { partialsOf, type Verified } from "../protocol/partials.js";
import type { JobChange, JobRow, LeasedJob, Transaction } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";
import { initRequest } from "./init-request.js";
import { memoryOf, type OnTheWay } from "./memory.js";
import { ask, type Peer, type PeerAnswer, PeerRefusal, PeerUnavailable } from "./peer.js";

/** Seconds after which reports that are too early for the helper are tried again. */
const EARLY = 60;
const ID_SIZE = 16;
/** The step of the continuation of a VDAF of two rounds. */
const CONTINUATION = 1;

/** A job's own small things. */
interface Detail {
  /** The job's id at the helper, as it stands in paths. */
  readonly helper?: string;
  /** The helper has the request, and is asked for its answer. */
  readonly isPolling?: boolean;
}

/** What a step needs. */
export interface Step {
  readonly ctx: Context;
  readonly peer: Peer;
  readonly task: AggregatorTask;
  readonly job: LeasedJob;
  readonly signal: AbortSignal;
}

/** Carries a job on as far as it goes now. Throws `PeerUnavailable` where it has to wait for the helper. */
export async function stepAggregate(step: Step): Promise<void> {
  try {
    const { state } = step.job;
    if (state === "created") await begin(step);
    else if (state === "requested") await request(step, await requestAgain(step));
    else if (state === "continuing") await proceed(step, await continuationAgain(step));
    else throw new Error(`an aggregation job is in the state ${state}`);
  } catch (error) {
    if (!(error instanceof Contradiction) && !(error instanceof PeerRefusal)) throw error;
    await abandon(step, error);
  }
}

/** created → requested, or done if no report is left. */
async function begin(step: Step): Promise<void> {
  const { ctx, task, job } = step;
  const reports = await ctx.store.run("read job", (tx) => tx.reportsOf(task.key, job.id));
  const begun = await beginReports(ctx, task, reports, nowOf(ctx));
  const isEmpty = begun.turns.length === 0;
  const body = isEmpty ? null : initRequest(job.batch, begun.inits);
  const change: JobChange = isEmpty ? { state: "done" } : { state: "requested", requestHash: sha256(body ?? job.id) };
  await ctx.store.run("begin aggregation job", async (tx) => {
    await update(tx, step, change, isEmpty);
    await refuse(tx, step, begun.refused);
  });
  if (body !== null) await request(changed(step, change), { request: body, turns: begun.turns });
}

/** requested → continuing or done. */
async function request(step: Step, { request: body, turns }: OnTheWay): Promise<void> {
  const { ctx, task, job } = step;
  const { helper, isPolling = false } = detailOf(job);
  const answer = await answerTo(step, { request: body, turns }, () =>
    isPolling && helper !== undefined
      ? { method: "GET", path: `/aggregation_jobs/${helper}?step=0` }
      : { method: "POST", path: "/aggregation_jobs", contentType: MEDIA_TYPES.AggregationJobInitReq, body },
  );
  if (answer === null) return;
  const taken = await takeAnswer(task, turns, decoded(answer.body, turns));
  if (taken.turns.length === 0) return finish(step, taken.verified, taken.refused);

  const named = answer.resource ?? helper;
  if (named === undefined) throw new Contradiction("the answer has no Location, and the job has to be continued");
  const next = { request: continuation(taken.turns), turns: taken.turns };
  const change: JobChange = {
    ...{ state: "continuing", step: CONTINUATION, answer: answer.body, requestHash: sha256(next.request) },
    detail: JSON.stringify({ helper: named } satisfies Detail),
  };
  await ctx.store.run("continue aggregation job", async (tx) => {
    await update(tx, step, change, false);
    await refuse(tx, step, taken.refused);
  });
  await proceed(changed(step, change), next);
}

/** continuing → done. */
async function proceed(step: Step, { request: body, turns }: OnTheWay): Promise<void> {
  const { task, job } = step;
  const { helper = "", isPolling = false } = detailOf(job);
  const answer = await answerTo(step, { request: body, turns }, () =>
    isPolling
      ? { method: "GET", path: `/aggregation_jobs/${helper}?step=${CONTINUATION}` }
      : {
          ...{ method: "POST", path: `/aggregation_jobs/${helper}` },
          ...{ contentType: MEDIA_TYPES.AggregationJobContinueReq, body },
        },
  );
  if (answer === null) return;
  const taken = await takeAnswer(task, turns, decoded(answer.body, turns));
  if (taken.turns.length > 0) throw new Contradiction("the answer continues what has to end");
  await finish(step, taken.verified, taken.refused);
}

/**
 * The helper's answer, or null if it is not ready: then the job is given back until the helper is asked again. Whatever
 * happens, what waits for the answer is kept in memory until then.
 */
async function answerTo(
  step: Step,
  waiting: OnTheWay,
  requestOf: () => Parameters<typeof ask>[2],
): Promise<(PeerAnswer & { readonly body: Uint8Array }) | null> {
  const { ctx, peer, task, job, signal } = step;
  let answer: PeerAnswer;
  try {
    answer = await ask(peer, task, requestOf(), "AggregationJobResp", signal);
  } catch (error) {
    if (!(error instanceof PeerRefusal)) memoryOf(ctx).keep(task, job.id, waiting, waiting.turns.length);
    throw error;
  }
  if (answer.body !== null) return { ...answer, body: answer.body };
  memoryOf(ctx).keep(task, job.id, waiting, waiting.turns.length);
  const helper = answer.resource ?? detailOf(job).helper;
  if (helper === undefined) throw new PeerUnavailable("waiting for the helper: its answer has no body and no Location");
  const detail = JSON.stringify({ helper, isPolling: true } satisfies Detail);
  const notBefore = nowOf(ctx) + answer.retryAfter;
  await ctx.store.run("wait for helper", (tx) => update(tx, step, { detail, notBefore }, true));
  return null;
}

/** What `begin` made, from memory or again from what is stored. */
async function requestAgain({ ctx, task, job }: Step): Promise<OnTheWay> {
  const kept = keptOf(ctx, job);
  if (kept !== undefined) return kept;
  const reports = await ctx.store.run("read job", (tx) => tx.reportsOf(task.key, job.id));
  const { turns, inits } = await beginReports(ctx, task, reports, null);
  return checked(job, { request: initRequest(job.batch, inits), turns });
}

/** What `request` made of the helper's first answer, from memory or again from what is stored. */
async function continuationAgain({ ctx, task, job }: Step): Promise<OnTheWay> {
  const kept = keptOf(ctx, job);
  if (kept !== undefined) return kept;
  const reports = await ctx.store.run("read job", (tx) => tx.reportsOf(task.key, job.id));
  const { turns } = await beginReports(ctx, task, reports, null);
  // Those that were refused after this answer are not in the job any more.
  const left = new Set(turns.map(({ id }) => keyOf(id)));
  const { verifyResps } = decoded(job.answer ?? new Uint8Array(0));
  const taken = await takeAnswer(task, turns, {
    verifyResps: verifyResps.filter(({ reportId }) => left.has(keyOf(reportId))),
  });
  return checked(job, { request: continuation(taken.turns), turns: taken.turns });
}

/** What this process has in memory of the job, unless another process has carried the job on since. */
function keptOf(ctx: Context, job: LeasedJob): OnTheWay | undefined {
  const kept = memoryOf(ctx).take(job.task, job.id);
  return kept !== undefined && isAsSent(job, kept) ? kept : undefined;
}

function isAsSent({ requestHash }: LeasedJob, { request: body }: OnTheWay): boolean {
  return requestHash !== null && equalBytes(requestHash, sha256(body));
}

/** Never sends other bytes than those that may have been sent. */
function checked(job: LeasedJob, what: OnTheWay): OnTheWay {
  if (isAsSent(job, what)) return what;
  throw new Contradiction(
    "the request cannot be made again as it was sent; is a key gone, or is this another program?",
  );
}

function continuation(turns: readonly Turn[]): Uint8Array {
  const verifyContinues = turns.map(({ id, state }) => ({ reportId: id, payload: state.message }) as VerifyContinue);
  return encodeAggregationJobContinueReq({ step: CONTINUATION, verifyContinues });
}

/** An answer to a request of these reports: a helper must not end a leader by one that has millions of others. */
function decoded(body: Uint8Array, turns?: readonly Turn[]): AggregationJobResp {
  try {
    return decodeAggregationJobResp(body, turns?.length);
  } catch (error) {
    if (error instanceof PrioError && error.code === "malformed") {
      throw new Contradiction(`the answer is malformed: ${error.message}`);
    }
    throw error;
  }
}

/** The end of a job: all that it counts, in one transaction. */
async function finish(step: Step, verified: readonly Verified[], refused: readonly Refused[]): Promise<void> {
  const { ctx, task, job } = step;
  const partials = partialsOf(task.vdaf, job.batch, verified);
  await ctx.store.run("finish aggregation job", async (tx) => {
    await update(tx, step, { state: "done", answer: null }, true);
    await refuse(tx, step, refused);
    if (partials.length > 0) await tx.insertPartials(task.key, job.id, partials);
    await addCounters(tx, task.key, [[COUNTERS.aggregated, verified.length]]);
    await tx.removeReports(task.key, job.id);
  });
}

/**
 * Takes refused reports out of the job. None of them is used again, but those that were too early at first, for the
 * helper or for a clock here that went back since they were uploaded: they wait in a job of their own, of the same
 * batch, with their ids still in the replay record. After the leader's continuation none is early: a report that is
 * verified a second time, with other messages of the helper, would tell the helper what one verification does not.
 */
async function refuse(tx: Transaction, { ctx, task, job }: Step, refused: readonly Refused[]): Promise<void> {
  if (refused.length === 0) return;
  const isEarly = ({ error }: Refused) => error === ReportError.reportTooEarly && job.step < CONTINUATION;
  const early = refused.filter(isEarly).map(({ id }) => id);
  const gone = refused.filter((report) => !isEarly(report));
  const sums = new Map<string, number>();
  for (const report of refused) {
    const name = isEarly(report) ? COUNTERS.postponed : refusedCounter(report.error);
    sums.set(name, (sums.get(name) ?? 0) + 1);
  }
  await addCounters(tx, task.key, sums);
  if (gone.length > 0) {
    await tx.removeReports(
      task.key,
      job.id,
      gone.map(({ id }) => id),
    );
    if (job.batch !== null) await tx.addToBatch(task.key, job.batch, -gone.length);
  }
  if (early.length === 0) return;
  const now = nowOf(ctx);
  const id = ctx.random(ID_SIZE);
  await tx.insertJob(
    {
      ...{ task: task.key, id, kind: "aggregate", state: "created", step: 0, requestHash: null, request: null },
      ...{ answer: null, detail: "{}", times: job.times, batch: job.batch, notBefore: now + EARLY },
    },
    now,
  );
  await tx.moveReports(task.key, job.id, id, early);
}

/** Gives a job up: what it has is not counted, at the helper neither. */
async function abandon(step: Step, reason: Error): Promise<void> {
  const { ctx, peer, task, job, signal } = step;
  const { reports, helper } = await ctx.store.run("abandon aggregation job", async (tx) => {
    await update(tx, step, { state: "abandoned", answer: null, problem: reason.message }, true);
    const { length } = await tx.reportsOf(task.key, job.id);
    // The step began with the job as it was then.
    const now = (await tx.job(task.key, job.kind, job.id)) ?? job;
    await tx.removeReports(task.key, job.id);
    await addCounters(tx, task.key, [[COUNTERS.abandoned, length]]);
    if (job.batch !== null) await tx.addToBatch(task.key, job.batch, -length);
    return { reports: length, helper: detailOf(now).helper };
  });
  memoryOf(ctx).take(job.task, job.id);
  ctx.log.error({ task: task.idText, reports, reason: reason.message }, "aggregation job abandoned");
  if (helper === undefined) return;
  // Out of kindness: the helper forgets such a job anyway.
  await peer.send(task, { method: "DELETE", path: `/aggregation_jobs/${helper}` }, signal).catch(() => undefined);
}

function detailOf({ detail }: JobRow): Detail {
  return JSON.parse(detail) as Detail;
}

/** The step of the job as it is after a change. */
function changed(step: Step, change: JobChange): Step {
  return { ...step, job: { ...step.job, ...change } };
}

/**
 * Writes a change, and that nothing is wrong. Throws `LeaseLost` if another worker has the job: it comes first in a
 * transaction, so that a worker that was too slow learns of nothing else.
 */
function update(tx: Transaction, { ctx, job }: Step, change: JobChange, release: boolean): Promise<void> {
  return tx.updateJob(job, { attempts: 0, problem: null, ...change }, nowOf(ctx), { lease: job.lease, release });
}
