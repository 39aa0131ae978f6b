// What the leader checks of a report when it is uploaded (DAP-18, section 4.4.2): nothing that takes time, and nothing
// that says whether a share opens or a report is new. All else is checked when the report is aggregated.

import { ReportError } from "prio/dap";
import type { Context } from "../../context.js";
import { Problem } from "../../problem.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { nowOf } from "../now.js";
import { refusalOfTime } from "../report-times.js";

/** What is looked at of a report. */
export interface UploadedReport {
  readonly reportMetadata: { readonly reportId: Uint8Array; readonly time: bigint };
  readonly leaderEncryptedInputShare: { readonly configId: number };
}

/**
 * Why each report is refused at once, as a code of `ReportError`; null where it is taken. Another process may have made
 * the key of a report a moment ago, so that the keys are read again before one is called outdated. Anybody can name a
 * key that there is not, and so at most one reading a second of the clock comes of all uploads of a process. Throws
 * `unavailable` if they cannot be read.
 */
export async function uploadRefusals(
  ctx: Context,
  task: AggregatorTask,
  reports: readonly UploadedReport[],
): Promise<(number | null)[]> {
  const isUnknown = ({ leaderEncryptedInputShare: { configId } }: UploadedReport): boolean =>
    ctx.keys.pair(configId) === undefined;
  if (reports.some(isUnknown)) {
    try {
      await ctx.keys.refreshOnceAt(nowOf(ctx));
    } catch (cause) {
      throw new Problem("unavailable", "the keys could not be read", { retryAfter: 5, cause });
    }
  }
  return reports.map((report) => refusalOf(ctx, task, report));
}

function refusalOf(ctx: Context, task: AggregatorTask, report: UploadedReport): number | null {
  if (ctx.keys.pair(report.leaderEncryptedInputShare.configId) === undefined) return ReportError.outdatedConfig;
  const error = refusalOfTime(task, report.reportMetadata.time, ctx.clock());
  if (error === null || error === ReportError.reportTooEarly) return error;
  // Whatever lies outside of the task's interval (section 4.4.2).
  return ReportError.reportDropped;
}
