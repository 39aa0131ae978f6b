// What the leader and the helper send each other to verify reports (DAP-18, section 4.5).

import { decodeTls, encodeTls, opaque, rest, struct, type TlsCodec, uint } from "../codec/tls.js";
import type { Bytes } from "../core/bytes.js";
import { type Extension, type HpkeCiphertext, hpkeCiphertext, reportId } from "./basic-messages.js";
import { VerifyRespType } from "./codes.js";
import { increasingExtensions } from "./extensions.js";
import { publicShare, type ReportMetadata, reportMetadata } from "./upload-messages.js";

/** What the helper needs of a report. */
export interface ReportShare {
  /** The report's metadata. */
  readonly reportMetadata: ReportMetadata;
  /** The report's public share. */
  readonly publicShare: Bytes;
  /** The helper's input share. */
  readonly encryptedInputShare: HpkeCiphertext;
}

/** A report, and the leader's first message of its verification. */
export interface VerifyInit {
  /** What the helper needs of the report. */
  readonly reportShare: ReportShare;
  /** The leader's first message. */
  readonly payload: Bytes;
}

/** The leader's request to verify reports. */
export interface AggregationJobInitReq {
  /** Which of the aggregators' verification keys, 0 to 255. */
  readonly verificationKeyId: number;
  /** The VDAF's aggregation parameter: empty for Prio3 and Prio v1. */
  readonly aggParam: Bytes;
  /** In strictly increasing order of their types. */
  readonly extensions: readonly Extension[];
  /** The reports. */
  readonly verifyInits: readonly VerifyInit[];
}

/** A report's next message from the helper. */
export interface VerifyRespContinue {
  /** 16 bytes. */
  readonly reportId: Bytes;
  /** `VerifyRespType.continue` */
  readonly verifyRespType: typeof VerifyRespType.continue;
  /** The helper's message. */
  readonly payload: Bytes;
}

/** The helper has counted a report. */
export interface VerifyRespFinish {
  /** 16 bytes. */
  readonly reportId: Bytes;
  /** `VerifyRespType.finish` */
  readonly verifyRespType: typeof VerifyRespType.finish;
}

/** The helper has refused a report. */
export interface VerifyRespReject {
  /** 16 bytes. */
  readonly reportId: Bytes;
  /** `VerifyRespType.reject` */
  readonly verifyRespType: typeof VerifyRespType.reject;
  /** One of `ReportError`. */
  readonly reportError: number;
}

/** What the helper says of a report. */
export type VerifyResp = VerifyRespContinue | VerifyRespFinish | VerifyRespReject;

/** The helper's answer. */
export interface AggregationJobResp {
  /** One for each report of the request, in its order. */
  readonly verifyResps: readonly VerifyResp[];
}

/** A report's next message from the leader. */
export interface VerifyContinue {
  /** 16 bytes. */
  readonly reportId: Bytes;
  /** The leader's message. */
  readonly payload: Bytes;
}

/** The leader's request for the next step of a job. */
export interface AggregationJobContinueReq {
  /** The step that the leader has reached, from 1 on. */
  readonly step: number;
  /** The reports, in the order of the request before, without those that were refused. */
  readonly verifyContinues: readonly VerifyContinue[];
}

/** A message of the VDAF. */
const payload: TlsCodec<Bytes> = /* @__PURE__ */ opaque(4, 1);
const uint8: TlsCodec<number> = /* @__PURE__ */ uint(1);

const verifyInit: TlsCodec<VerifyInit> = /* @__PURE__ */ struct<VerifyInit>(() => ({
  reportShare: struct<ReportShare>(() => ({ reportMetadata, publicShare, encryptedInputShare: hpkeCiphertext })),
  payload,
}));

const aggregationJobInitReq: TlsCodec<AggregationJobInitReq> = /* @__PURE__ */ struct<AggregationJobInitReq>(() => ({
  verificationKeyId: uint8,
  aggParam: opaque(4),
  extensions: increasingExtensions,
  verifyInits: rest(verifyInit),
}));

const verifyResp: TlsCodec<VerifyResp> = {
  read(reader) {
    const id = reportId.read(reader);
    const verifyRespType = reader.uint(1);
    switch (verifyRespType) {
      case VerifyRespType.continue:
        return { reportId: id, verifyRespType, payload: payload.read(reader) };
      case VerifyRespType.finish:
        return { reportId: id, verifyRespType };
      case VerifyRespType.reject:
        return { reportId: id, verifyRespType, reportError: reader.uint(1) };
      default:
        throw reader.error(`expected a VerifyRespType from 0 to 2, got ${verifyRespType}`);
    }
  },
  write(writer, resp) {
    reportId.write(writer, resp.reportId, "reportId");
    uint8.write(writer, resp.verifyRespType, "verifyRespType");
    if (resp.verifyRespType === VerifyRespType.continue) payload.write(writer, resp.payload, "payload");
    if (resp.verifyRespType === VerifyRespType.reject) uint8.write(writer, resp.reportError, "reportError");
  },
};

const aggregationJobResp: TlsCodec<AggregationJobResp> = /* @__PURE__ */ struct<AggregationJobResp>(() => ({
  verifyResps: rest(verifyResp),
}));

const aggregationJobContinueReq: TlsCodec<AggregationJobContinueReq> =
  /* @__PURE__ */ struct<AggregationJobContinueReq>(() => ({
    step: uint(2),
    verifyContinues: rest(struct<VerifyContinue>(() => ({ reportId, payload }))),
  }));

/** Throws `malformed`, also for extensions that are out of order, and for more than `most` reports and extensions. */
export function decodeAggregationJobInitReq(bytes: Uint8Array, most?: number): AggregationJobInitReq {
  return decodeTls(aggregationJobInitReq, bytes, "AggregationJobInitReq", most);
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeAggregationJobInitReq(request: AggregationJobInitReq): Bytes {
  return encodeTls(aggregationJobInitReq, request, "AggregationJobInitReq");
}

/** Throws `malformed`, and for more than `most` reports. */
export function decodeAggregationJobResp(bytes: Uint8Array, most?: number): AggregationJobResp {
  return decodeTls(aggregationJobResp, bytes, "AggregationJobResp", most);
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeAggregationJobResp(resp: AggregationJobResp): Bytes {
  return encodeTls(aggregationJobResp, resp, "AggregationJobResp");
}

/** Throws `malformed`, and for more than `most` reports. */
export function decodeAggregationJobContinueReq(bytes: Uint8Array, most?: number): AggregationJobContinueReq {
  return decodeTls(aggregationJobContinueReq, bytes, "AggregationJobContinueReq", most);
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeAggregationJobContinueReq(request: AggregationJobContinueReq): Bytes {
  return encodeTls(aggregationJobContinueReq, request, "AggregationJobContinueReq");
}
