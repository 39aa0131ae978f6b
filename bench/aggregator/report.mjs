// The table of docs/performance.md about the pair of servers, and what a run prints.

import { digits, table, thousands } from "../format.mjs";

/** @import { AggregatorResults, AggregatorRow } from "../results.js" */

/** @param {AggregatorRow} row */
function cells({ what, store, reports, perSecond, microseconds, loadMicroseconds }) {
  return [
    what,
    store,
    thousands(reports),
    thousands(Math.round(perSecond)),
    microseconds.map(digits).join(" + "),
    loadMicroseconds === undefined ? "" : digits(loadMicroseconds),
  ];
}

const HEADER = ["", "store", "reports", "reports a second", "processor, µs a report", "the load's own, µs"];

/** @param {readonly AggregatorRow[]} rows */
export const rowsTable = (rows) => table(HEADER, rows.map(cells));

/** @param {AggregatorResults} results @returns {Record<string, string>} */
export function aggregatorTables({ processor, runtime, load: [before, after], rows, memory }) {
  const origin = `${runtime} on ${processor}, at a load of ${digits(before)} before and ${digits(after)} after.`;
  const growth = memory.samples.map(({ reports, leaderMb, helperMb }) => [
    thousands(reports),
    `${Math.round(leaderMb)} MB`,
    `${Math.round(helperMb)} MB`,
  ]);
  return {
    "bench: aggregator": `${rowsTable(rows)}\n\n${origin}`,
    "bench: aggregator memory": table(["reports counted", "leader", "helper"], growth),
  };
}
