// HPKE configurations, and reports on their way from clients to the leader (DAP-18, section 4.4).

import { decodeTls, encodeTls, opaque, rest, struct, type TlsCodec, uint, uint64, vector } from "../codec/tls.js";
import type { Bytes } from "../core/bytes.js";
import { type Extension, extensions, type HpkeCiphertext, hpkeCiphertext, reportId, taskId } from "./basic-messages.js";
import { type TaskConfiguration, taskConfiguration } from "./task-configuration.js";

/** A public key, and the algorithms that it is for. */
export interface HpkeConfig {
  /** 0 to 255, each once in a list. */
  readonly id: number;
  /** 0x0020 is DHKEM(X25519, HKDF-SHA256), which this library has. */
  readonly kemId: number;
  /** 0x0001 is HKDF-SHA256, which this library has. */
  readonly kdfId: number;
  /** 0x0001 is AES-128-GCM, which this library has. */
  readonly aeadId: number;
  /** 32 bytes for X25519. */
  readonly publicKey: Bytes;
}

/** What everyone sees of a report. */
export interface ReportMetadata {
  /** 16 random bytes. */
  readonly reportId: Bytes;
  /** When the report was made, in the task's time precisions since 1970. */
  readonly time: bigint;
  /** The extensions that both aggregators see. */
  readonly publicExtensions: readonly Extension[];
}

/** A report: a measurement in two encrypted shares. */
export interface Report {
  /** What everyone sees of it. */
  readonly reportMetadata: ReportMetadata;
  /** The VDAF's public share. */
  readonly publicShare: Bytes;
  /** The leader's input share. */
  readonly leaderEncryptedInputShare: HpkeCiphertext;
  /** The helper's input share. */
  readonly helperEncryptedInputShare: HpkeCiphertext;
}

/** Reports for the leader. */
export interface UploadRequest {
  /** Any number of them. */
  readonly reports: readonly Report[];
}

/** Why the leader refused a report. */
export interface ReportUploadStatus {
  /** The report's id, 16 bytes. */
  readonly id: Bytes;
  /** One of `ReportError`. */
  readonly error: number;
}

/** The leader's answer if it refused reports. */
export interface UploadErrors {
  /** The refused reports alone, in the order of the request. */
  readonly status: readonly ReportUploadStatus[];
}

/** What an aggregator finds in its encrypted input share. */
export interface PlaintextInputShare {
  /** The extensions that this aggregator alone sees. */
  readonly privateExtensions: readonly Extension[];
  /** The VDAF's input share. */
  readonly payload: Bytes;
}

/** What an input share is bound to. */
export interface InputShareAad {
  /** 32 bytes. */
  readonly taskId: Bytes;
  /** The task's configuration. */
  readonly taskConfiguration: TaskConfiguration;
  /** The report's metadata. */
  readonly reportMetadata: ReportMetadata;
  /** The report's public share. */
  readonly publicShare: Bytes;
}

const hpkeConfig: TlsCodec<HpkeConfig> = /* @__PURE__ */ struct<HpkeConfig>(() => ({
  id: uint(1),
  kemId: uint(2),
  kdfId: uint(2),
  aeadId: uint(2),
  publicKey: opaque(2, 1),
}));

const hpkeConfigList: TlsCodec<HpkeConfig[]> = /* @__PURE__ */ vector(hpkeConfig, 2, 10);

export const reportMetadata: TlsCodec<ReportMetadata> = /* @__PURE__ */ struct<ReportMetadata>(() => ({
  reportId,
  time: uint64,
  publicExtensions: extensions,
}));

export const publicShare: TlsCodec<Bytes> = /* @__PURE__ */ opaque(4);

const report: TlsCodec<Report> = /* @__PURE__ */ struct<Report>(() => ({
  reportMetadata,
  publicShare,
  leaderEncryptedInputShare: hpkeCiphertext,
  helperEncryptedInputShare: hpkeCiphertext,
}));

const uploadRequest: TlsCodec<UploadRequest> = /* @__PURE__ */ struct<UploadRequest>(() => ({ reports: rest(report) }));

const uploadErrors: TlsCodec<UploadErrors> = /* @__PURE__ */ struct<UploadErrors>(() => ({
  status: rest(struct<ReportUploadStatus>(() => ({ id: reportId, error: uint(1) }))),
}));

const plaintextInputShare: TlsCodec<PlaintextInputShare> = /* @__PURE__ */ struct<PlaintextInputShare>(() => ({
  privateExtensions: extensions,
  payload: opaque(4, 1),
}));

const inputShareAad: TlsCodec<InputShareAad> = /* @__PURE__ */ struct<InputShareAad>(() => ({
  taskId,
  taskConfiguration,
  reportMetadata,
  publicShare,
}));

/** One configuration, as task documents have the collector's. Throws `malformed`. */
export function decodeHpkeConfig(bytes: Uint8Array): HpkeConfig {
  return decodeTls(hpkeConfig, bytes, "HpkeConfig");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeHpkeConfig(config: HpkeConfig): Bytes {
  return encodeTls(hpkeConfig, config, "HpkeConfig");
}

/** An aggregator's configurations, in decreasing order of preference: at least one. Throws `malformed`. */
export function decodeHpkeConfigList(bytes: Uint8Array): HpkeConfig[] {
  return decodeTls(hpkeConfigList, bytes, "HpkeConfigList");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeHpkeConfigList(configs: readonly HpkeConfig[]): Bytes {
  return encodeTls<readonly HpkeConfig[]>(hpkeConfigList, configs, "HpkeConfigList");
}

/** One report, for a store or a queue. Throws `malformed`. */
export function decodeReport(bytes: Uint8Array): Report {
  return decodeTls(report, bytes, "Report");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeReport(value: Report): Bytes {
  return encodeTls(report, value, "Report");
}

/** Throws `malformed`. */
export function decodeUploadRequest(bytes: Uint8Array): UploadRequest {
  return decodeTls(uploadRequest, bytes, "UploadRequest");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeUploadRequest(request: UploadRequest): Bytes {
  return encodeTls(uploadRequest, request, "UploadRequest");
}

/** Throws `malformed`. */
export function decodeUploadErrors(bytes: Uint8Array): UploadErrors {
  return decodeTls(uploadErrors, bytes, "UploadErrors");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeUploadErrors(errors: UploadErrors): Bytes {
  return encodeTls(uploadErrors, errors, "UploadErrors");
}

/** Throws `malformed`. */
export function decodePlaintextInputShare(bytes: Uint8Array): PlaintextInputShare {
  return decodeTls(plaintextInputShare, bytes, "PlaintextInputShare");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodePlaintextInputShare(share: PlaintextInputShare): Bytes {
  return encodeTls(plaintextInputShare, share, "PlaintextInputShare");
}

/** Throws `malformed`. */
export function decodeInputShareAad(bytes: Uint8Array): InputShareAad {
  return decodeTls(inputShareAad, bytes, "InputShareAad");
}

/** Throws `invalid-argument`, `out-of-range`, `wrong-length`. */
export function encodeInputShareAad(aad: InputShareAad): Bytes {
  return encodeTls(inputShareAad, aad, "InputShareAad");
}
