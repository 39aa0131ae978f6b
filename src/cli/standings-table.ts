// Where the batches of a day stand, as a table.

import { clipColumns, displayWidth, padColumns } from "./display-width.js";
import { type Io, type Painter, painter, type Style, type Terminal } from "./io.js";
import { shown } from "./untrusted-text.js";

/** A batch in the table. What is undefined or null is left out. */
export interface TableRow {
  readonly batch: string;
  readonly state: string;
  readonly own?: string | null | undefined;
  readonly peer?: string | null | undefined;
  readonly rows?: number | null | undefined;
  readonly leftOut?: number | null | undefined;
  readonly reports?: number | null | undefined;
  readonly since?: string | null | undefined;
  readonly note?: string | null | undefined;
}

const HEADINGS: readonly (readonly [keyof TableRow, string])[] = [
  ["batch", "batch"],
  ["state", "state"],
  ["own", "here"],
  ["peer", "peer"],
  ["rows", "rows"],
  ["leftOut", "left out"],
  ["reports", "reports"],
  ["since", "since"],
  ["note", ""],
];

const STYLES: Readonly<Record<string, Style>> = {
  published: "cyan",
  failed: "red",
  missing: "yellow",
  stopped: "yellow",
};
const MAX_BATCH = 40;

/**
 * The table, with a heading that names the day. Columns without a value are left out. Where a terminal has no room for
 * the notes, they stand below it, whole. What is `known` to be no secret, such as the public keys in paths, is shown.
 */
export function standingsTable(
  date: string,
  rows: readonly TableRow[],
  { env, ...io }: Pick<Io, "stdout" | "env">,
  known: readonly string[],
): string {
  const stream: Terminal = io.stdout;
  const most = stream.isTTY === true ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY;
  const paint = painter(stream, env);
  const widest = tableOf(date, rows, known, (_, text) => text, Number.POSITIVE_INFINITY);
  if (widest.split("\n").every((line) => displayWidth(line) <= most)) return tableOf(date, rows, known, paint, most);
  const notes = rows.flatMap(({ batch, note }) =>
    note === undefined || note === null ? [] : [`${cell(batch, "batch", known)}: ${cell(note, "note", known)}\n`],
  );
  const bare = rows.map(({ note: _, ...row }) => row);
  return `${tableOf(date, bare, known, paint, most)}${notes.join("")}`;
}

function tableOf(
  date: string,
  rows: readonly TableRow[],
  known: readonly string[],
  paint: Painter,
  most: number,
): string {
  const columns = HEADINGS.filter(([name]) => rows.some((row) => row[name] !== undefined && row[name] !== null));
  const cells = rows.map((row) => columns.map(([name]) => cell(row[name], name, known)));
  const heads = columns.map(([, heading]) => heading);
  const widths = columns.map((_, i) => Math.max(...[heads, ...cells].map((line) => displayWidth(line[i] ?? ""))));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => {
        const isNumber = ["rows", "leftOut", "reports"].includes(columns[i]?.[0] ?? "");
        const width = widths[i] as number;
        return isNumber ? text.padStart(width) : padColumns(text, width);
      })
      .join("  ")
      .trimEnd();
  const painted = (row: TableRow, text: string): string => {
    const style = STYLES[row.state];
    return style === undefined ? text : paint(style, text);
  };
  const body = rows.map((row, i) => painted(row, clipColumns(line(cells[i] as string[]), most)));
  return `${[paint("bold", date), clipColumns(line(heads), most), ...body].join("\n")}\n`;
}

function cell(value: string | number | null | undefined, name: keyof TableRow, known: readonly string[]): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return value.toLocaleString("en-US");
  const text = name === "since" ? value.replace(/\.\d+Z$/, "Z") : shown(value, known);
  return name === "batch" ? clipColumns(text, MAX_BATCH) : text;
}
