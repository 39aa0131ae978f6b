// The names of a task's counters, which operators see, and how they are added up within a transaction.

import { reportErrorName } from "prio/dap";
import type { Transaction } from "../store/store.js";

export const COUNTERS = {
  /** Reports that clients uploaded, and the leader took. */
  uploaded: "uploaded",
  /** Reports in a partial aggregate. */
  aggregated: "aggregated",
  /** Reports that the leader gave up with their job. */
  abandoned: "abandoned",
  /** How often a report was too early for the helper, and will come again. */
  postponed: "postponed",
  /** Reports in batches that were closed. */
  collected: "collected",
} as const;

/** What stands before the reason that reports were refused for. */
export const REFUSED = "refused:";

/** The counter of reports that were refused with a code of `ReportError`. */
export function refusedCounter(error: number): string {
  return REFUSED + reportErrorName(error);
}

/** Adds to counters what is not 0. */
export async function addCounters(
  tx: Transaction,
  task: number,
  sums: Iterable<readonly [string, number]>,
): Promise<void> {
  const counters = [...sums].filter(([, n]) => n !== 0).map(([name, n]) => ({ task, name, n }));
  if (counters.length > 0) await tx.addCounters(counters);
}
