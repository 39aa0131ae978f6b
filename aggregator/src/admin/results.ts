// Results that collectors give back, for the operators' page: what `prio collect` writes as JSON, checked, and kept as
// small JSON.

import type { Store } from "../store/store.js";
import { findTask } from "../tasks/changes.js";
import { parseObject } from "../tasks/exchange.js";
import { OperatorError } from "../tasks/operator-error.js";

/** A result as the page shows it. */
export interface ShownResult {
  /**
   * Unique in the task: the interval, with the job of a batch that the leader chose, or what the collector calls it.
   */
  readonly name: string;
  readonly reports: number;
  /** A total for each bucket, or one. Decimal, because totals may be larger than 2^53. */
  readonly totals: readonly string[];
  /** Names of the totals, in their order; empty for numbers from 0 on. */
  readonly labels: readonly string[];
  /** The standard deviation of the noise in each total; null where the collector did not say. */
  readonly deviation: number | null;
}

const MAX_TOTALS = 100_000;
const MAX_NAME = 100;

/**
 * Reads a result: `result` is an integer or a list of integers (numbers or decimal strings), `reportCount` or `reports`
 * how many reports it is of, `start` and `end` the interval, `job` the id of the job of a batch that the leader chose;
 * `name`, `labels` and `deviation` may be there. Throws an OperatorError.
 */
export function readResult(text: string, subject: string): ShownResult {
  const given = parseObject(text, subject);
  const fail = (what: string): OperatorError => new OperatorError(`${subject}: ${what}`);
  const { result, labels = [], deviation = null } = given;
  const totals = (Array.isArray(result) ? (result as unknown[]) : [result]).map(integer);
  if (totals.length === 0 || totals.length > MAX_TOTALS || totals.some((total) => total === null)) {
    throw fail("result: expected an integer or a list of integers");
  }
  const reports = Number(integer(given["reportCount"] ?? given["reports"]) ?? Number.NaN);
  if (!Number.isSafeInteger(reports) || reports < 0) throw fail("reportCount: expected a number of reports");
  const isNames = Array.isArray(labels) && labels.every((label) => typeof label === "string");
  if (!isNames || (labels.length > 0 && labels.length !== totals.length)) {
    throw fail(`labels: expected a list of ${totals.length} strings`);
  }
  if (deviation !== null && !(typeof deviation === "number" && deviation >= 0)) {
    throw fail("deviation: expected a number from 0 on");
  }
  const name = given["name"] ?? batchName(given);
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME) {
    throw fail("expected a start and an end of the interval, or a name");
  }
  return { name, reports, totals: totals as string[], labels: labels as string[], deviation };
}

/**
 * Keeps a result of the task that is named by its id or its first characters. `check` throws for a task that it is not
 * of. Throws an OperatorError.
 */
export function putResult(
  store: Store,
  task: string,
  result: ShownResult,
  at: number,
  check?: (idText: string) => void,
): Promise<void> {
  return store.run("put result", async (tx) => {
    const { key, id } = await findTask(tx, task);
    check?.(Buffer.from(id).toString("base64url"));
    await tx.putResult({ task: key, name: result.name, result: JSON.stringify(result), at });
    await tx.insertAudit({ at, what: `result ${result.name} put`, task: key });
  });
}

/** An integer in decimal digits, or null. */
function integer(x: unknown): string | null {
  if (typeof x === "boolean" || typeof x === "object") return null;
  return /^-?\d{1,40}$/.test(`${x}`) ? `${x}` : null;
}

/** Batches that the leader chose may have the same times, even to the minute, and no other name than their jobs'. */
function batchName({ start, end, job }: Readonly<Record<string, unknown>>): string | null {
  const interval = intervalName(start, end);
  return interval === null || typeof job !== "string" ? interval : `${interval}, collection ${job}`;
}

function intervalName(start: unknown, end: unknown): string | null {
  const [from, to] = [start, end].map((x) => {
    const time = typeof x === "string" ? Date.parse(x) : typeof x === "number" ? x * 1000 : Number.NaN;
    return Math.abs(time) < 8.64e15 ? new Date(time).toISOString().replace(/:00\.000Z$/, "Z") : null;
  });
  return from == null || to == null ? null : `${from}/${to}`;
}
