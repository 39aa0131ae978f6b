// Totals as a table with bars: of `prio publish --pretty`, `prio index` and `prio collect`.

import { systemFailure } from "../files/failure.js";
import { readSmallFile } from "../files/small-file.js";
import { clipColumns, displayWidth, padColumns } from "./display-width.js";
import { usageFailure } from "./exit.js";
import { type Io, painter, type Terminal } from "./io.js";
import { shown } from "./untrusted-text.js";

/** What the table shows: with a precision, sums of integers; without, how many reports said yes to each field. */
export interface Results {
  /** What the table is of; how many reports there are, if nothing is said. */
  readonly title?: string;
  readonly totals: readonly bigint[];
  readonly labels: readonly string[];
  /** How many reports the totals are of; one number for each total where these differ or are not all known. */
  readonly reports: number | readonly (number | undefined)[];
  readonly precision: number | undefined;
  /** The standard deviation of the noise in each total, if there is any. */
  readonly deviation?: number;
}

/** In columns of the terminal. */
const MAX_LABEL = 40;
/** Bytes of a file of labels: so many, and so many more for each label. */
const [MAX_LABELS, MAX_LABEL_BYTES] = [65536, 1024];
const MAX_BAR = 40;
/** How many standard deviations of noise are shown to either side. */
const DEVIATIONS = 2;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/**
 * The names of the fields, from a file with one a line or with a JSON array of strings. Without a file, 0, 1, 2 and so
 * on.
 */
export function readLabels(path: string | undefined, count: number): string[] {
  if (path === undefined) return Array.from({ length: count }, (_, i) => String(i));
  let text: string;
  try {
    const bytes = readSmallFile(path, MAX_LABELS + MAX_LABEL_BYTES * count);
    if (bytes === null) throw usageFailure(`${path}: expected ${count} labels, got more bytes than these can have`);
    text = bytes.toString("utf8").trim();
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
  const labels = text.startsWith("[") ? parseLabels(text, path) : text.split(/\r?\n/);
  if (labels.length !== count) throw usageFailure(`${path}: expected ${count} labels, got ${labels.length}`);
  return labels;
}

function parseLabels(text: string, path: string): string[] {
  try {
    const labels: unknown = JSON.parse(text);
    if (Array.isArray(labels) && labels.every((label) => typeof label === "string")) return labels;
  } catch {
    // Not JSON: the error below says so.
  }
  throw usageFailure(`${path}: expected a JSON array of strings`);
}

/**
 * One line for each field: its label, total, share of the reports or mean, and a bar. `stream` is where the table goes:
 * it decides on the width and the colours.
 */
export function table(
  { title, totals, labels, reports, precision, deviation }: Results,
  stream: Terminal,
  env: Io["env"],
): string {
  const paint = painter(stream, env);
  const names = labels.map((label) => clipColumns(shown(label), MAX_LABEL));
  const reach = deviation === undefined ? undefined : DEVIATIONS * deviation;
  const spread = reach === undefined ? "" : ` ± ${reach.toLocaleString("en-US", { maximumFractionDigits: 1 })}`;
  const counts = totals.map((total) => `${total.toLocaleString("en-US")}${spread}`);
  const reportsOf = totals.map((_, i) => (typeof reports === "number" ? reports : reports[i]));
  const notes = totals.map((total, i) => note(total, reportsOf[i] ?? 0, precision));
  const width = (texts: readonly string[]): number => texts.reduce((max, text) => Math.max(max, displayWidth(text)), 0);
  const [nameWidth, countWidth, noteWidth] = [width(names), width(counts), width(notes)];
  const left = (stream.columns || 80) - nameWidth - countWidth - noteWidth - 7;
  // A full bar stands for all reports, or for the greatest sum.
  const greatest = Number(totals.reduce((a, b) => (a > b ? a : b), 0n));
  const lines = names.map((name, i) => {
    const [count, note] = [counts[i] as string, notes[i] as string];
    const figures = `${count.padStart(countWidth)}  ${note.padStart(noteWidth)}`;
    const whole = precision === undefined ? (reportsOf[i] ?? greatest) : greatest;
    const room = Math.min(MAX_BAR, left);
    const drawn =
      reach === undefined ? bar(Number(totals[i]), whole, room) : noisyBar(Number(totals[i]), reach, whole, room);
    const painted = paint("cyan", drawn);
    return `${padColumns(name, nameWidth)}  ${figures}  ${painted}`.trimEnd();
  });
  const head = [...(title === undefined ? [] : [shown(title)]), ...countsOf(reportsOf)].join(": ");
  return `${paint("bold", head)}\n${lines.join("\n")}\n`;
}

/** How many reports there are, or from how many to how many; nothing where that is not known. */
function countsOf(reports: readonly (number | undefined)[]): string[] {
  const known = [...new Set(reports)].filter((count) => count !== undefined).sort((a, b) => a - b);
  const [least, most] = [known[0], known.at(-1)].map((count) => count?.toLocaleString("en-US"));
  if (least === undefined) return [];
  return [least === most ? `${least} reports` : `${least} to ${most} reports`];
}

function note(total: bigint, reports: number, precision: number | undefined): string {
  if (reports === 0) return "";
  const ratio = Number(total) / reports;
  return precision === undefined ? `${(100 * ratio).toFixed(1)} %` : `mean ${ratio.toFixed(2)}`;
}

/** The same with the reach of the noise, which is drawn lighter: a full bar is `whole`, and what is past it is cut. */
function noisyBar(part: number, reach: number, whole: number, width: number): string {
  if (width < 1 || whole <= 0) return "";
  const at = (x: number): number => Math.round((width * Math.min(Math.max(x, 0), whole)) / whole);
  return "█".repeat(at(part - reach)).padEnd(at(part + reach), "▒");
}

/** `part` of `whole` as a bar of up to `width` characters, in eighths. */
export function bar(part: number, whole: number, width: number): string {
  if (width < 1 || whole <= 0 || part <= 0) return "";
  const eighths = Math.round((8 * width * Math.min(part, whole)) / whole);
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] as string);
}
