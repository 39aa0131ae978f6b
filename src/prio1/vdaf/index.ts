/**
 * Prio v1 as a VDAF.
 *
 * @module prio/prio1/vdaf
 */

// What users import. No logic here.

export type { Bytes } from "../../core/bytes.js";
export type { Noise, Sensitivity } from "../../core/noise.js";
export { PrioError, type PrioErrorCode } from "../../errors.js";
export {
  type Continued,
  type Finished,
  helperContinue,
  helperInitialize,
  leaderContinue,
  leaderInitialize,
  type PingPongState,
  type Rejected,
  type ReportToVerify,
} from "../../vdaf/ping-pong.js";
export type {
  AggregateShare,
  OutputShare,
  Shards,
  Vdaf,
  Verification,
  VerifyState,
} from "../../vdaf/vdaf.js";
export { Prio1, type Prio1BooleanOptions, type Prio1IntegerOptions } from "./prio1.js";
