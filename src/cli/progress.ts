// One line that tells how far a stage is, where a person is watching.

import type { Style, Terminal } from "./io.js";

const PROGRESS_INTERVAL = 100;
/** Below this a rate says nothing. */
const PROGRESS_DELAY = 400;

/** One line that tells how far a stage is: share, rows, rate and time left. */
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

  /** Called as often as one likes. */
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

  /** As many of the parts as the line has room for, the most telling first. */
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

export function progressParts(count: number, seconds: number, size: number | undefined, read: number): string[] {
  const rows = `${count.toLocaleString("en-US")} rows`;
  const rate = `${Math.round(count / seconds).toLocaleString("en-US")} rows/s`;
  if (size === undefined || size === 0 || read === 0) return [rows, rate];
  const share = Math.min(1, read / size);
  return [`${Math.floor(100 * share)} %`, rows, rate, `${clock((seconds * (1 - share)) / share)} left`];
}

/** 1:02:03, or 2:03 below an hour. */
export function clock(seconds: number): string {
  const s = Math.round(seconds);
  const two = (x: number): string => String(x).padStart(2, "0");
  const rest = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  return s < 3600 ? rest.replace(/^0/, "") : `${Math.floor(s / 3600)}:${rest}`;
}
