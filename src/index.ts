/**
 * Clients and servers of Prio v1.
 *
 * @module prio
 */

// What users import. No logic here.

export type { Bytes } from "./core/bytes.js";
export type { Noise, Sensitivity } from "./core/noise.js";
export { generateKeyPair, PrivateKey, PublicKey } from "./crypto/keys.js";
export { type CryptoName, cryptoInUse, setCrypto } from "./crypto/provider.js";
export { ServerSecret } from "./crypto/server-secret.js";
export { PrioError, type PrioErrorCode } from "./errors.js";
export { Admission, type AdmissionOptions, type Admitted, type Replayed } from "./prio1/admission.js";
export { Client, type Packets } from "./prio1/client.js";
export {
  type BatchOptions,
  Config,
  type ConfigOptions,
  type IntegerConfigOptions,
} from "./prio1/config.js";
export { describeMessage, type MessageDescription, type MessageKind } from "./prio1/describe-message.js";
export { OpenedReport } from "./prio1/opened-report.js";
export type { PrgKey } from "./prio1/parameters.js";
export { publish, publishNoisy } from "./prio1/publish.js";
export type { QueryPoints } from "./prio1/query-points.js";
export {
  type AsyncReplayRecord,
  type AtomicReplayRecord,
  MemoryReplayRecord,
  type ReplayAnswer,
  type ReplayKeys,
  type ReplayRecord,
} from "./prio1/replay-records.js";
export { Server, type ServerOptions, type TotalShareOptions } from "./prio1/server.js";
export type { ServerId } from "./prio1/share.js";
export { mergeTotalShares } from "./prio1/total-shares.js";
export { VerifiedReport, Verifier } from "./prio1/verify.js";
export type { PrioWarning, WarningHook } from "./prio1/warning.js";
