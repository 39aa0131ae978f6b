// The first request of an aggregation job, in the task's dialect (DAP-18, section 4.4.3.2).

import { AggregationJobExtensionType, type AggregationJobInitReq, type Extension, type VerifyInit } from "prio/dap";
import { dialectOf } from "../protocol/dialect.js";
import type { AggregatorTask } from "../tasks/task.js";

/** The bytes of the request. `batch` is the one that the leader selected. */
export function initRequest(
  task: AggregatorTask,
  batch: Uint8Array | null,
  verifyInits: readonly VerifyInit[],
): Uint8Array {
  const extensions: Extension[] = [];
  if (batch !== null) {
    extensions.push({
      extensionType: AggregationJobExtensionType.leaderSelectedBatchId,
      extensionData: batch as Extension["extensionData"],
    });
  }
  const request: AggregationJobInitReq = {
    verificationKeyId: 0,
    aggParam: new Uint8Array(0),
    extensions,
    verifyInits,
  };
  return dialectOf(task).encodeInit(request, task);
}
