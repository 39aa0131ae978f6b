/**
 * Prio3, the VDAF of the IETF (draft-irtf-cfrg-vdaf-20), for clients, aggregators and collectors.
 *
 * Each instance is a class, and takes another kind of measurement: {@link Prio3Count}, {@link Prio3Sum},
 * {@link Prio3SumVec}, {@link Prio3SumVecWithMultiproof}, {@link Prio3Histogram}, {@link Prio3MultihotCountVec} and
 * {@link Prio3L1BoundSum}. Clients, aggregators and collector make it with the same parameters. {@link Prio3} has its
 * steps. Between two aggregators, {@link leaderInitialize}, {@link helperInitialize} and {@link leaderContinue} carry
 * them out with one message each way.
 *
 * docs/prio3.md in the package says which instance answers which question, and what an aggregator must keep in mind.
 *
 * @module prio/prio3
 */

// What users import. No logic here.

export type { Bytes } from "../core/bytes.js";
export type { Noise, Sensitivity } from "../core/noise.js";
export { PrioError, type PrioErrorCode } from "../errors.js";
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
} from "../vdaf/ping-pong.js";
export type {
  AggregateShare,
  OutputShare,
  Shards,
  Vdaf,
  Verification,
  VerifyState,
} from "../vdaf/vdaf.js";
export { optimalChunkLength } from "./chunk-length.js";
export {
  type ChunkedOptions,
  Prio3Count,
  Prio3Histogram,
  type Prio3HistogramOptions,
  Prio3L1BoundSum,
  type Prio3L1BoundSumOptions,
  Prio3MultihotCountVec,
  type Prio3MultihotCountVecOptions,
  type Prio3Options,
  Prio3Sum,
  type Prio3SumOptions,
  Prio3SumVec,
  type Prio3SumVecOptions,
  Prio3SumVecWithMultiproof,
  type Prio3SumVecWithMultiproofOptions,
} from "./instances.js";
export { Prio3 } from "./prio3.js";
