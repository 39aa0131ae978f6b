// A collected result as a table with bars, as CSV or as JSON.

import type { DapTask } from "../dap/index.js";
import { csvLine } from "../files/csv.js";
import { openOutput, withOutputs } from "../files/output.js";
import type { CollectedNoise } from "./collected-noise.js";
import type { Run } from "./run.js";
import { table } from "./table.js";
import { escapedJson, printable } from "./untrusted-text.js";

export const COLLECTION_FORMATS = ["table", "csv", "json"] as const;

/** What is shown. */
export interface CollectionResult {
  readonly task: DapTask;
  readonly start: Date;
  readonly end: Date;
  /** The id of the job of a batch that the leader chose, which tells it from others of the same times; else null. */
  readonly job: string | null;
  readonly reports: number;
  readonly totals: readonly bigint[];
  readonly labels: readonly string[];
  readonly noise: CollectedNoise | null;
}

/** VDAFs whose totals count reports. The totals of all others are sums. */
const COUNTS = new Set(["Prio3Count", "Prio3Histogram", "Prio3MultihotCountVec"]);

/** Writes the result to a file, whole or not at all, or to standard output for "-". */
export async function writeCollection(
  { io }: Run,
  result: CollectionResult,
  format: (typeof COLLECTION_FORMATS)[number],
  path: string,
): Promise<void> {
  if (path === "-" && format === "table") {
    io.stdout.write(tableOf(result, io.stdout, io.env));
    return;
  }
  const isTerminal = path === "-" && io.stdout.isTTY === true;
  const text =
    format === "json"
      ? jsonOf(result)
      : format === "csv"
        ? csvOf(result)
        : tableOf(result, io.stderr, { NO_COLOR: "1" });
  await withOutputs([() => openOutput(path, io)], [], async ([output]) => {
    // Outputs take ASCII, or the bytes of UTF-8 one character each.
    const shown = isTerminal ? text.replace(/[^\n]+/g, printable) : text;
    await output?.write(Buffer.from(shown).toString("latin1"));
  });
}

function tableOf(
  { task, start, end, reports, totals, labels, noise }: CollectionResult,
  stream: Run["io"]["stdout"],
  env: Run["io"]["env"],
): string {
  const title = `${timeText(start)} to ${timeText(end)}`;
  const isCount = COUNTS.has(task.vdaf.type) || "fields" in task.vdaf;
  const deviation = noise === null ? {} : { deviation: noise.deviation };
  const results = { title, totals, labels, reports, precision: isCount ? undefined : 0, ...deviation };
  const notes =
    noise === null
      ? ""
      : `noise: ${noise.leader} of the leader, ${noise.helper} of the helper; ± is two standard deviations\n`;
  return `${table(results, stream, env)}${notes}`;
}

/** In UTC, to the minute where there are no seconds. */
function timeText(time: Date): string {
  return time
    .toISOString()
    .replace(/\.000Z$/, "Z")
    .replace(/:00Z$/, "Z");
}

function csvOf({ start, end, reports, totals, labels, noise }: CollectionResult): string {
  const columns = ["start", "end", "reports", "label", "total", ...(noise === null ? [] : ["deviation"])];
  const rows = totals.map((total, i) => [
    timeText(start),
    timeText(end),
    reports,
    labels[i] as string,
    total,
    ...(noise === null ? [] : [noise.deviation]),
  ]);
  return [columns, ...rows].map(csvLine).join("");
}

/** One object on one line. Totals are numbers, or decimal strings where a number would lose digits. */
function jsonOf({ task, start, end, job, reports, totals, labels, noise }: CollectionResult): string {
  const object = {
    task: task.idText,
    start: timeText(start),
    end: timeText(end),
    ...(job === null ? {} : { job }),
    reportCount: reports,
    result: totals.map((total) => (Number.isSafeInteger(Number(total)) ? Number(total) : `${total}`)),
    labels,
    ...(noise === null ? {} : { noise: { leader: noise.leader, helper: noise.helper }, deviation: noise.deviation }),
  };
  return `${escapedJson(object)}\n`;
}
