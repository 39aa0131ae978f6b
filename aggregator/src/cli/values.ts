// What operators write for an option's value, and what it means: durations, VDAFs, URLs, moments. Each throws a
// UsageError that names the option.

import { describeVdaf, PrioError, type VdafDescription, type VdafOptions, vdafFromJSON } from "prio/dap";
import { OperatorError } from "../tasks/operator-error.js";
import { UsageError } from "./io.js";

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds of `90`, `90s`, `15m`, `8h`, `1d` or `2w`. */
export function readDuration(text: string, subject: string): number {
  const [, digits = "", unit = "s"] = /^(\d{1,12})([smhdw]?)$/.exec(text.trim()) ?? [];
  const seconds = Number(digits) * (UNITS[unit === "" ? "s" : unit] ?? Number.NaN);
  if (digits === "" || seconds < 1) {
    throw new UsageError(`${subject}: expected a duration such as 300, 15m, 8h or 1d, got "${text}"`);
  }
  return seconds;
}

/** A duration for people: the largest unit that divides it. */
export function durationText(seconds: number): string {
  const [unit, size] = Object.entries(UNITS)
    .reverse()
    .find(([, one]) => seconds % one === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}

export function readInteger(
  text: string,
  subject: string,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    const range =
      most === Number.MAX_SAFE_INTEGER ? `an integer from ${least} on` : `an integer from ${least} to ${most}`;
    throw new UsageError(`${subject}: expected ${range}, got "${text}"`);
  }
  return value;
}

export function readChoice<T extends string>(text: string, subject: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text.trim());
  if (found !== undefined) return found;
  throw new UsageError(`${subject}: expected ${choices.join(" or ")}, got "${text}"`);
}

/** The URL of an aggregator, as it was given: its bytes are part of the task. */
export function readUrl(text: string, subject: string, allowHttp: boolean): string {
  const given = text.trim();
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new UsageError(`${subject}: expected a URL such as https://aggregator.example/, got "${text}"`);
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new UsageError(`${subject}: expected an https URL, got "${text}"`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError(`${subject}: expected a URL without a password, ? and #`);
  }
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !isLocal && !allowHttp) {
    throw new UsageError(
      `${subject}: expected an https URL, got "${text}"`,
      "--allow-http takes it, for a network where nobody listens, such as one machine's containers",
    );
  }
  return given;
}

/** The names that {@link readVdaf} knows, and what stands behind each. */
export const VDAF_FORMS =
  "count, sum:MAX, sumvec:LENGTH:MAX, histogram:LENGTH, multihot:LENGTH:MAXWEIGHT, l1:LENGTH:MAXVALUE, " +
  "prio1:FIELDS, prio1:COUNTxBITS, or JSON";

/** A VDAF in a few words, or as JSON such as `{"type":"Prio3Histogram","length":10}`. */
export function readVdaf(text: string, subject: string): VdafDescription {
  const given = text.trim();
  try {
    const description = given.startsWith("{") ? (JSON.parse(given) as VdafOptions) : fromWords(given);
    if (description !== null) return describeVdaf(vdafFromJSON(description));
  } catch (error) {
    if (error instanceof PrioError) throw new UsageError(`${subject}: ${error.message}`);
    if (error instanceof SyntaxError) throw new UsageError(`${subject}: expected JSON, got something else`);
    throw error;
  }
  throw new UsageError(`${subject}: expected one of ${VDAF_FORMS}; got "${text}"`);
}

function fromWords(text: string): VdafOptions | null {
  const [name = "", ...parts] = text.split(":");
  const prio1 = /^(\d{1,6})x(\d{1,2})$/.exec(parts[0] ?? "");
  if (name === "prio1" && prio1 !== null && parts.length === 1) {
    return { type: "Prio1", count: Number(prio1[1]), precision: Number(prio1[2]) };
  }
  if (parts.some((part) => !/^\d{1,15}$/.test(part))) return null;
  const [a = 0, b = 0] = parts.map(Number);
  switch (`${name}/${parts.length}`) {
    case "count/0":
      return { type: "Prio3Count" };
    case "sum/1":
      return { type: "Prio3Sum", maxMeasurement: a };
    case "sumvec/2":
      return { type: "Prio3SumVec", length: a, maxMeasurement: b };
    case "histogram/1":
      return { type: "Prio3Histogram", length: a };
    case "multihot/2":
      return { type: "Prio3MultihotCountVec", length: a, maxWeight: b };
    case "l1/2":
      return { type: "Prio3L1BoundSum", length: a, maxValue: b };
    case "prio1/1":
      return { type: "Prio1", fields: a };
    default:
      return null;
  }
}

/** Seconds since 1970 of a moment such as `2026-12-01` or `2026-12-01T08:00Z`. */
export function readMoment(text: string, subject: string): number {
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(text.trim());
  const milliseconds = isDate ? Date.parse(text.trim()) : Number.NaN;
  if (Number.isNaN(milliseconds)) {
    throw new UsageError(`${subject}: expected a moment in UTC such as 2026-12-01 or 2026-12-01T08:00Z, got "${text}"`);
  }
  return milliseconds / 1000;
}

/** Seconds since 1970 for people, in UTC. */
export const momentText = (seconds: number): string =>
  new Date(seconds * 1000)
    .toISOString()
    .replace(/:\d\d\.\d+Z$/, "Z")
    .replace("T", " ");

/** 64 hex digits in groups that can be read aloud. */
export const hashText = (hash: string): string => hash.match(/.{1,4}/g)?.join(" ") ?? hash;

/** Lets an OperatorError or a PrioError of `read` be one of usage, with the option's name before it. */
export function usage<T>(subject: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (error instanceof OperatorError) throw new UsageError(error.message, error.hint);
    if (error instanceof PrioError) throw new UsageError(`${subject}: ${error.message}`);
    throw error;
  }
}
