// The helper's aggregation jobs, created by the leader (DAP-18, section 4.5.3.2).
//
// The states of a job: "created" (asynchronous: the request is stored, and nothing else happened), "waiting" (answered,
// and the leader has to continue it), "continued" (asynchronous: the continuation is stored), "done", "deleted", and
// "abandoned" for those that nobody can continue any more. The states of its reports are only kept in memory, and made
// again from the stored request when they are not there.
//
// A job that is done is early if all of its reports were too early. The leader may send them again (section 4.5.3.1),
// and then the request is the same: so such a job begins anew. Nothing of it was counted, and nothing of it is in the
// replay record. If the job had other reports, the leader's next request is another one, and this one stays as
// it is: if it began anew, a request that the network repeats would count reports that the leader sends elsewhere.

import { ReportError } from "prio/dap";
import type { Context } from "../../context.js";
import { Problem } from "../../problem.js";
import type { JobRow, LeasedJob, NewJob, Transaction } from "../../store/store.js";
import type { AggregatorTask } from "../../tasks/task.js";
import type { Answer } from "../answer.js";
import { timesOf } from "../buckets.js";
import { resourceId, sha256 } from "../bytes.js";
import { nowOf } from "../now.js";
import { Commitment, verifyAnew } from "./commitment.js";
import { type InitRequest, readInitRequest } from "./init-request.js";
import { answerAgain, stored } from "./job-answers.js";
import { keepStates } from "./states.js";
import { beginVerification, type Verdict } from "./verify.js";

/** Seconds after which a leader that continues no job has given it up. */
const UNCONTINUED = 14 * 86_400;
/**
 * Jobs of a task that are on their way at once: each keeps its request, and a leader that goes on with none of them
 * must not fill the disk. Our leader has 32.
 */
const MOST_OPEN = 1000;
/** Seconds after which a leader with too many of them asks again. */
const CROWDED_RETRY = 60;
/** The detail of a job that is early. */
const EARLY = JSON.stringify({ isEarly: true });

/** POST to the jobs, or PUT by a leader that names them. */
export async function createAggregationJob(
  ctx: Context,
  task: AggregatorTask,
  body: Uint8Array,
  named?: Uint8Array,
): Promise<Answer> {
  const id = named ?? resourceId("aggregation job", task.id, body);
  const find = () => ctx.store.run("find aggregation job", (tx) => tx.job(task.key, "verify", id));
  const existing = await find();
  const job =
    existing !== null && !isEarly(existing) ? existing : ((await createNew(ctx, task, id, body)) ?? (await find()));
  if (job === null) throw new Error("an aggregation job that was just created is not there");
  return answerAgain(job, 0, body);
}

/** Null if another request was faster. */
async function createNew(ctx: Context, task: AggregatorTask, id: Uint8Array, body: Uint8Array): Promise<NewJob | null> {
  const request = readInitRequest(task, body);
  const job: NewJob = {
    ...{ task: task.key, id, kind: "verify", state: "created", step: 0, requestHash: sha256(body), request: body },
    ...{ answer: null, detail: "{}", times: timesOf(timesIn(request)), batch: request.batch, notBefore: nowOf(ctx) },
  };
  if (task.helperMode === "async") {
    const isNew = await ctx.store.run("create aggregation job", (tx) => insert(tx, ctx, job));
    return isNew ? job : null;
  }
  return verifyAnew(async () => {
    const verdicts = await beginVerification(ctx, task, request.inits, nowOf(ctx));
    const commitment = new Commitment(task, request.batch, verdicts);
    const first = await ctx.store.run("create aggregation job", async (tx) => {
      await tx.lockTask(task.key, "shared");
      // Reserves the name: of two such requests at once, one commits. The request is written when it is needed.
      if (!(await insert(tx, ctx, { ...job, request: null }))) return null;
      return finishFirst(tx, ctx, job, commitment);
    });
    if (first === null) return null;
    keepStates(ctx, task, id, first.verdicts);
    return { ...job, ...first.change };
  });
}

/**
 * Inserts a job, or puts it in the place of one that was early. False if there is one already. Throws `tooManyRequests`
 * where the task has as many as it may.
 */
async function insert(tx: Transaction, ctx: Context, job: NewJob): Promise<boolean> {
  if ((await tx.countOpenJobs(job.task, "verify", {})) >= MOST_OPEN) {
    throw new Problem("tooManyRequests", `the task has ${MOST_OPEN} aggregation jobs that are not done`, {
      retryAfter: CROWDED_RETRY,
    });
  }
  if (await tx.insertJob(job, nowOf(ctx))) return true;
  const existing = await tx.lockJob(job.task, job.kind, job.id);
  if (existing === null || !isEarly(existing)) return false;
  const { task: _task, kind: _kind, id: _id, ...anew } = job;
  await tx.updateJob(existing, anew, nowOf(ctx));
  return true;
}

const isEarly = ({ state, detail }: NewJob): boolean => state === "done" && detail === EARLY;

/** Carries out the first step of a job whose request is stored: what the driver does for an asynchronous helper. */
export async function verifyStored(ctx: Context, task: AggregatorTask, job: LeasedJob): Promise<void> {
  const request = readInitRequest(task, stored(job.request));
  await verifyAnew(async () => {
    const verdicts = await beginVerification(ctx, task, request.inits, nowOf(ctx));
    const commitment = new Commitment(task, request.batch, verdicts);
    const first = await ctx.store.run("verify aggregation job", async (tx) => {
      await tx.lockTask(task.key, "shared");
      return finishFirst(tx, ctx, job, commitment, job);
    });
    keepStates(ctx, task, job.id, first.verdicts);
  });
}

/** Commits to the first step, and stores the answer. Returns the verdicts that stand, and what changed in the job. */
async function finishFirst(
  tx: Transaction,
  ctx: Context,
  job: NewJob,
  commitment: Commitment,
  leased?: LeasedJob,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly change: Partial<JobRow> }> {
  const { verdicts, answer } = await commitment.commit(tx, job.id, true);
  const accepted = verdicts.filter(({ outcome }) => outcome.status !== "refused");
  const areEarly = verdicts.every(
    ({ outcome }) => outcome.status === "refused" && outcome.error === ReportError.reportTooEarly,
  );
  const goesOn = verdicts.some(({ outcome }) => outcome.status === "continued");
  const now = nowOf(ctx);
  const change = {
    ...{ answer, times: timesOf(accepted), attempts: 0, problem: null },
    ...(areEarly ? { detail: EARLY } : {}),
    ...(goesOn
      ? { state: "waiting", request: job.request, notBefore: now + UNCONTINUED }
      : { state: "done", request: null }),
  };
  await tx.updateJob(job, change, now, leased && { lease: leased.lease, release: true });
  return { verdicts, change };
}

/** The times that a request claims, as far as the store can keep them. */
function timesIn({ inits }: InitRequest): { readonly time: number }[] {
  return inits.map(({ reportShare }) => ({
    time: Math.min(Number(reportShare.reportMetadata.time), Number.MAX_SAFE_INTEGER - 1),
  }));
}
