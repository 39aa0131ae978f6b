// The line that `prio collect` shows while it waits for the leader.

import { clipColumns } from "./display-width.js";
import type { Painter, Terminal } from "./io.js";
import { clock } from "./progress.js";
import { shown } from "./untrusted-text.js";

/** Milliseconds between two drawings. */
const INTERVAL = 1000;

/** A line that is rewritten in place each second. Without a stream it shows nothing. */
export class WaitLine {
  readonly #stream: Terminal | undefined;
  readonly #paint: Painter;
  readonly #started = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #why = "";
  #until = 0;
  #isVisible = false;

  constructor(stream: Terminal | undefined, paint: Painter) {
    this.#stream = stream;
    this.#paint = paint;
  }

  /** Whether somebody sees it. */
  get isShown(): boolean {
    return this.#stream !== undefined;
  }

  /** Shows what is waited for, and in how many milliseconds the leader is asked again. */
  wait(why: string, milliseconds: number): void {
    if (this.#stream === undefined) return;
    this.#why = why;
    this.#until = performance.now() + milliseconds;
    this.#timer ??= setInterval(() => this.#draw(), INTERVAL).unref();
    this.#draw();
  }

  /** Takes the line away, for another line to be written. The next second draws it again. */
  clear(): void {
    if (this.#isVisible) this.#stream?.write("\r\x1b[K");
    this.#isVisible = false;
  }

  /** Takes the line away for good. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    const now = performance.now();
    const left = Math.max(0, Math.ceil((this.#until - now) / 1000));
    const next = left === 0 ? "asking" : `asking again in ${left} s`;
    const text = `${clock((now - this.#started) / 1000)}  ${shown(this.#why)}  (${next})`;
    const columns = Math.max(1, (this.#stream?.columns || 80) - 1);
    this.#stream?.write(`\r\x1b[K${this.#paint("dim", clipColumns(text, columns))}`);
    this.#isVisible = true;
  }
}
