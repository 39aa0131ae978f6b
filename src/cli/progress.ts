// The progress line of a stage, on a terminal: share of the input, rows, rate and time left.

import type { Style, Terminal } from "./io.js";

/** Milliseconds between two updates. */
const PROGRESS_INTERVAL = 100;
/** Milliseconds before the first one: no rate is meaningful earlier. */
const PROGRESS_DELAY = 400;

/** A line that is rewritten in place. Without a stream it shows nothing. */
export class Progress {
  readonly #stream: Terminal | undefined;
  readonly #stage: string;
  readonly #size: number | undefined;
  readonly #read: () => number;
  readonly #paint: (style: Style, text: string) => string;
  readonly #started = performance.now();
  #shownAt = 0;
  #visible = false;

  constructor(
    stream: Terminal | undefined,
    stage: string,
    size: number | undefined,
    read: () => number,
    paint: (style: Style, text: string) => string,
  ) {
    this.#stream = stream;
    this.#stage = stage;
    this.#size = size;
    this.#read = read;
    this.#paint = paint;
  }

  /** Shows that `count` rows are done. It limits its own updates, so call it at every chunk. */
  rows(count: number): void {
    if (this.#stream === undefined) return;
    const now = performance.now();
    const elapsed = now - this.#started;
    if (elapsed < PROGRESS_DELAY || now - this.#shownAt < PROGRESS_INTERVAL) return;
    this.#shownAt = now;
    this.#visible = true;
    const width = Math.max(1, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\x1b[K${this.#fit(progressParts(count, elapsed / 1000, this.#size, this.#read()), width)}`);
  }

  clear(): void {
    if (!this.#visible) return;
    this.#visible = false;
    this.#stream?.write("\r\x1b[K");
  }

  /** The stage, and as many of the parts as fit the width, the most important first. */
  #fit(parts: readonly string[], width: number): string {
    let line = this.#stage;
    for (const part of parts) {
      if (line.length + 2 + part.length > width) break;
      line += `  ${part}`;
    }
    return line.startsWith(this.#stage) && line.length <= width
      ? this.#paint("bold", this.#stage) + line.slice(this.#stage.length)
      : line.slice(0, width);
  }
}

/** The parts of the line; share and time left only when the size of the input is known. */
export function progressParts(count: number, seconds: number, size: number | undefined, read: number): string[] {
  const rows = `${count.toLocaleString("en-US")} rows`;
  const rate = `${Math.round(count / seconds).toLocaleString("en-US")} rows/s`;
  if (size === undefined || size === 0 || read === 0) return [rows, rate];
  const share = Math.min(1, read / size);
  return [`${Math.floor(100 * share)} %`, rows, rate, `${clock((seconds * (1 - share)) / share)} left`];
}

/** A duration as 1:02:03, or 2:03 below an hour. */
export function clock(seconds: number): string {
  const s = Math.round(seconds);
  const two = (x: number): string => String(x).padStart(2, "0");
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s < 3600 ? rest.replace(/^0/, "") : `${Math.floor(s / 3600)}:${rest}`;
}
