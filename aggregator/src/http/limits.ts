// How large a request's body may be, from the sizes of the task's own messages.

import type { AggregatorTask } from "../tasks/task.js";

const MEBIBYTE = 1 << 20;

/** Reports that one upload may carry, where they are small. */
const UPLOAD_REPORTS = 1000;
const UPLOAD_BYTES = 16 * MEBIBYTE;

/** Reports that a peer may put into one aggregation job, where our own leader puts fewer. */
const JOB_REPORTS = 1000;
const JOB_BYTES = 128 * MEBIBYTE;

/** What a message has besides its reports: lengths, parameters, extensions. */
const FRAME = 128 * 1024;

/** An UploadRequest: one report at least. */
export function uploadLimit({ limits }: AggregatorTask): number {
  return Math.max(limits.maxReportBytes, Math.min(UPLOAD_REPORTS * limits.maxReportBytes, UPLOAD_BYTES));
}

/** An AggregationJobInitReq or an AggregationJobContinueReq: for each report no more than the report itself had. */
export function aggregationLimit({ limits }: AggregatorTask): number {
  const reports = Math.max(JOB_REPORTS, limits.maxJobReports);
  return Math.max(limits.maxReportBytes, Math.min(reports * limits.maxReportBytes, JOB_BYTES)) + FRAME;
}

/** A CollectionJobReq or an AggregateShareReq: they have no reports. */
export function collectionLimit(): number {
  return FRAME;
}
