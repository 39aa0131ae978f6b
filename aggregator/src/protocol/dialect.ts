// What differs between the versions of the protocol that an aggregator can speak with its peer. All else of this room
// knows DAP-18 alone.

import { type AggregationJobInitReq, decodeAggregationJobInitReq, encodeAggregationJobInitReq } from "prio/dap";
import type { AggregatorTask } from "../tasks/task.js";
import { textOf } from "./bytes.js";

export interface Dialect {
  /** How a job is created: by POST, and the helper names it, or by PUT, and the leader does. */
  readonly create: (jobId: Uint8Array) => { readonly method: "POST" | "PUT"; readonly path: string };
  /** The bytes of a request to create a job. */
  readonly encodeInit: (request: AggregationJobInitReq, task: AggregatorTask) => Uint8Array;
  /** The request as DAP-18 has it. Throws `malformed`. */
  readonly decodeInit: (body: Uint8Array, task: AggregatorTask) => AggregationJobInitReq;
}

const DAP_18: Dialect = {
  create: () => ({ method: "POST", path: "/aggregation_jobs" }),
  encodeInit: encodeAggregationJobInitReq,
  decodeInit: decodeAggregationJobInitReq,
};

export function dialectOf(task: Pick<AggregatorTask, "dialect">): Dialect {
  if (task.dialect === "dap-18") return DAP_18;
  throw new Error(`the dialect ${task.dialect} is not there`);
}

/** The path of a job at the helper, behind `/tasks/{task-id}`. */
export function jobPath(jobId: Uint8Array): string {
  return `/aggregation_jobs/${textOf(jobId)}`;
}
