// Which times of reports an aggregator takes (DAP-18, section 4.5.3.4): none from the future, none outside of the
// task's interval, and none so old that it has forgotten the ids of reports of that time.

import { ReportError } from "prio/dap";
import type { AggregatorTask } from "../tasks/task.js";

/**
 * Seconds for which reports are taken after the task's interval has ended. Then the ids of all its reports can be
 * forgotten, because none of them is taken again.
 */
const LATE = 7 * 86_400;

/**
 * The first time of reports that are still taken at `now`. It only goes forward, and where the clock or the task's
 * settings go back, the store does not: it refuses ids of all times of which it ever forgot some
 * (`insertReplayKeys`). So no report is counted a second time after its id is forgotten.
 */
export function firstTime({ dap, limits }: AggregatorTask, now: number): number {
  const { interval, timePrecision } = dap;
  const end = interval === undefined ? Number.POSITIVE_INFINITY : Number(interval.start + interval.duration);
  const afterEnd = now >= end * timePrecision + LATE ? end : 0;
  const unexpired = limits.reportExpiry === null ? 0 : Math.floor((now - limits.reportExpiry) / timePrecision);
  return Math.max(0, afterEnd, unexpired);
}

/** Why a report of this time is refused at `now`, as a code of `ReportError`; null if it is not. */
export function refusalOfTime(task: AggregatorTask, time: bigint, now: number): number | null {
  const { interval, timePrecision } = task.dap;
  const last = BigInt(Math.floor((now + task.limits.maxFuture) / timePrecision));
  // The times that the store keeps are safe integers, and those of the present always are.
  if (time > last || time > BigInt(Number.MAX_SAFE_INTEGER)) return ReportError.reportTooEarly;
  if (interval !== undefined) {
    if (time < interval.start) return ReportError.taskNotStarted;
    if (time >= interval.start + interval.duration) return ReportError.taskExpired;
  }
  return time < BigInt(firstTime(task, now)) ? ReportError.reportDropped : null;
}
