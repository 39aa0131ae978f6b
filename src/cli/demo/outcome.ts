// What comes of a simulated collection, of Prio v1 or of Prio3: who was counted and refused, what it cost, and whether
// it is as it should be.

import { performance } from "node:perf_hooks";
import { bar } from "../table.js";

/** Columns of a bar, below which it says nothing. */
const MIN_BAR = 8;

/** A way to cheat, and the check that must refuse it. */
export interface Cheat {
  readonly name: string;
  readonly expected: string;
}

/** The results of a simulation. A is the server of that name, or the leader; B the other server, or the helper. */
export interface Outcome {
  readonly clients: number;
  /** The true totals of the honest clients. */
  truth: bigint[];
  /** The totals that are published. */
  published: bigint[];
  /** How many reports each server counted. */
  counted: { A: number; B: number };
  readonly honest: { sent: number; refused: number };
  readonly cheats: readonly { cheat: Cheat; sent: number; refused: number; by: Set<string> }[];
  readonly bytes: { toA: number; toB: number; between: number };
  /** Milliseconds for all reports together. */
  readonly time: { clients: number; A: number; B: number };
}

/** The outcome before the first client. */
export function outcomeOfNone(clients: number, totals: number, cheats: readonly Cheat[]): Outcome {
  return {
    clients,
    truth: new Array<bigint>(totals).fill(0n),
    published: [],
    counted: { A: 0, B: 0 },
    honest: { sent: 0, refused: 0 },
    cheats: cheats.map((cheat) => ({ cheat, sent: 0, refused: 0, by: new Set<string>() })),
    bytes: { toA: 0, toB: 0, between: 0 },
    time: { clients: 0, A: 0, B: 0 },
  };
}

/** The cheat of the `i`-th client if every `every`-th cheats, in each way in turn; undefined if it is honest. */
export function cheatOf(outcome: Outcome, i: number, every: number): Outcome["cheats"][number] | undefined {
  if ((i + 1) % every !== 0) return undefined;
  return outcome.cheats[Math.floor(i / every) % outcome.cheats.length];
}

/** Counts a report that was sent, and the check that refused it, if one did. Returns whether the client was honest. */
export function tally(outcome: Outcome, row: Outcome["cheats"][number] | undefined, by: string | undefined): boolean {
  const counts = row ?? outcome.honest;
  counts.sent++;
  if (by !== undefined) {
    counts.refused++;
    row?.by.add(by);
  }
  return row === undefined;
}

/** Runs `f`, and adds the milliseconds that it takes to those of `name`. */
export function timed<Name extends string, T>(time: Record<Name, number>, name: Name, f: () => T): T {
  const start = performance.now();
  const result = f();
  time[name] += performance.now() - start;
  return result;
}

/** What is wrong with an outcome, a sentence each; nothing, if all is well. */
export function faultsOf({ truth, published, honest, cheats, counted }: Outcome): string[] {
  const faults: string[] = [];
  const off = truth.filter((total, i) => total !== published[i]).length;
  if (off > 0 || truth.length !== published.length) faults.push(`${off} totals differ from the truth`);
  if (honest.refused > 0) faults.push(`${honest.refused} honest reports were refused`);
  if (counted.A !== honest.sent || counted.B !== honest.sent) faults.push("a server counted another number of reports");
  for (const { cheat, sent, refused, by } of cheats) {
    if (sent === 0) faults.push(`nobody tried ${cheat.name}`);
    if (refused < sent) faults.push(`${sent - refused} got through with ${cheat.name}`);
    if ([...by].some((check) => check !== cheat.expected)) faults.push(`${cheat.name} was refused by another check`);
  }
  return faults;
}

/** What the tables of an outcome say, and how they look. */
export interface Presentation {
  /** What stands above the labels. */
  readonly head: string;
  /** Each total's label. */
  readonly labels: readonly string[];
  /** The two servers' names. */
  readonly names: { readonly A: string; readonly B: string };
  /** Columns of the terminal. */
  readonly columns: number;
  readonly style: Styles;
}

export type Styles = Record<"bold" | "green" | "red" | "cyan", (text: string) => string>;

/** The totals beside the truth, a line each with a bar for the part of all reports. */
export function describeTotals(outcome: Outcome, presentation: Presentation): string[] {
  const { head, labels, style } = presentation;
  const rows = labels.map((label, k) =>
    describeTotal(outcome, k, label, Number(outcome.published[k]) / outcome.honest.sent, presentation),
  );
  return [style.bold(`${head.padEnd(20)}${"truth".padStart(7)}  ${"totals".padStart(7)}`), ...rows];
}

/** One total beside the truth, with a bar filled for `part` if the terminal has room for one. */
export function describeTotal(
  { truth, published }: Outcome,
  k: number,
  label: string,
  part: number,
  { columns, style }: Presentation,
): string {
  const right = published[k] === truth[k] ? style.green("=") : style.red("≠");
  const figures = `${label.padEnd(20)}${String(truth[k]).padStart(7)} ${right}${String(published[k]).padStart(7)}`;
  const width = Math.min(40, columns - 54);
  return width < MIN_BAR ? figures : `${figures} ${style.cyan(meter(part, width))}`;
}

/** Who cheated and what refused them, and what a report cost. */
export function describeCosts(outcome: Outcome, { names, style }: Presentation): string[] {
  const { clients, honest, cheats, bytes, time, counted } = outcome;
  const refusals = cheats.map(({ cheat, sent, refused, by }) => {
    const checks = [...by].join(", ") || "nobody";
    return `${cheat.name.padEnd(30)}${String(sent).padStart(4)}${String(refused).padStart(9)}   by ${checks}`;
  });
  const each = (total: number) => format(Math.round(total / clients));
  const perReport = (total: number) => `${(total / clients).toFixed(2)} ms`;
  const between = `${each(bytes.between)} between them`;
  const servers = `${names.A} ${perReport(time.A)}, ${names.B} ${perReport(time.B)}`;
  return [
    style.bold(`${"cheat".padEnd(30)}sent  refused`),
    ...refusals,
    `${"none (honest)".padEnd(30)}${String(honest.sent).padStart(4)}${String(honest.refused).padStart(9)}`,
    `counted at ${names.A} ${format(counted.A)}, at ${names.B} ${format(counted.B)}`,
    "",
    `bytes per report   ${each(bytes.toA)} to ${names.A}, ${each(bytes.toB)} to ${names.B}, ${between}`,
    `time per report    a client ${perReport(time.clients)}, ${servers}`,
  ];
}

/** A bar of `width` characters, filled for `part`, from 0 to 1. */
export function meter(part: number, width: number): string {
  return bar(part, 1, width).padEnd(width, "·");
}

export function format(x: number): string {
  return x.toLocaleString("en");
}
