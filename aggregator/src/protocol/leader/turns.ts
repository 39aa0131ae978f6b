// The leader's side of verification (DAP-18, sections 4.5.3.1 and 4.5.4.1 and VDAF section 5.7): what it makes of its
// reports and of the helper's answers. A function of these alone, so that a leader that was restarted says the same
// again.

import {
  type AggregationJobResp,
  decodeReport,
  type Report,
  type VerifyInit,
  type VerifyResp,
  VerifyRespType,
} from "prio/dap";
import { type Continued, type Finished, leaderContinue, leaderInitialize } from "prio/prio3";
import type { Context } from "../../context.js";
import type { WaitingReport } from "../../store/store.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { equalBytes } from "../bytes.js";
import { errorOf, learnKeys, openShare } from "../input-shares.js";
import type { Verified } from "../partials.js";
import { refusalOfTime } from "../report-times.js";
import { mapInSlices, mapInTurn } from "../slices.js";
import { reportFrames } from "./report-frames.js";

/** A report that is refused, here or by the helper. */
export interface Refused {
  /** 16 bytes. */
  readonly id: Uint8Array;
  /** A code of `ReportError`. */
  readonly error: number;
  /** The helper refused it. */
  readonly byHelper: boolean;
}

/** A report in the middle of its verification. */
export interface Turn {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly time: number;
  readonly state: Continued | (Finished & { readonly message: Uint8Array });
}

/** The helper said what no helper says: its answer is of no use, and so is the job. */
export class Contradiction extends Error {
  override readonly name = "Contradiction";
}

/** What the leader makes of its reports at first. */
export interface Begun {
  readonly turns: readonly Turn[];
  /** For the helper, one for each turn. */
  readonly inits: readonly VerifyInit[];
  readonly refused: readonly Refused[];
}

/**
 * Opens and validates the leader's shares, and takes the leader's first turn. `now` is null for reports that passed at
 * the first attempt: what the clock says since must not change the message.
 */
export async function beginReports(
  ctx: Pick<Context, "keys">,
  task: AggregatorTask,
  reports: readonly WaitingReport[],
  now: number | null,
): Promise<Begun> {
  const turns: Turn[] = [];
  const inits: VerifyInit[] = [];
  const refused: Refused[] = [];
  const context = task.dap.context;
  // Of frames, since one that is read takes some 60 times its bytes if it is made of empty extensions: never all at
  // once.
  const frames = reports.flatMap(({ content }) => reportFrames(content));
  await learnKeys(
    ctx,
    frames.map(({ leaderEncryptedInputShare }) => leaderEncryptedInputShare),
  );
  await mapInTurn(task, reports, ({ id, time, content }) => {
    const begun = beginReport(ctx, task, context, time, decodeReport(content), now);
    if ("error" in begun) {
      refused.push({ id, error: begun.error, byHelper: false });
    } else {
      turns.push({ id, time, state: begun.state });
      inits.push(begun.init);
    }
  });
  return { turns, inits, refused };
}

function beginReport(
  ctx: Pick<Context, "keys">,
  task: AggregatorTask,
  context: Uint8Array,
  time: number,
  report: Report,
  now: number | null,
): { readonly state: Continued; readonly init: VerifyInit } | { readonly error: number } {
  const { reportMetadata, publicShare, leaderEncryptedInputShare, helperEncryptedInputShare } = report;
  const late = now === null ? null : refusalOfTime(task, BigInt(time), now);
  if (late !== null) return { error: late };
  const opened = openShare(ctx, task, reportMetadata, publicShare, leaderEncryptedInputShare);
  if ("error" in opened) return opened;
  const state = leaderInitialize(task.vdaf, task.verifyKey, {
    ctx: context,
    nonce: reportMetadata.reportId,
    publicShare,
    inputShare: opened.inputShare,
  });
  if (state.status === "rejected") return { error: errorOf(state) };
  const reportShare = { reportMetadata, publicShare, encryptedInputShare: helperEncryptedInputShare };
  return { state, init: { reportShare, payload: state.message as VerifyInit["payload"] } };
}

/** What the leader makes of an answer. Either some reports go on, or some are verified: never both. */
export interface Taken {
  readonly turns: readonly Turn[];
  readonly verified: readonly Verified[];
  readonly refused: readonly Refused[];
}

/**
 * Takes the leader's next turn with the helper's answer. Throws `Contradiction` unless it has exactly the reports of
 * the request in their order, each with a message that can follow.
 */
export async function takeAnswer(
  task: AggregatorTask,
  turns: readonly Turn[],
  { verifyResps }: AggregationJobResp,
): Promise<Taken> {
  if (verifyResps.length !== turns.length) {
    throw new Contradiction(`the answer has ${verifyResps.length} reports, and the request had ${turns.length}`);
  }
  // All of them before the first state is used: an answer that contradicts the request is not taken in part.
  turns.forEach(({ id, state }, at) => {
    const resp = verifyResps[at] as VerifyResp;
    if (!equalBytes(resp.reportId, id)) throw new Contradiction("the answer has other reports, or in another order");
    const due = state.status === "finished" ? VerifyRespType.finish : VerifyRespType.continue;
    if (resp.verifyRespType !== VerifyRespType.reject && resp.verifyRespType !== due) {
      throw new Contradiction(
        due === VerifyRespType.finish ? "the answer continues what is finished" : "the answer finishes what continues",
      );
    }
  });
  const next: Turn[] = [];
  const verified: Verified[] = [];
  const refused: Refused[] = [];
  const context = task.dap.context;
  await mapInSlices(turns, ({ id, time, state }, at) => {
    const resp = verifyResps[at] as VerifyResp;
    if (resp.verifyRespType === VerifyRespType.reject) {
      refused.push({ id, error: resp.reportError, byHelper: true });
    } else if (resp.verifyRespType === VerifyRespType.finish) {
      verified.push({ id, time, output: (state as Finished).output });
    } else {
      const taken = leaderContinue(task.vdaf, context, state as Continued, resp.payload);
      if (taken.status === "rejected") refused.push({ id, error: errorOf(taken), byHelper: false });
      else if (taken.status === "continued") next.push({ id, time, state: taken });
      else if (taken.message === undefined) verified.push({ id, time, output: taken.output });
      else next.push({ id, time, state: { ...taken, message: taken.message } });
    }
  });
  return { turns: next, verified, refused };
}
