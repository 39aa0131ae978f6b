// The version of DAP and the code points of its registries (DAP-18, sections 4, 5 and 9.2), each in one place.

import { type Bytes, concat, utf8 } from "../core/bytes.js";

/** The version tag: what separates messages of this version from those of every other. */
export const DAP_VERSION = "dap-18";

/** Who sends or receives a message. */
export const Role = { collector: 0, client: 1, leader: 2, helper: 3 } as const;

/** One of the two aggregators. */
export type AggregatorRole = "leader" | "helper";

/** How reports make a batch. */
export const BatchMode = { timeInterval: 1, leaderSelected: 2 } as const;

/** Why a report was refused. A peer may use codes that are not in this list. */
export const ReportError = {
  batchCollected: 1,
  reportReplayed: 2,
  reportDropped: 3,
  hpkeUnknownConfigId: 4,
  hpkeDecryptError: 5,
  vdafVerifyError: 6,
  taskExpired: 7,
  invalidMessage: 8,
  reportTooEarly: 9,
  taskNotStarted: 10,
  outdatedConfig: 11,
} as const;

/** The draft's name of a report error, such as `report_replayed`; `unknown_200` for a code that the draft lacks. */
export function reportErrorName(code: number): string {
  const name = Object.entries(ReportError).find(([, value]) => value === code)?.[0];
  return name === undefined ? `unknown_${code}` : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What a helper says of a report. */
export const VerifyRespType = { continue: 0, finish: 1, reject: 2 } as const;

/** Extensions of a task's configuration. */
export const TaskExtensionType = { taskInterval: 1 } as const;

/** Extensions of an aggregation job. */
export const AggregationJobExtensionType = { leaderSelectedBatchId: 1 } as const;

/** The application context of the VDAF: the version tag and the task's id. */
export function vdafContext(taskId: Uint8Array): Bytes {
  return concat(utf8(DAP_VERSION, "version"), taskId);
}
