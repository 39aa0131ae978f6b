// Which batch `prio collect` asks for: a day, an interval, or the next one that the leader has.

import type { CollectionQuery } from "../dap/index.js";
import { dayAfter, isDay } from "../process/clock.js";
import { usageFailure } from "./exit.js";
import type { Options } from "./options.js";
import { quoted } from "./untrusted-text.js";

/** The query of the options, or undefined if there is none of them. Throws a usage failure. */
export function queryFrom(options: Options): CollectionQuery | undefined {
  const [date, start, end] = ["date", "start", "end"].map((name) => options.given(name));
  const isNext = options.flag("next-batch");
  const ways = [date !== undefined, start !== undefined || end !== undefined, isNext].filter(Boolean).length;
  if (ways > 1) throw usageFailure("expected --date, or --start and --end, or --next-batch, got several of them");
  if (isNext) return "next-batch";
  if (date !== undefined) {
    if (!isDay(date)) throw usageFailure(`--date: expected a day as YYYY-MM-DD, got ${quoted(date)}`);
    return { start: new Date(date), end: new Date(dayAfter(date, 1)) };
  }
  if (start === undefined && end === undefined) return undefined;
  if (start === undefined || end === undefined) {
    throw usageFailure(`--${start === undefined ? "end" : "start"} needs --${start === undefined ? "start" : "end"}`);
  }
  return { start: timeFrom("start", start), end: timeFrom("end", end) };
}

const FORM = /^(\d{4}-\d\d-\d\d)(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]\d\d:\d\d))?$/;

/** A time: a day, which begins at midnight in UTC, a time of day with its time zone, or seconds since 1970. */
function timeFrom(option: string, text: string): Date {
  if (/^\d{1,11}$/.test(text)) return new Date(1000 * Number(text));
  const [, day = ""] = FORM.exec(text) ?? [];
  const time = isDay(day) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(time.getTime())) return time;
  throw usageFailure(
    `--${option}: expected a time such as 2026-03-01T12:00Z, or a day, got ${quoted(text)}`,
    "a time of day needs its time zone: Z for UTC, or +01:00",
  );
}
