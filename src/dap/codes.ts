// The version of DAP and the code points of its registries (DAP-18, sections 4, 5 and 9.2), each in one place.

import { type Bytes, concat, utf8 } from "../core/bytes.js";

/** The version tag: what separates messages of this version from those of every other. */
export const DAP_VERSION = "dap-18";

/** Who sends or receives a message. */
export const Role = {
  /** Gets the results. */
  collector: 0,
  /** Has a measurement. */
  client: 1,
  /** The aggregator that clients upload to. */
  leader: 2,
  /** The other aggregator. */
  helper: 3,
} as const;

/** One of the two aggregators. */
export type AggregatorRole = "leader" | "helper";

/** How reports make a batch. */
export const BatchMode = {
  /** The reports of an interval of time, which the collector chooses. */
  timeInterval: 1,
  /** Reports that the leader chooses. */
  leaderSelected: 2,
} as const;

/** Why a report was refused. A peer may use codes that are not in this list. */
export const ReportError = {
  /** Its batch was collected before. */
  batchCollected: 1,
  /** A report of this id was counted before. */
  reportReplayed: 2,
  /** It is outside of the task's interval, or too old for an aggregator to know whether it was counted. */
  reportDropped: 3,
  /** An aggregator does not know the HPKE configuration. */
  hpkeUnknownConfigId: 4,
  /** A share does not open. */
  hpkeDecryptError: 5,
  /** The proof does not hold. */
  vdafVerifyError: 6,
  /** It was made after the task's interval. */
  taskExpired: 7,
  /** A share is none of the VDAF, or extensions are not as they must be. */
  invalidMessage: 8,
  /** It is from the future. The client may upload it again later. */
  reportTooEarly: 9,
  /** It was made before the task's interval. */
  taskNotStarted: 10,
  /** The leader does not know the HPKE configuration: the client fetches it anew, and makes the report again. */
  outdatedConfig: 11,
} as const;

/** The draft's name of a report error, such as `report_replayed`; `unknown_200` for a code that the draft lacks. */
export function reportErrorName(code: number): string {
  const name = Object.entries(ReportError).find(([, value]) => value === code)?.[0];
  return name === undefined ? `unknown_${code}` : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a helper says of a report. */
export const VerifyRespType = {
  /** Here is its next message. */
  continue: 0,
  /** It is counted. */
  finish: 1,
  /** It is refused. */
  reject: 2,
} as const;

/** Extensions of a task's configuration. */
export const TaskExtensionType = {
  /** When reports may be made: an encoded `Interval`. */
  taskInterval: 1,
} as const;

/** Extensions of an aggregation job. */
export const AggregationJobExtensionType = {
  /** The batch of all reports of the job: 32 bytes. */
  leaderSelectedBatchId: 1,
} as const;

/** The application context of the VDAF: the version tag and the task's id. */
export function vdafContext(taskId: Uint8Array): Bytes {
  return concat(utf8(DAP_VERSION, "version"), taskId);
}
