// The types that several messages share (DAP-18, section 4.1), and extensions (sections 4.2.2, 4.4.3, 4.5.1 and 4.6.2).

import { fixed, opaque, struct, type TlsCodec, uint, uint64, vector } from "../codec/tls.js";
import type { Bytes } from "../core/bytes.js";

/** An encrypted share. */
export interface HpkeCiphertext {
  /** The id of the HPKE configuration that it is encrypted to, 0 to 255. */
  readonly configId: number;
  /** The encapsulated key. */
  readonly enc: Bytes;
  /** The ciphertext. */
  readonly payload: Bytes;
}

/** A half-open interval of time: `start` is in it, and `start + duration` is not. */
export interface Interval {
  /** In the task's time precisions since 1970. */
  readonly start: bigint;
  /** In the task's time precisions. */
  readonly duration: bigint;
}

/** An extension of a report, a task, an aggregation job or a collection job: each has its own types. */
export interface Extension {
  /** 16 bits. */
  readonly extensionType: number;
  /** What the type says. */
  readonly extensionData: Bytes;
}

/** Bytes of a report's id. */
export const REPORT_ID_SIZE = 16;
/** Bytes of a task's id. */
export const TASK_ID_SIZE = 32;
/** Bytes of a leader-selected batch's id. */
export const BATCH_ID_SIZE = 32;
/** Bytes of a batch's checksum. */
export const CHECKSUM_SIZE = 32;

export const reportId: TlsCodec<Bytes> = /* @__PURE__ */ fixed(REPORT_ID_SIZE);
export const taskId: TlsCodec<Bytes> = /* @__PURE__ */ fixed(TASK_ID_SIZE);

export const hpkeCiphertext: TlsCodec<HpkeCiphertext> = /* @__PURE__ */ struct<HpkeCiphertext>(() => ({
  configId: uint(1),
  enc: opaque(2, 1),
  payload: opaque(4, 1),
}));

export const interval: TlsCodec<Interval> = /* @__PURE__ */ struct<Interval>(() => ({
  start: uint64,
  duration: uint64,
}));

/** In any order: a report whose extensions are out of order is refused alone. */
export const extensions: TlsCodec<Extension[]> = /* @__PURE__ */ vector(
  /* @__PURE__ */ struct<Extension>(() => ({ extensionType: uint(2), extensionData: opaque(2) })),
  2,
);
