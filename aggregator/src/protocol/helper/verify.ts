// The helper's side of verification (DAP-18, sections 4.5.3.2 to 4.5.4.2 and VDAF section 5.7): what it makes of the
// leader's requests. A function of these alone, so that a helper that was restarted has the same states again.

import {
  type AggregationJobInitReq,
  type AggregationJobResp,
  ReportError,
  type VerifyInit,
  type VerifyResp,
  VerifyRespType,
} from "prio/dap";
import { type Continued, type Finished, helperContinue, helperInitialize } from "prio/prio3";
import type { Context } from "../../context.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { errorOf, learnKeys, openShare } from "../input-shares.js";
import { refusalOfTime } from "../report-times.js";
import { mapInTurn } from "../slices.js";

/** A report as the helper has it after a request: it goes on, it is verified, or it is refused. */
export interface Verdict {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** Not a safe integer for reports that are refused for it. */
  readonly time: number;
  readonly outcome: Continued | Finished | { readonly status: "refused"; readonly error: number };
}

/**
 * Opens and validates the helper's shares of a request, and takes the helper's first turn. `now` is null for reports
 * that passed at the first attempt.
 */
export async function beginVerification(
  ctx: Pick<Context, "keys">,
  task: AggregatorTask,
  inits: AggregationJobInitReq["verifyInits"],
  now: number | null,
): Promise<Verdict[]> {
  const context = task.dap.context;
  await learnKeys(
    ctx,
    inits.map(({ reportShare }) => reportShare.encryptedInputShare),
  );
  return mapInTurn(task, inits, (init) => {
    const { reportId, time } = init.reportShare.reportMetadata;
    return { id: reportId, time: Number(time), outcome: beginReport(ctx, task, context, init, now) };
  });
}

function beginReport(
  ctx: Pick<Context, "keys">,
  task: AggregatorTask,
  context: Uint8Array,
  { reportShare, payload }: VerifyInit,
  now: number | null,
): Verdict["outcome"] {
  const { reportMetadata, publicShare, encryptedInputShare } = reportShare;
  const late = now === null ? null : refusalOfTime(task, reportMetadata.time, now);
  if (late !== null) return refused(late);
  const opened = openShare(ctx, task, reportMetadata, publicShare, encryptedInputShare);
  if ("error" in opened) return refused(opened.error);
  const state = helperInitialize(
    task.vdaf,
    task.verifyKey,
    { ctx: context, nonce: reportMetadata.reportId, publicShare, inputShare: opened.inputShare },
    payload,
  );
  if (state.status !== "rejected") return state;
  return refused(errorOf(state));
}

/** The helper's next turn of a report that goes on. */
export function continueReport(task: AggregatorTask, context: Uint8Array, state: Continued, payload: Uint8Array) {
  const next = helperContinue(task.vdaf, context, state, payload);
  return next.status === "rejected" ? refused(ReportError.vdafVerifyError) : next;
}

export function refused(error: number): { readonly status: "refused"; readonly error: number } {
  return { status: "refused", error };
}

/** The answer that says what became of each report, in their order. */
export function answerOf(verdicts: readonly Verdict[]): AggregationJobResp {
  return {
    verifyResps: verdicts.map(({ id, outcome }): VerifyResp => {
      const reportId = id as VerifyResp["reportId"];
      if (outcome.status === "refused") {
        return { reportId, verifyRespType: VerifyRespType.reject, reportError: outcome.error };
      }
      if (outcome.message === undefined) return { reportId, verifyRespType: VerifyRespType.finish };
      return { reportId, verifyRespType: VerifyRespType.continue, payload: outcome.message };
    }),
  };
}
