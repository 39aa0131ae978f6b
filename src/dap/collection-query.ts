// Which batch the collector asks for (DAP-18, sections 5.1.1 and 5.2.1).

import { requireObject } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { BatchMode } from "./codes.js";
import type { CollectionJobReq } from "./collection-messages.js";
import type { DapTask } from "./task.js";
import { encodeInterval } from "./task-configuration.js";

/** Which batch is wanted: that of an interval of time, or the next one that the leader has. */
export type CollectionQuery =
  | {
      /** The beginning of the interval, as a date or in milliseconds since 1970: a multiple of the time precision. */
      readonly start: Date | number;
      /** Its end, which is not in it any more. */
      readonly end: Date | number;
    }
  | "next-batch";

/**
 * The query in the request. Throws `mismatch` for one of the other batch mode, and `out-of-range` for an interval that
 * is empty, is not of whole time precisions, or is outside of the task's.
 */
export function encodeQuery(task: DapTask, query: CollectionQuery): CollectionJobReq["query"] {
  const { batchMode, timePrecision } = task;
  if (query === "next-batch") {
    if (batchMode === "leader-selected") return { batchMode: BatchMode.leaderSelected, config: new Uint8Array(0) };
    throw new PrioError("mismatch", 'query: expected an interval of time, as the task has it, got "next-batch"');
  }
  if (batchMode !== "time-interval") {
    throw new PrioError("mismatch", 'query: expected "next-batch", since the leader selects this task\'s batches');
  }
  const { start: from, end: to } = requireObject(query, "query");
  const [start, end] = [from, to].map((time) => {
    const seconds = Number(time) / 1000;
    if (seconds % timePrecision === 0) return task.timeAt(seconds);
    throw new PrioError(
      "out-of-range",
      `query: expected times that are multiples of ${timePrecision} seconds, got ${dateText(Number(time))}`,
    );
  }) as [bigint, bigint];
  if (start >= end) throw new PrioError("out-of-range", "query: expected an end after the start");
  if (!task.includes(start) || !task.includes(end - 1n)) {
    throw new PrioError("out-of-range", "query: expected times in the task's interval, got others");
  }
  return { batchMode: BatchMode.timeInterval, config: encodeInterval({ start, duration: end - start }) };
}

function dateText(milliseconds: number): string {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? "no date" : date.toISOString();
}
