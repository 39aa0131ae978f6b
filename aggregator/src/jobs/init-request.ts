// The first request of an aggregation job (DAP-18, section 4.5.3.1).

import { AggregationJobExtensionType, type Extension, encodeAggregationJobInitReq, type VerifyInit } from "prio/dap";

/** The bytes of the request. `batch` is the one that the leader selected. */
export function initRequest(batch: Uint8Array | null, verifyInits: readonly VerifyInit[]): Uint8Array {
  const extensions: Extension[] = [];
  if (batch !== null) {
    extensions.push({
      extensionType: AggregationJobExtensionType.leaderSelectedBatchId,
      extensionData: batch as Extension["extensionData"],
    });
  }
  return encodeAggregationJobInitReq({ verificationKeyId: 0, aggParam: new Uint8Array(0), extensions, verifyInits });
}
