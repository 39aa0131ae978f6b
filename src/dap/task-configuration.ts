// The configuration that all parties of a task have in common (DAP-18, section 4.2). Its encoding is part of what every
// share is encrypted with.

import { decodeTls, encodeTls, fixed, opaque, struct, type TlsCodec, uint, uint64 } from "../codec/tls.js";
import type { Bytes } from "../core/bytes.js";
import { BATCH_ID_SIZE, type Extension, type Interval, interval } from "./basic-messages.js";
import { increasingExtensions } from "./extensions.js";

/** The parameters of a task, the same for clients, aggregators and the collector. */
export interface TaskConfiguration {
  /** 1 to 255 bytes that tell tasks apart. */
  readonly taskInfo: Bytes;
  /** The leader's URL in ASCII, never encoded anew. */
  readonly leaderAggregatorEndpoint: Bytes;
  /** The helper's URL in ASCII, never encoded anew. */
  readonly helperAggregatorEndpoint: Bytes;
  /** In seconds. */
  readonly timePrecision: bigint;
  /** The fewest reports of a batch. */
  readonly minBatchSize: bigint;
  /** One of `BatchMode`. */
  readonly batchMode: number;
  /** Empty for the draft's batch modes. */
  readonly batchConfig: Bytes;
  /** The VDAF's identifier, 32 bits. */
  readonly vdafType: number;
  /** What `encodeVdafConfiguration` makes. */
  readonly vdafConfiguration: Bytes;
  /** In strictly increasing order of their types. */
  readonly extensions: readonly Extension[];
}

export const taskConfiguration: TlsCodec<TaskConfiguration> = /* @__PURE__ */ struct<TaskConfiguration>(() => ({
  taskInfo: opaque(1, 1),
  leaderAggregatorEndpoint: opaque(2, 1),
  helperAggregatorEndpoint: opaque(2, 1),
  timePrecision: uint64,
  minBatchSize: uint64,
  batchMode: uint(1),
  batchConfig: opaque(2),
  vdafType: uint(4),
  vdafConfiguration: opaque(2),
  extensions: increasingExtensions,
}));

/** Throws `malformed`. */
export function decodeTaskConfiguration(bytes: Uint8Array): TaskConfiguration {
  return decodeTls(taskConfiguration, bytes, "TaskConfiguration");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeTaskConfiguration(configuration: TaskConfiguration): Bytes {
  return encodeTls(taskConfiguration, configuration, "TaskConfiguration");
}

/**
 * An interval: what `TimeIntervalQueryConfig`, `TimeIntervalBatchSelectorConfig` and the task extension `taskInterval`
 * hold. Throws `malformed`.
 */
export function decodeInterval(bytes: Uint8Array): Interval {
  return decodeTls(interval, bytes, "Interval");
}

/** 16 bytes. Throws `invalid-argument`, `out-of-range`. */
export function encodeInterval(value: Interval): Bytes {
  return encodeTls(interval, value, "Interval");
}

const batchId: TlsCodec<Bytes> = /* @__PURE__ */ fixed(BATCH_ID_SIZE);

/**
 * A batch id: what `LeaderSelectedBatchSelectorConfig` and the aggregation job extension `leaderSelectedBatchId` hold,
 * 32 bytes. Throws `malformed`.
 */
export function decodeBatchId(bytes: Uint8Array): Bytes {
  return decodeTls(batchId, bytes, "BatchID");
}
