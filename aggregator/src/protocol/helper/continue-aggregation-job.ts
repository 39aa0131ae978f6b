// The helper's aggregation jobs, continued by the leader (DAP-18, sections 4.5.4.2 and 4.5.4.4), for VDAFs of two
// rounds.

import {
  type AggregationJobContinueReq,
  type AggregationJobResp,
  decodeAggregationJobContinueReq,
  decodeAggregationJobResp,
  VerifyRespType,
} from "prio/dap";
import type { Context } from "../../context.js";
import type { JobRow, LeasedJob } from "../../store/store.js";
import type { AggregatorTask } from "../../tasks/task.js";
import type { Answer } from "../answer.js";
import { equalBytes, keyOf, sha256, textOf } from "../bytes.js";
import { nowOf } from "../now.js";
import { mapInSlices } from "../slices.js";
import { invalidMessage, wellFormed } from "../well-formed.js";
import { Commitment, verifyAnew } from "./commitment.js";
import { MOST_ELEMENTS, readInitRequest } from "./init-request.js";
import { answerAgain, requireNext, stored, unrecognized } from "./job-answers.js";
import { type GoingOn, goingOn, type States, statesOf } from "./states.js";
import { beginVerification, continueReport, type Verdict } from "./verify.js";

/** POST to a job. */
export async function continueAggregationJob(
  ctx: Context,
  task: AggregatorTask,
  id: Uint8Array,
  body: Uint8Array,
): Promise<Answer> {
  const find = () => ctx.store.run("find aggregation job", (tx) => tx.job(task.key, "verify", id));
  const job = await find();
  if (job === null) throw unrecognized();
  const request = wellFormed(() => decodeAggregationJobContinueReq(body, MOST_ELEMENTS));
  const { step } = request;
  if (step === 0) throw invalidMessage("a continuation has a step from 1 on");
  if (step === job.step) return answerAgain(job, step, body);
  requireNext(job, step);
  requireContinues(request, decodeAggregationJobResp(stored(job.answer)));
  if (task.helperMode === "async") await storeContinuation(ctx, task, job, step, body);
  else await continueNow(ctx, task, job, stored(job.request), request, sha256(body));
  const after = await find();
  if (after === null) throw unrecognized();
  return answerAgain(after, step, body);
}

async function storeContinuation(
  ctx: Context,
  task: AggregatorTask,
  { id }: JobRow,
  step: number,
  body: Uint8Array,
): Promise<void> {
  await ctx.store.run("store continuation", async (tx) => {
    const job = await tx.lockJob(task.key, "verify", id);
    // Another request was faster, and the caller looks at what it left.
    if (job?.state !== "waiting") return;
    const request = joined(stored(job.request), body);
    const change = { state: "continued", step, requestHash: sha256(body), request, notBefore: nowOf(ctx) };
    await tx.updateJob(job, change, nowOf(ctx));
  });
}

/** Carries out the continuation that is stored: what the driver does for an asynchronous helper. */
export async function continueStored(ctx: Context, task: AggregatorTask, job: LeasedJob): Promise<void> {
  const [first, body] = parted(stored(job.request));
  await continueNow(ctx, task, job, first, decodeAggregationJobContinueReq(body), sha256(body), job);
}

/** `first` is the first request of the job, and `requestHash` that of the continuation. */
async function continueNow(
  ctx: Context,
  task: AggregatorTask,
  job: JobRow,
  first: Uint8Array,
  { step, verifyContinues }: AggregationJobContinueReq,
  requestHash: Uint8Array,
  leased?: LeasedJob,
): Promise<void> {
  await verifyAnew(async () => {
    // Whatever happens now, these states are used: they are taken out of the memory.
    const states = statesOf(ctx).take(task.key, job.id) ?? (await statesAgain(ctx, task, job, first));
    const context = task.dap.context;
    const verdicts = await mapInSlices(verifyContinues, ({ reportId, payload }): Verdict => {
      const { time, state } = states.get(keyOf(reportId)) as GoingOn;
      return { id: reportId, time, outcome: continueReport(task, context, state, payload) };
    });
    const commitment = new Commitment(task, job.batch, verdicts);
    await ctx.store.run("continue aggregation job", async (tx) => {
      await tx.lockTask(task.key, "shared");
      const now = await tx.lockJob(task.key, "verify", job.id);
      // Another request was faster, or the leader has deleted the job.
      if (now?.state !== (leased === undefined ? "waiting" : "continued")) return;
      const { answer } = await commitment.commit(tx, job.id, false);
      const change = { state: "done", step, requestHash, request: null, answer, attempts: 0, problem: null };
      await tx.updateJob(now, change, nowOf(ctx), leased && { lease: leased.lease, release: true });
    });
  });
}

/** What the helper keeps of reports that go on, made again from the first request and the stored answer. */
async function statesAgain(ctx: Context, task: AggregatorTask, job: JobRow, first: Uint8Array): Promise<States> {
  const { verifyResps } = decodeAggregationJobResp(stored(job.answer));
  const went = new Map(
    verifyResps
      .filter(({ verifyRespType }) => verifyRespType === VerifyRespType.continue)
      .map((resp) => [keyOf(resp.reportId), resp]),
  );
  const { inits } = readInitRequest(task, first);
  const again = inits.filter(({ reportShare }) => went.has(keyOf(reportShare.reportMetadata.reportId)));
  const verdicts = await beginVerification(ctx, task, again, null);
  for (const { id, outcome } of verdicts) {
    const resp = went.get(keyOf(id));
    const isSame =
      outcome.status === "continued" &&
      resp?.verifyRespType === VerifyRespType.continue &&
      equalBytes(outcome.message, resp.payload);
    if (isSame) continue;
    // The key that opened the share is gone, or this is another program. Nothing else may be answered.
    ctx.log.error({ task: task.idText, job: textOf(job.id) }, "states of an aggregation job cannot be made again");
    throw unrecognized();
  }
  return goingOn(verdicts);
}

/** All reports go on, in the order of the answer; some may be missing, because the leader refused them. */
function requireContinues({ verifyContinues }: AggregationJobContinueReq, { verifyResps }: AggregationJobResp): void {
  const order = new Map(
    verifyResps
      .filter(({ verifyRespType }) => verifyRespType === VerifyRespType.continue)
      .map(({ reportId }, at) => [keyOf(reportId), at]),
  );
  if (verifyContinues.length === 0) throw invalidMessage("the continuation has no report");
  let last = -1;
  for (const { reportId } of verifyContinues) {
    const at = order.get(keyOf(reportId));
    if (at === undefined) throw invalidMessage("the continuation has a report that does not go on");
    if (at <= last) throw invalidMessage("the continuation has a report twice, or in another order");
    last = at;
  }
}

/** Two requests in one: the first after its length in 4 bytes. */
function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  return Buffer.concat([length, first, second]);
}

function parted(both: Uint8Array): [Uint8Array, Uint8Array] {
  const { buffer, byteOffset, length } = both;
  const end = 4 + Buffer.from(buffer, byteOffset, length).readUInt32BE(0);
  return [both.subarray(4, end), both.subarray(end)];
}
