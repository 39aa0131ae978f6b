// A task as a JSON document, which two operators, their collector and their clients exchange. It has no secret.

import { fromBase64Url } from "../core/base64url.js";
import { type Bytes, kindOf, propertiesOf, requireObject, shown, utf8 } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import { type Extension, type Interval, TASK_ID_SIZE } from "./basic-messages.js";
import { BatchMode, DAP_VERSION, TaskExtensionType } from "./codes.js";
import { encodeInterval, type TaskConfiguration } from "./task-configuration.js";
import { decodeHpkeConfig, type HpkeConfig } from "./upload-messages.js";
import { encodeVdafConfiguration, type VdafDescription } from "./vdaf-configuration.js";

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
  /** When reports may be made; at any time by default. */
  readonly interval?: {
    /** Seconds since 1970, or such as `2026-12-01T00:00:00Z`: a multiple of the time precision. */
    readonly start: string | number;
    /** In seconds: a multiple of the time precision. */
    readonly duration: number;
  };
  /** 1 to 255 bytes in base64url that tell the task from others. */
  readonly info: string;
  /** The collector's `HpkeConfig`, encoded, in base64url. */
  readonly collectorHpkeConfig?: string;
}

/** What a task has besides its configuration. */
export interface DapTaskOptions {
  /** 32 bytes; SHA-256 of the encoded configuration by default. */
  readonly id?: Uint8Array;
  /** What the aggregators encrypt their aggregate shares to. Clients do not need it. */
  readonly collectorHpkeConfig?: HpkeConfig;
}

const MEMBERS = [
  ...(["dap", "id", "leader", "helper", "timePrecision", "minBatchSize", "batchMode", "vdaf", "interval"] as const),
  ...(["info", "collectorHpkeConfig"] as const),
] as const;

/**
 * The configuration that a document describes, and what it says besides. Throws `invalid-argument`, `invalid-encoding`,
 * `out-of-range`, `wrong-length` and `malformed`, also for members that are unknown.
 */
export function readDocument(document: unknown): { configuration: TaskConfiguration; options: DapTaskOptions } {
  const given = propertiesOf(document as TaskDocument, "task", MEMBERS, MEMBERS);
  if (given.dap !== DAP_VERSION) {
    throw new PrioError("invalid-argument", `task.dap: expected "${DAP_VERSION}", got ${shown(given.dap)}`);
  }
  const timePrecision = integer(given.timePrecision, "task.timePrecision", 1);
  const extensions: Extension[] = [];
  if (given.interval !== undefined) {
    const extensionData = encodeInterval(readInterval(given.interval, timePrecision));
    extensions.push({ extensionType: TaskExtensionType.taskInterval, extensionData });
  }
  const configuration: TaskConfiguration = {
    taskInfo: fromBase64Url(given.info, "task.info"),
    leaderAggregatorEndpoint: text(given.leader, "task.leader"),
    helperAggregatorEndpoint: text(given.helper, "task.helper"),
    timePrecision: BigInt(timePrecision),
    minBatchSize: BigInt(integer(given.minBatchSize, "task.minBatchSize", 1)),
    batchMode: batchMode(given.batchMode),
    batchConfig: new Uint8Array(0),
    ...encodeVdafConfiguration(requireObject(given.vdaf as VdafDescription, "task.vdaf")),
    extensions,
  };
  const { id, collectorHpkeConfig: config } = given;
  const options = {
    ...(id === undefined ? {} : { id: fromBase64Url(id, "task.id", TASK_ID_SIZE) }),
    ...(config === undefined
      ? {}
      : { collectorHpkeConfig: decodeHpkeConfig(fromBase64Url(config, "task.collectorHpkeConfig")) }),
  };
  return { configuration, options };
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

function text(x: unknown, subject: string): Bytes {
  if (typeof x !== "string") throw new PrioError("invalid-argument", `${subject}: expected a string, got ${kindOf(x)}`);
  return utf8(x, subject);
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
