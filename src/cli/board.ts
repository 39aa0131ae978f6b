// Where the batches of an unattended run stand, on a terminal: a line a batch, redrawn in place.

import type { BatchStanding, State } from "../process/standings.js";
import { clipColumns, padColumns } from "./display-width.js";
import type { Painter, Style, Terminal } from "./io.js";
import { shown } from "./untrusted-text.js";

/** Milliseconds between two drawings. */
const INTERVAL = 100;
const MAX_NAME = 40;

interface Line {
  readonly standing: BatchStanding;
  readonly rows: number | undefined;
}

const STYLES: Partial<Record<State, Style>> = { published: "cyan", failed: "red", missing: "yellow", waiting: "dim" };

/** Lines that are rewritten in place. Without a stream it shows nothing. */
export class Board {
  readonly #stream: Terminal | undefined;
  readonly #paint: Painter;
  readonly #known: readonly string[];
  readonly #lines = new Map<string, Line>();
  #drawn = 0;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** What is `known` to be no secret is shown. */
  constructor(stream: Terminal | undefined, paint: Painter, known: readonly string[]) {
    this.#stream = stream;
    this.#paint = paint;
    this.#known = known;
  }

  get isShown(): boolean {
    return this.#stream !== undefined;
  }

  /** Sets a batch's line. It limits its own drawing, so call it at every step. */
  set(date: string, standing: BatchStanding, rows: number | undefined): void {
    this.#lines.set(`${date} ${standing.batch}`, { standing, rows });
    if (performance.now() - this.#drawnAt >= INTERVAL) this.draw();
  }

  draw(): void {
    if (this.#stream === undefined) return;
    this.#drawnAt = performance.now();
    const lines = this.#fitting();
    this.clear();
    this.#stream.write(lines.map((line) => `${line}\n`).join(""));
    this.#drawn = lines.length;
  }

  /** Takes the lines away, for other lines to be written. The next step draws them again. */
  clear(): void {
    if (this.#drawn === 0) return;
    this.#stream?.write(`\x1b[${this.#drawn}A\r\x1b[J`);
    this.#drawn = 0;
  }

  /** As many lines as the terminal has room for: those that are not done first. */
  #fitting(): string[] {
    const room = Math.max(2, (this.#stream?.rows ?? 24) - 2);
    const columns = (this.#stream?.columns ?? 80) - 1;
    const all = [...this.#lines];
    const open = all.filter(([, { standing }]) => standing.state !== "published" && standing.state !== "empty");
    const chosen = new Set(all.length <= room ? all : [...open, ...all].slice(0, room - 1));
    const rest = all.length - chosen.size;
    const names = [...chosen].map(([name]) => clipColumns(shown(name), MAX_NAME));
    const width = Math.max(0, ...names.map((name) => name.length));
    const lines = [...chosen].map(([, line], i) => {
      const text = clipColumns(
        `${padColumns(names[i] as string, width)}  ${shown(textOf(line), this.#known)}`,
        columns,
      );
      const style = STYLES[line.standing.state];
      return style === undefined ? text : this.#paint(style, text);
    });
    return rest === 0
      ? lines
      : [...lines, clipColumns(`and ${rest} more, of which ${all.length - open.length} are done`, columns)];
  }
}

/** What a batch does, in words. */
function textOf({ standing, rows }: Line): string {
  const { state, stage, waitingFor, reports, reason } = standing;
  if (state === "published") return reports === undefined ? "published" : `published, ${count(reports)} reports`;
  if (state === "waiting") return `waiting for ${waitingFor ?? "the peer"}`;
  if (state === "working") return rows === undefined ? stage : `${stage}, ${count(rows)} rows`;
  return reason === undefined ? state : `${state}: ${reason}`;
}

const count = (n: number): string => n.toLocaleString("en-US");
