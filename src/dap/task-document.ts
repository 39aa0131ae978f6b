// A task as a JSON document, which two operators, their collector and their clients exchange. It has no secret.

import { kindOf, propertiesOf, requireObject, shown } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { Interval } from "./basic-messages.js";
import { BatchMode, DAP_VERSION } from "./codes.js";
import type { VdafDescription } from "./vdaf-configuration.js";

/** How reports make a batch. */
export type BatchModeName = "time-interval" | "leader-selected";

/** A task's document. */
export interface TaskDocument {
  /** The version of DAP, `dap-18`. */
  readonly dap: string;
  /** The task's id in base64url, 43 characters; derived from the rest if it is missing. */
  readonly id?: string;
  /** The leader's URL. */
  readonly leader: string;
  /** The helper's URL. */
  readonly helper: string;
  /** In seconds, from 1 on. */
  readonly timePrecision: number;
  /** The fewest reports of a batch, from 1 on. */
  readonly minBatchSize: number;
  /** How reports make a batch. */
  readonly batchMode: BatchModeName;
  /** The VDAF and its parameters. */
  readonly vdaf: VdafDescription;
  /** When reports may be made: from `start`, so many seconds since 1970 or such as `2026-12-01T00:00:00Z`, for so many
   * seconds. Both are multiples of the time precision. */
  readonly interval?: { readonly start: string | number; readonly duration: number };
  /** 1 to 255 bytes in base64url that tell the task from others. */
  readonly info: string;
  /** The collector's `HpkeConfig`, encoded, in base64url. */
  readonly collectorHpkeConfig?: string;
}

/** A document whose members have the right types. */
export interface ReadDocument {
  readonly id?: string;
  readonly leader: string;
  readonly helper: string;
  readonly timePrecision: number;
  readonly minBatchSize: number;
  readonly batchMode: number;
  readonly vdaf: VdafDescription;
  readonly interval?: Interval;
  readonly info: string;
  readonly collectorHpkeConfig?: string;
}

const MEMBERS = [
  ...(["dap", "id", "leader", "helper", "timePrecision", "minBatchSize", "batchMode", "vdaf", "interval"] as const),
  ...(["info", "collectorHpkeConfig"] as const),
] as const;

/** Throws `invalid-argument`, `out-of-range`, also for members that are unknown. */
export function readDocument(document: unknown): ReadDocument {
  const given = propertiesOf(document as TaskDocument, "task", MEMBERS, MEMBERS);
  if (given.dap !== DAP_VERSION) {
    throw new PrioError("invalid-argument", `task.dap: expected "${DAP_VERSION}", got ${shown(given.dap)}`);
  }
  const timePrecision = integer(given.timePrecision, "task.timePrecision", 1);
  return {
    ...(given.id === undefined ? {} : { id: text(given.id, "task.id") }),
    leader: text(given.leader, "task.leader"),
    helper: text(given.helper, "task.helper"),
    timePrecision,
    minBatchSize: integer(given.minBatchSize, "task.minBatchSize", 1),
    batchMode: batchMode(given.batchMode),
    vdaf: requireObject(given.vdaf as VdafDescription, "task.vdaf"),
    ...(given.interval === undefined ? {} : { interval: readInterval(given.interval, timePrecision) }),
    info: text(given.info, "task.info"),
    ...(given.collectorHpkeConfig === undefined
      ? {}
      : { collectorHpkeConfig: text(given.collectorHpkeConfig, "task.collectorHpkeConfig") }),
  };
}

/** The last second with four digits in its year. */
const LAST_YEAR = 253402300799;

/** An interval in seconds; its start as a date where dates reach. */
export function writeInterval(
  { start, duration }: Interval,
  timePrecision: number,
): { start: string | number; duration: number } {
  const seconds = Number(start) * timePrecision;
  return {
    start: seconds > LAST_YEAR ? seconds : new Date(seconds * 1000).toISOString().replace(".000Z", "Z"),
    duration: Number(duration) * timePrecision,
  };
}

function readInterval(interval: unknown, timePrecision: number): Interval {
  const names = ["start", "duration"] as const;
  const given = propertiesOf(interval as { start: unknown; duration: unknown }, "task.interval", names, names);
  const start = typeof given.start === "string" ? secondsOf(given.start) : given.start;
  return {
    start: multiple(integer(start, "task.interval.start", 0), timePrecision, "task.interval.start"),
    duration: multiple(integer(given.duration, "task.interval.duration", 1), timePrecision, "task.interval.duration"),
  };
}

function secondsOf(date: string): number {
  const milliseconds = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(date) ? Date.parse(date) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new PrioError("invalid-argument", "task.interval.start: expected a time such as 2026-12-01T00:00:00Z");
  }
  return milliseconds / 1000;
}

function multiple(seconds: number, timePrecision: number, subject: string): bigint {
  if (seconds % timePrecision !== 0) {
    throw new PrioError("out-of-range", `${subject}: expected a multiple of ${timePrecision} s, got ${seconds} s`);
  }
  return BigInt(seconds / timePrecision);
}

function batchMode(name: unknown): number {
  if (name === "time-interval") return BatchMode.timeInterval;
  if (name === "leader-selected") return BatchMode.leaderSelected;
  throw new PrioError(
    "invalid-argument",
    `task.batchMode: expected "time-interval" or "leader-selected", got ${shown(name)}`,
  );
}

function text(x: unknown, subject: string): string {
  if (typeof x !== "string") throw new PrioError("invalid-argument", `${subject}: expected a string, got ${kindOf(x)}`);
  return x;
}

function integer(x: unknown, subject: string, least: number): number {
  if (typeof x !== "number") {
    throw new PrioError("invalid-argument", `${subject}: expected a number, got ${kindOf(x)}`);
  }
  if (!Number.isSafeInteger(x) || x < least) {
    throw new PrioError("out-of-range", `${subject}: expected an integer from ${least} on, got ${x}`);
  }
  return x;
}
