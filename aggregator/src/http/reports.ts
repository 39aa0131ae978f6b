// POST {leader}/tasks/{task-id}/reports: uploads (DAP-18, section 4.4.2). Nothing is opened and nothing is looked up:
// an answer tells a client what is wrong with its clock or its keys, and tells nobody what is known of a report.

import type { FastifyInstance } from "fastify";
import { encodeUploadErrors, MEDIA_TYPES, ReportError, type ReportUploadStatus } from "prio/dap";
import type { Context } from "../context.js";
import { reportFrames } from "../protocol/leader/report-frames.js";
import type { WaitingReport } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";
import { readBody } from "./body.js";
import type { Budget } from "./budget.js";
import type { GroupCommit } from "./group-commit.js";
import { uploadLimit } from "./limits.js";
import type { Operations } from "./operations.js";
import { PATHS } from "./resources.js";
import { admit, taskOf } from "./task-requests.js";

export function reportsResource(
  app: FastifyInstance,
  ctx: Context,
  { uploadRefusals }: Pick<Operations, "uploadRefusals">,
  uploads: GroupCommit,
  reading: Budget,
): void {
  /** Keeps what is accepted, and returns the encoded UploadErrors for what is not, or null. */
  async function take(task: AggregatorTask, body: Uint8Array): Promise<Uint8Array | null> {
    const accepted: (WaitingReport & { readonly task: number })[] = [];
    const refused: ReportUploadStatus[] = [];
    const reports = reportFrames(body);
    const refusals = await uploads.during(body.length, () => uploadRefusals(ctx, task, reports));
    for (const [i, { content, reportMetadata }] of reports.entries()) {
      const { reportId, time } = reportMetadata;
      const isTooLong = content.length > task.limits.maxReportBytes;
      const error = isTooLong ? ReportError.invalidMessage : (refusals[i] ?? null);
      if (error !== null) refused.push({ id: reportId as ReportUploadStatus["id"], error });
      else accepted.push({ task: task.key, id: reportId, time: Number(time), content });
    }
    for (const { error } of refused) uploads.countRefused(task.key, error);
    if (accepted.length > 0) await uploads.add(accepted, body.length);
    return refused.length === 0 ? null : encodeUploadErrors({ status: refused });
  }

  const onRequest = admit(ctx, {
    role: "leader",
    party: null,
    body: { message: "UploadRequest", limit: uploadLimit },
  });
  app.post(PATHS.reports, { onRequest }, async (request, reply) => {
    const task = taskOf(request);
    uploads.checkRoom();
    const body = await readBody(request.raw, uploadLimit(task), reading);
    const errors = await take(task, body);
    // The draft's example has 200 for both.
    return errors === null ? reply.send() : reply.header("content-type", MEDIA_TYPES.UploadErrors).send(errors);
  });
}
