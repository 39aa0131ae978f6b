// `prio demo`, which `npm start` runs: whole collections, with nothing to configure. It replays a batch recorded from
// Mozilla's libprio, and then simulates a collection with Prio v1 and one with Prio3, in which some clients cheat.

import { performance } from "node:perf_hooks";
import { clipColumns } from "../display-width.js";
import {
  describeCosts,
  describeTotal,
  describeTotals,
  faultsOf,
  format,
  meter,
  type Outcome,
  type Presentation,
  type Styles,
} from "./outcome.js";
import { PRECISION, QUESTIONS, simulatePrio1 } from "./prio1-simulation.js";
import { BUCKETS, simulatePrio3 } from "./prio3-simulation.js";
import { describeRecorded, faultsOfRecorded, replayRecordedBatch } from "./recorded-batch.js";

const CLIENTS = 1000;
/** 3 % of 1,000 clients. */
const CHEAT_EVERY = 33;

const LABELS = [
  ...[
    "has a pet",
    "plays an instrument",
    "slept badly",
    "rides a bicycle",
    "works at night",
    "likes olives",
    "owns a car",
  ],
  ...["voted last time", "smokes", "lives alone", "has a garden", "drinks coffee", "wears glasses", "cooks at home"],
  ...["uses dark mode", "reads books", "recycles", "takes the bus", "uses a phone", "has seen the sea"],
];

/** Where the demonstration writes its results and, on a terminal, its progress. */
export interface DemoOutput {
  write(text: string): void;
  /** Shows a progress line in place of the one before; `undefined` clears it. */
  progress(line: string | undefined): void;
  columns: number;
  color: boolean;
}

/** Runs the demonstration. Returns the exit code: 0, or 1 when a total is wrong or a cheating client got through. */
export function runDemo(output: DemoOutput): 0 | 1 {
  const style = styles(output.color);
  const line = (text = "") => output.write(`${text}\n`);
  const section = (title: string, lines: readonly string[]) => {
    line(style.bold(title));
    for (const text of lines) line(text && `   ${text}`);
    line();
  };

  const recorded = replayRecordedBatch();
  section("1. A batch recorded from Mozilla's libprio", describeRecorded(recorded, output.columns));

  const prio1 = simulatePrio1(CLIENTS, CHEAT_EVERY, progressOf(output));
  output.progress(undefined);
  const titleOf2 = `2. Prio v1: ${format(CLIENTS)} simulated clients, some of which cheat`;
  section(titleOf2, describePrio1(prio1, output.columns, style));

  const prio3 = simulatePrio3(CLIENTS, CHEAT_EVERY, progressOf(output));
  output.progress(undefined);
  const titleOf3 = `3. Prio3, the IETF's: ${format(CLIENTS)} simulated clients, some of which cheat`;
  section(titleOf3, describePrio3(prio3, output.columns, style));

  const faults = [...faultsOfRecorded(recorded), ...faultsOf(prio1), ...faultsOf(prio3)];
  for (const fault of faults) line(style.red(`   wrong: ${fault}`));
  line(
    faults.length === 0
      ? style.green("All totals are right and no cheat got through.")
      : style.red("This should not happen."),
  );
  return faults.length === 0 ? 0 : 1;
}

/** Shows how far a simulation is, a few times a second and on one line. */
function progressOf(output: DemoOutput): (done: number) => void {
  const started = performance.now();
  let shown = 0;
  return (done) => {
    const now = performance.now();
    if (now - shown < 80 && done < CLIENTS) return;
    shown = now;
    const rate = done / ((now - started) / 1000);
    const left = Math.ceil((CLIENTS - done) / rate);
    const reports = `${format(done)} of ${format(CLIENTS)} reports, ${format(Math.round(rate))} a second`;
    const text = `   ${meter(done / CLIENTS, output.columns < 80 ? 8 : 24)} ${reports}, ${left} s left`;
    // A line that wraps could not be cleared.
    output.progress(clipColumns(text, Math.max(2, output.columns - 1)));
  };
}

function describePrio1(outcome: Outcome, columns: number, style: Styles): string[] {
  const names = { A: "A", B: "B" };
  const presentation: Presentation = { head: "yes to", labels: LABELS, names, columns, style };
  const mean = Number(outcome.published[QUESTIONS]) / outcome.honest.sent;
  const sum = describeTotal(outcome, QUESTIONS, "books owned, sum", mean / 2 ** PRECISION, presentation);
  return [
    `${QUESTIONS} yes/no questions and a ${PRECISION}-bit integer each; two rounds of messages`,
    "",
    ...describeTotals(outcome, presentation),
    `${sum} mean ${mean.toFixed(1)}`,
    "",
    ...describeCosts(outcome, presentation),
  ];
}

function describePrio3(outcome: Outcome, columns: number, style: Styles): string[] {
  const names = { A: "the leader", B: "the helper" };
  const presentation: Presentation = { head: "books read in a year", labels: BUCKETS, names, columns, style };
  return [
    `one of ${BUCKETS.length} buckets each (Prio3Histogram); one message each way, shares unsealed`,
    "",
    ...describeTotals(outcome, presentation),
    "",
    ...describeCosts(outcome, presentation),
  ];
}

function styles(color: boolean): Styles {
  const style = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: style(1), green: style(32), red: style(31), cyan: style(36) };
}
