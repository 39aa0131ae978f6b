// What the leader checks of a report when it is uploaded (DAP-18, section 4.3.2): nothing that takes time, and nothing
// that says whether a share opens or a report is new. All else is checked when the report is aggregated.

import { ReportError } from "prio/dap";
import type { Context } from "../../context.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { refusalOfTime } from "../report-times.js";

/** What is looked at of a report. */
export interface UploadedReport {
  readonly reportMetadata: { readonly reportId: Uint8Array; readonly time: bigint };
  readonly leaderEncryptedInputShare: { readonly configId: number };
}

/** Why a report is refused at once, as a code of `ReportError`; null if it is taken. */
export function uploadRefusal(ctx: Context, task: AggregatorTask, report: UploadedReport): number | null {
  if (ctx.keys.pair(report.leaderEncryptedInputShare.configId) === undefined) return ReportError.outdatedConfig;
  const error = refusalOfTime(task, report.reportMetadata.time, ctx.clock());
  if (error === null || error === ReportError.reportTooEarly) return error;
  // Whatever lies outside of the task's interval (section 4.3.2).
  return ReportError.reportDropped;
}
