// Reports on their way to the leader (DAP-18, section 4.4.2): one request for many, and what became of each. The leader
// takes a report once, however often its bytes arrive, so a request without an answer is sent again as it is.

import { type Bytes, concat, toHex } from "../core/bytes.js";
import { REPORT_ID_SIZE } from "./basic-messages.js";
import { ReportError, reportErrorName } from "./codes.js";
import { DapError } from "./dap-error.js";
import { MEDIA_TYPES } from "./media-types.js";
import type { Signal } from "./platform.js";
import type { DapTask } from "./task.js";
import type { DapAnswer, Transport } from "./transport.js";
import { decodeUploadErrors } from "./upload-messages.js";

/** What became of a report. */
export interface Sent {
  /** Null if the leader took it, otherwise why not. */
  readonly error: DapError | null;
  /** Whether the leader may take the same bytes later on. */
  readonly isForLater: boolean;
  /** Whether an earlier try may have arrived, so that nobody knows whether the leader took the report then. */
  readonly isRepeated: boolean;
}

const STATUS_BYTES = REPORT_ID_SIZE + 1;

/** The errors of a whole request that one of its reports may be the cause of. */
const CAUSED_BY_ONE: readonly (string | undefined)[] = ["invalidMessage", "unsupportedExtension", "invalidExtension"];
const TOO_LARGE = 413;

/** The id of an encoded report, which begins with it. */
export const reportIdOf = (report: Uint8Array): Uint8Array => report.subarray(0, REPORT_ID_SIZE);

/**
 * Sends encoded reports, and tells of each what became of it. If the leader refuses the request because of its size or
 * of a message in it, it is sent in halves, so that one report does not hold up the others. Throws a {@link DapError}
 * if nothing can be said of any report, and the signal's reason.
 */
export async function sendReports(
  transport: Transport,
  task: DapTask,
  reports: readonly Bytes[],
  signal: Signal | undefined,
): Promise<Sent[]> {
  if (reports.length === 0) return [];
  try {
    const request = {
      server: "leader",
      method: "POST",
      url: task.url("leader", "reports"),
      what: "upload",
      headers: { "content-type": MEDIA_TYPES.UploadRequest },
      body: concat(...reports),
      longest: STATUS_BYTES * reports.length,
      signal,
    } as const;
    return await transport.send(request, (answer) => outcomes(answer, reports, task));
  } catch (error) {
    if (!(error instanceof DapError) || error.code !== "refused") throw error;
    if (error.status !== TOO_LARGE && !CAUSED_BY_ONE.includes(error.problem?.type)) throw error;
    // A refused request did not arrive, so nothing is repeated.
    if (reports.length === 1) return [{ error, isForLater: false, isRepeated: false }];
    const middle = reports.length >> 1;
    const sent: Sent[] = [];
    for (const half of [reports.slice(0, middle), reports.slice(middle)]) {
      sent.push(...(await sentOrErrors(half.length, () => sendReports(transport, task, half, signal))));
    }
    return sent;
  }
}

/** What became of so many reports, also if nothing can be said of any: where others have arrived before. */
export async function sentOrErrors(count: number, send: () => Promise<Sent[]>): Promise<Sent[]> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof DapError)) throw error;
    return Array.from({ length: count }, () => ({ error, isForLater: true, isRepeated: true }));
  }
}

/** Reads the leader's answer: the reports that it refused, and for all others nothing. */
function outcomes({ body, status, isRepeated }: DapAnswer, reports: readonly Bytes[], task: DapTask): Sent[] {
  const refused = new Map<string, number>();
  for (const { id, error } of decodeUploadErrors(body).status) refused.set(toHex(id), error);
  const sent = reports.map((report): Sent => {
    const id = toHex(reportIdOf(report));
    const code = refused.get(id);
    refused.delete(id);
    // Replayed by our own earlier try: the leader has it.
    if (code === undefined || (isRepeated && code === ReportError.reportReplayed)) {
      return { error: null, isForLater: false, isRepeated };
    }
    const isForLater = code === ReportError.reportTooEarly || code === ReportError.taskNotStarted;
    return { error: refusalOf(code, status, task), isForLater, isRepeated };
  });
  if (refused.size > 0) {
    throw new DapError("malformed", "leader: upload: it answers for reports that were not sent", {
      server: "leader",
      status,
    });
  }
  return sent;
}

function refusalOf(code: number, status: number, task: DapTask): DapError {
  const message = `leader: upload: ${meaningOf(code, task)} (${reportErrorName(code)})`;
  return new DapError("refused", message, { server: "leader", status, reportError: code });
}

/** Why the leader refused a report, in words. */
function meaningOf(code: number, task: DapTask): string {
  switch (code) {
    case ReportError.batchCollected:
      return "the batch of the report's time was collected before it came";
    case ReportError.reportReplayed:
      return "the leader has the report already, or its batch was collected before it came";
    case ReportError.reportDropped:
      return task.interval === undefined
        ? "the leader does not take the report: is its time too long ago?"
        : "the leader does not take the report: its time is outside of the task's interval, or too long ago";
    case ReportError.taskExpired:
      return "the task is over";
    case ReportError.taskNotStarted:
      return "the task has not begun";
    case ReportError.reportTooEarly:
      return "the report's time is in the future: is this device's clock fast?";
    case ReportError.outdatedConfig:
    case ReportError.hpkeUnknownConfigId:
      return "the report is encrypted to a key that the leader has no more";
    case ReportError.hpkeDecryptError:
      return "the leader cannot decrypt the report: is its task document this client's?";
    case ReportError.invalidMessage:
      return "the leader cannot read the report";
    default:
      return "the leader does not take the report";
  }
}
