// Where the batches of a day stand, as a table.

import { clipColumns, displayWidth, padColumns } from "./display-width.js";
import { type Io, painter, type Style, type Terminal } from "./io.js";
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

/** The table, with a heading that names the day. Columns without a value are left out; the last one is cut to fit. */
export function standingsTable(date: string, rows: readonly TableRow[], stream: Terminal, env: Io["env"]): string {
  const paint = painter(stream, env);
  const columns = HEADINGS.filter(([name]) => rows.some((row) => row[name] !== undefined && row[name] !== null));
  const cells = rows.map((row) => columns.map(([name]) => cell(row[name], name)));
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
  const most = stream.isTTY === true ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY;
  const painted = (row: TableRow, text: string): string => {
    const style = STYLES[row.state];
    return style === undefined ? text : paint(style, text);
  };
  const body = rows.map((row, i) => painted(row, clipColumns(line(cells[i] as string[]), most)));
  return `${[paint("bold", date), clipColumns(line(heads), most), ...body].join("\n")}\n`;
}

function cell(value: string | number | null | undefined, name: keyof TableRow): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number") return value.toLocaleString("en-US");
  const text = name === "since" ? value.replace(/\.\d+Z$/, "Z") : shown(value);
  return name === "batch" ? clipColumns(text, MAX_BATCH) : text;
}
