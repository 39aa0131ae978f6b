// The leader's first request of an aggregation job, read and checked (DAP-18, section 4.5.3.2).

import {
  AggregationJobExtensionType,
  type AggregationJobInitReq,
  BATCH_ID_SIZE,
  decodeAggregationJobInitReq,
  unsupportedExtensions,
} from "prio/dap";
import { Problem } from "../../problem.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { keyOf } from "../bytes.js";
import { invalidMessage, wellFormed } from "../well-formed.js";

/**
 * Reports and extensions of a leader's request, at most: what is read takes up to 60 times its bytes, and a leader must
 * not end a helper that serves others too.
 */
export const MOST_ELEMENTS = 10_000;

/** What an AggregationJobInitReq asks for. */
export interface InitRequest {
  readonly inits: AggregationJobInitReq["verifyInits"];
  /** The batch that the leader selected, 32 bytes; null with time intervals. */
  readonly batch: Uint8Array | null;
}

/** Throws a `Problem`. */
export function readInitRequest(task: AggregatorTask, body: Uint8Array): InitRequest {
  const request = wellFormed(() => decodeAggregationJobInitReq(body, MOST_ELEMENTS));
  const { verificationKeyId, aggParam, extensions, verifyInits } = request;
  const known = task.dap.batchMode === "leader-selected" ? [AggregationJobExtensionType.leaderSelectedBatchId] : [];
  const unsupported = unsupportedExtensions(extensions, known);
  if (unsupported.length > 0) {
    throw new Problem("unsupportedExtension", "the job has extensions that this aggregator does not support", {
      members: { unsupported_extensions: unsupported },
    });
  }
  if (aggParam.length > 0) {
    throw new Problem("invalidAggregationParameter", "the task's VDAF has no aggregation parameter but the empty one");
  }
  if (verificationKeyId !== 0) throw invalidMessage("the task has no verification key but that of id 0");
  // An empty answer would look like one that is not ready.
  if (verifyInits.length === 0) throw invalidMessage("the job has no report");
  const ids = new Set(verifyInits.map(({ reportShare }) => keyOf(reportShare.reportMetadata.reportId)));
  if (ids.size !== verifyInits.length) throw invalidMessage("the job has a report twice");
  const batch = extensions.find(
    ({ extensionType }) => extensionType === AggregationJobExtensionType.leaderSelectedBatchId,
  )?.extensionData;
  if (known.length > 0 && batch?.length !== BATCH_ID_SIZE) throw invalidMessage("the job has no batch id");
  return { inits: verifyInits, batch: batch ?? null };
}
