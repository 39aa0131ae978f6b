// The path of a job at the helper (DAP-18, section 3).

import { textOf } from "./bytes.js";

/** Behind `/tasks/{task-id}`. */
export function jobPath(jobId: Uint8Array): string {
  return `/aggregation_jobs/${textOf(jobId)}`;
}
