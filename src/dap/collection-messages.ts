// How the collector gets a batch's result (DAP-18, section 4.6).

import { decodeTls, encodeTls, fixed, opaque, struct, type TlsCodec, uint, uint64 } from "../codec/tls.js";
import type { Bytes } from "../core/bytes.js";
import {
  CHECKSUM_SIZE,
  type Extension,
  extensions,
  type HpkeCiphertext,
  hpkeCiphertext,
  type Interval,
  interval,
  taskId,
} from "./basic-messages.js";
import { type TaskConfiguration, taskConfiguration } from "./task-configuration.js";

/** Which batch the collector asks for. */
export interface Query {
  /** One of `BatchMode`. */
  readonly batchMode: number;
  /** For `timeInterval` an encoded {@link Interval}, for `leaderSelected` empty. */
  readonly config: Bytes;
}

/** Which batch the leader asks the helper for. */
export interface BatchSelector {
  /** One of `BatchMode`. */
  readonly batchMode: number;
  /** For `timeInterval` an encoded {@link Interval}, for `leaderSelected` a batch id of 32 bytes. */
  readonly config: Bytes;
}

/** The collector's request. */
export interface CollectionJobReq {
  /** Which batch. */
  readonly query: Query;
  /** The VDAF's aggregation parameter: empty for Prio3 and Prio v1. */
  readonly aggParam: Bytes;
  /** In strictly increasing order of their types; see `areIncreasing`. */
  readonly extensions: readonly Extension[];
}

/** The leader's answer. */
export interface CollectionJobResp {
  /** How many reports the batch has. */
  readonly reportCount: bigint;
  /** The smallest interval with the times of all reports of the batch. */
  readonly interval: Interval;
  /** The leader's share, for the collector. */
  readonly leaderEncryptedAggShare: HpkeCiphertext;
  /** The helper's share, for the collector. */
  readonly helperEncryptedAggShare: HpkeCiphertext;
}

/** The leader's request for the helper's share. */
export interface AggregateShareReq {
  /** What the collector sent. */
  readonly collectionJobReq: CollectionJobReq;
  /** Which batch. */
  readonly batchSelector: BatchSelector;
  /** How many reports the leader counted. */
  readonly reportCount: bigint;
  /** SHA-256 of the ids of these reports, one xor the other: 32 bytes. */
  readonly checksum: Bytes;
}

/** The helper's answer. */
export interface AggregateShare {
  /** The helper's share, for the collector. */
  readonly encryptedAggregateShare: HpkeCiphertext;
}

/** What an aggregate share is bound to. */
export interface AggregateShareAad {
  /** 32 bytes. */
  readonly taskId: Bytes;
  /** The task's configuration. */
  readonly taskConfiguration: TaskConfiguration;
  /** What the collector sent. */
  readonly collectionJobReq: CollectionJobReq;
}

export const collectionJobReq: TlsCodec<CollectionJobReq> = /* @__PURE__ */ struct<CollectionJobReq>(() => ({
  query: struct<Query>(() => ({ batchMode: uint(1), config: opaque(2) })),
  aggParam: opaque(4),
  extensions,
}));

const collectionJobResp: TlsCodec<CollectionJobResp> = /* @__PURE__ */ struct<CollectionJobResp>(() => ({
  reportCount: uint64,
  interval,
  leaderEncryptedAggShare: hpkeCiphertext,
  helperEncryptedAggShare: hpkeCiphertext,
}));

const aggregateShareReq: TlsCodec<AggregateShareReq> = /* @__PURE__ */ struct<AggregateShareReq>(() => ({
  collectionJobReq,
  batchSelector: struct<BatchSelector>(() => ({ batchMode: uint(1), config: opaque(2) })),
  reportCount: uint64,
  checksum: fixed(CHECKSUM_SIZE),
}));

const aggregateShare: TlsCodec<AggregateShare> = /* @__PURE__ */ struct<AggregateShare>(() => ({
  encryptedAggregateShare: hpkeCiphertext,
}));

const aggregateShareAad: TlsCodec<AggregateShareAad> = /* @__PURE__ */ struct<AggregateShareAad>(() => ({
  taskId,
  taskConfiguration,
  collectionJobReq,
}));

/** Throws `malformed`. */
export function decodeCollectionJobReq(bytes: Uint8Array): CollectionJobReq {
  return decodeTls(collectionJobReq, bytes, "CollectionJobReq");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeCollectionJobReq(request: CollectionJobReq): Bytes {
  return encodeTls(collectionJobReq, request, "CollectionJobReq");
}

/** Throws `malformed`. */
export function decodeCollectionJobResp(bytes: Uint8Array): CollectionJobResp {
  return decodeTls(collectionJobResp, bytes, "CollectionJobResp");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeCollectionJobResp(resp: CollectionJobResp): Bytes {
  return encodeTls(collectionJobResp, resp, "CollectionJobResp");
}

/** Throws `malformed`. */
export function decodeAggregateShareReq(bytes: Uint8Array): AggregateShareReq {
  return decodeTls(aggregateShareReq, bytes, "AggregateShareReq");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeAggregateShareReq(request: AggregateShareReq): Bytes {
  return encodeTls(aggregateShareReq, request, "AggregateShareReq");
}

/** Throws `malformed`. */
export function decodeAggregateShare(bytes: Uint8Array): AggregateShare {
  return decodeTls(aggregateShare, bytes, "AggregateShare");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeAggregateShare(share: AggregateShare): Bytes {
  return encodeTls(aggregateShare, share, "AggregateShare");
}

/** Throws `malformed`. */
export function decodeAggregateShareAad(bytes: Uint8Array): AggregateShareAad {
  return decodeTls(aggregateShareAad, bytes, "AggregateShareAad");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeAggregateShareAad(aad: AggregateShareAad): Bytes {
  return encodeTls(aggregateShareAad, aad, "AggregateShareAad");
}
