/**
 * The IETF's Distributed Aggregation Protocol, draft-ietf-ppm-dap-18: the client, the collector, and what aggregators
 * are built of.
 *
 * A {@link DapClient} uploads measurements, and a {@link DapCollector} gets their totals. A {@link DapTask} is what all
 * parties have in common, and an {@link HpkeKeyPair} what an aggregator or a collector decrypts with. For each message
 * there are `encodeX` and `decodeX`. docs/dap.md in the package says what of the draft is here.
 *
 * @module prio/dap
 */

// What users import. No logic here.

export { fromBase64Url, toBase64Url } from "../core/base64url.js";
export type { Bytes } from "../core/bytes.js";
export { PrioError, type PrioErrorCode } from "../errors.js";
export {
  type AggregationJobContinueReq,
  type AggregationJobInitReq,
  type AggregationJobResp,
  decodeAggregationJobContinueReq,
  decodeAggregationJobInitReq,
  decodeAggregationJobResp,
  encodeAggregationJobContinueReq,
  encodeAggregationJobInitReq,
  encodeAggregationJobResp,
  type ReportShare,
  type VerifyContinue,
  type VerifyInit,
  type VerifyResp,
  type VerifyRespContinue,
  type VerifyRespFinish,
  type VerifyRespReject,
} from "./aggregation-messages.js";
export {
  BATCH_ID_SIZE,
  CHECKSUM_SIZE,
  type Extension,
  type HpkeCiphertext,
  type Interval,
  REPORT_ID_SIZE,
  TASK_ID_SIZE,
} from "./basic-messages.js";
export {
  DapClient,
  type DapClientOptions,
  type QueueOutcome,
  type ReportOptions,
  type UploadOutcome,
} from "./client.js";
export {
  AggregationJobExtensionType,
  type AggregatorRole,
  BatchMode,
  DAP_VERSION,
  ReportError,
  Role,
  reportErrorName,
  TaskExtensionType,
  VerifyRespType,
  vdafContext,
} from "./codes.js";
export {
  type AggregateShare,
  type AggregateShareAad,
  type AggregateShareReq,
  type BatchSelector,
  type CollectionJobReq,
  type CollectionJobResp,
  decodeAggregateShare,
  decodeAggregateShareAad,
  decodeAggregateShareReq,
  decodeCollectionJobReq,
  decodeCollectionJobResp,
  encodeAggregateShare,
  encodeAggregateShareAad,
  encodeAggregateShareReq,
  encodeCollectionJobReq,
  encodeCollectionJobResp,
  type Query,
} from "./collection-messages.js";
export type { CollectionQuery } from "./collection-query.js";
export {
  type Collected,
  type CollectedVdaf,
  type CollectionJobState,
  type CollectionStep,
  type CollectionWait,
  type CollectOptions,
  DapCollector,
  type DapCollectorOptions,
} from "./collector.js";
export { DapError, type DapErrorDetails, type Problem } from "./dap-error.js";
export { areIncreasing, areReportExtensionsValid, unsupportedExtensions } from "./extensions.js";
export { HpkeConfigCache } from "./hpke-config-cache.js";
export { HpkeKeyPair, isHpkeConfigSupported } from "./hpke-keys.js";
export { type DapMediaType, MEDIA_TYPES, type MessageName, parseMediaType } from "./media-types.js";
export type {
  BodyPiece,
  BodyReader,
  Fetch,
  FetchBody,
  FetchHeaders,
  FetchRequest,
  FetchResponse,
  Signal,
  SignalLike,
} from "./platform.js";
export { PROBLEM_MEDIA_TYPE, PROBLEM_TYPES, type ProblemName, problemName } from "./problems.js";
export type { QueuedReport, ReportQueue } from "./report-queue.js";
export { openAggregateShare, openInputShare, sealAggregateShare, sealInputShare } from "./sealing.js";
export { DapTask } from "./task.js";
export {
  decodeBatchId,
  decodeInterval,
  decodeTaskConfiguration,
  encodeInterval,
  encodeTaskConfiguration,
  type TaskConfiguration,
} from "./task-configuration.js";
export type { BatchModeName, DapTaskOptions, TaskDocument } from "./task-document.js";
export type { TransportOptions } from "./transport.js";
export {
  decodeHpkeConfig,
  decodeHpkeConfigList,
  decodeInputShareAad,
  decodePlaintextInputShare,
  decodeReport,
  decodeUploadErrors,
  decodeUploadRequest,
  encodeHpkeConfig,
  encodeHpkeConfigList,
  encodeInputShareAad,
  encodePlaintextInputShare,
  encodeReport,
  encodeUploadErrors,
  encodeUploadRequest,
  type HpkeConfig,
  type InputShareAad,
  type PlaintextInputShare,
  type Report,
  type ReportMetadata,
  type ReportUploadStatus,
  type UploadErrors,
  type UploadRequest,
} from "./upload-messages.js";
export {
  decodeVdafConfiguration,
  describeVdaf,
  type EncodedVdaf,
  encodeVdafConfiguration,
  type VdafDescription,
  vdafConfiguration,
} from "./vdaf-configuration.js";
export { type DapVdaf, type VdafOptions, vdafFromConfiguration, vdafFromJSON } from "./vdafs.js";
export { deriveVerifyKey } from "./verify-key.js";
