// The operations of which each database has queries of its own: where bulk work reads otherwise in the two.

import type { TimeRange, Transaction } from "../store.js";

export type ReportQueries = Pick<
  Transaction,
  "insertReports" | "waiting" | "countWaiting" | "claimReports" | "reportsOf" | "removeReports" | "moveReports"
>;
export type ReplayKeyQueries = Pick<Transaction, "insertReplayKeys" | "removeReplayKeys">;
export type BucketQueries = Pick<Transaction, "insertPartials" | "collectedAmong">;

/** The times of all reports. */
export const ALWAYS: TimeRange = { from: 0, to: Number.MAX_SAFE_INTEGER };
