// How Janus' main (version 0.9, half-way to DAP-18) differs from the draft between leader and helper. Remove this file,
// roles/dialect-edges.ts, their tests and what names them once Janus is there.
//
// 1. Resources are made by PUT at an id of 16 bytes that the asking party chooses, not by POST at their collection.
// 2. AggregationJobInitReq has a PartialBatchSelector where the draft has extensions: the batch mode, and for
//    leader-selected the batch's id.
// 3. The last vector of AggregationJobInitReq, AggregationJobContinueReq and AggregationJobResp has a length before it,
//    where in the draft it is the rest of the message.
// 4. Its server reads 2 MB of a request, so that jobs have fewer reports where they are long.
//
// Everything else has the same bytes. So the messages are translated at the edge, as bytes, and no operation of an
// aggregator knows of the dialect. Each translation has exactly one inverse: a retry has the same bytes.

import { createHash } from "node:crypto";
import { AggregationJobExtensionType, BATCH_ID_SIZE, BatchMode, PrioError } from "prio/dap";

/** Whether a task speaks it. */
export const isJanus = ({ dialect }: { readonly dialect: string }): boolean => dialect === "janus-0.9";

/** Whether a task's peer and collector make resources by PUT, at ids that they choose. */
export const namesResources: typeof isJanus = isJanus;

/** Bytes of the id of a job or of an aggregate share. */
const ID_SIZE = 16;
/** Bytes of a length before a vector of up to 2^32 − 1 bytes. */
const LENGTH_SIZE = 4;

/** Bytes of a request that Janus' server reads. */
const MAX_BODY = 2 << 20;
/** Bytes of a request without its reports, at most. */
const HEAD = 1024;

/** How many reports of so many bytes a job may have, so that Janus' helper reads its request. */
export function reportsOfJob(bytes: number): number {
  return Math.max(1, Math.floor((MAX_BODY - HEAD) / bytes));
}

/** What is made at the helper, by its name in paths. */
export type PeerResource = "aggregation_jobs" | "aggregate_shares";

/**
 * The id that the leader chooses for a new resource, 16 bytes: a function of the request, so that a request that is
 * sent again goes to the same address.
 */
export function resourceId(resource: PeerResource, taskId: Uint8Array, body: Uint8Array): Uint8Array {
  const hash = createHash("sha256").update(`janus-0.9 ${resource}`).update(taskId).update(body).digest();
  return new Uint8Array(hash.subarray(0, ID_SIZE));
}

/** The draft's AggregationJobInitReq, as Janus writes it. Throws `unsupported` for extensions that Janus lacks. */
export function encodeInitReq(body: Uint8Array): Uint8Array {
  const { before, view, at } = afterAggParam(body);
  const length = view.getUint16(at);
  const extensions = body.subarray(at + 2, at + 2 + length);
  return joined([before, partialBatchSelector(extensions), ...counted(body.subarray(at + 2 + length))]);
}

/** Janus' AggregationJobInitReq, as the draft writes it. Throws `malformed`. */
export function decodeInitReq(body: Uint8Array): Uint8Array {
  const { before, view, at } = afterAggParam(body);
  if (body.length < at + 3) throw malformed("AggregationJobInitReq", "it ends in its PartialBatchSelector");
  const mode = view.getUint8(at);
  const config = body.subarray(at + 3, at + 3 + view.getUint16(at + 1));
  if (config.length !== view.getUint16(at + 1)) {
    throw malformed("AggregationJobInitReq", "it ends in its PartialBatchSelector");
  }
  return joined([before, extensionsOf(mode, config), uncounted(body, at + 3 + config.length, "AggregationJobInitReq")]);
}

/** The draft's AggregationJobContinueReq, as Janus writes it. */
export function encodeContinueReq(body: Uint8Array): Uint8Array {
  return joined([body.subarray(0, 2), ...counted(body.subarray(2))]);
}

/** Janus' AggregationJobContinueReq, as the draft writes it. Throws `malformed`. */
export function decodeContinueReq(body: Uint8Array): Uint8Array {
  return joined([body.subarray(0, 2), uncounted(body, 2, "AggregationJobContinueReq")]);
}

/** The draft's AggregationJobResp, as Janus writes it. */
export function encodeResp(body: Uint8Array): Uint8Array {
  return joined(counted(body));
}

/** Janus' AggregationJobResp, as the draft writes it. Throws `malformed`. */
export function decodeResp(body: Uint8Array): Uint8Array {
  return uncounted(body, 0, "AggregationJobResp");
}

/** Where the aggregation parameter of an init request ends, and what is before. Throws `malformed`. */
function afterAggParam(body: Uint8Array): { before: Uint8Array; view: DataView; at: number } {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  // The id of the verification key, the length, the parameter, and a length that both forms have behind it.
  const at = body.length < 5 ? Number.POSITIVE_INFINITY : 5 + view.getUint32(1);
  if (body.length < at + 2) throw malformed("AggregationJobInitReq", "it ends in its aggregation parameter");
  return { before: body.subarray(0, at), view, at };
}

/** Of the draft's extensions, encoded without their length. */
function partialBatchSelector(extensions: Uint8Array): Uint8Array {
  if (extensions.length === 0) return Uint8Array.of(BatchMode.timeInterval, 0, 0);
  const head = [0, AggregationJobExtensionType.leaderSelectedBatchId, 0, BATCH_ID_SIZE];
  if (extensions.length !== head.length + BATCH_ID_SIZE || head.some((byte, i) => extensions[i] !== byte)) {
    throw new PrioError("unsupported", "AggregationJobInitReq: Janus 0.9 has no extensions but the id of a batch");
  }
  return joined([Uint8Array.of(BatchMode.leaderSelected, 0, BATCH_ID_SIZE), extensions.subarray(head.length)]);
}

/** The draft's extensions for a PartialBatchSelector, with their length. */
function extensionsOf(mode: number, config: Uint8Array): Uint8Array {
  if (mode === BatchMode.timeInterval && config.length === 0) return Uint8Array.of(0, 0);
  if (mode === BatchMode.leaderSelected && config.length === BATCH_ID_SIZE) {
    const head = [0, 4 + BATCH_ID_SIZE, 0, AggregationJobExtensionType.leaderSelectedBatchId, 0, BATCH_ID_SIZE];
    return joined([Uint8Array.from(head), config]);
  }
  throw malformed("AggregationJobInitReq", `a PartialBatchSelector of mode ${mode} with ${config.length} bytes`);
}

/** A vector's length, and the vector. */
function counted(vector: Uint8Array): [Uint8Array, Uint8Array] {
  const length = new Uint8Array(LENGTH_SIZE);
  new DataView(length.buffer).setUint32(0, vector.length);
  return [length, vector];
}

/** The vector that a message ends with, without its length. Throws `malformed` unless it is the rest of the message. */
function uncounted(message: Uint8Array, at: number, name: string): Uint8Array {
  const vector = message.subarray(at + LENGTH_SIZE);
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  if (message.length < at + LENGTH_SIZE || view.getUint32(at) !== vector.length) {
    throw malformed(name, "its last vector is not as long as it says");
  }
  return vector;
}

function malformed(name: string, problem: string): PrioError {
  return new PrioError("malformed", `${name} of Janus 0.9: ${problem}`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const { buffer, byteOffset, length } = Buffer.concat(parts);
  return new Uint8Array(buffer, byteOffset, length);
}
