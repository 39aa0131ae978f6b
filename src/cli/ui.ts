// How the command talks: results on standard output, everything else on standard error in one voice, with colour and a
// progress line where a person is watching.

import type { Readable, Writable } from "node:stream";
import type { Failure } from "./failure.js";

/** A stream of ours that may be a terminal. */
export interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What surrounds a run. Tests put their own here. */
export interface Surroundings {
  readonly stdin: Readable;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const STYLES = { bold: "1", dim: "2", red: "31", yellow: "33", cyan: "36" } as const;
export type Style = keyof typeof STYLES;

/** Whether a stream shows colours: not under NO_COLOR (no-color.org), TERM=dumb, or in a pipe. */
export function hasColor(stream: Terminal, env: Surroundings["env"]): boolean {
  return stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** Wraps text in a style when the stream shows it. */
export function painter(stream: Terminal, env: Surroundings["env"]): (style: Style, text: string) => string {
  const wanted = hasColor(stream, env);
  return (style, text) => (wanted ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
}

/** Talks on standard error. `quiet` leaves errors only. */
export class Talk {
  readonly quiet: boolean;
  readonly #stderr: Terminal;
  readonly #paint: (style: Style, text: string) => string;
  readonly #warned = new Set<string>();
  /** Shows or removes the progress line, when there is one. */
  #progress: Progress | undefined;

  constructor({ stderr, env }: Surroundings, quiet: boolean) {
    this.quiet = quiet;
    this.#stderr = stderr;
    this.#paint = painter(stderr, env);
  }

  error({ message, hint }: Pick<Failure, "message" | "hint">): void {
    this.#line(`${this.#paint("red", "prio: error:")} ${message}`);
    if (hint !== undefined) this.#line(`${this.#paint("cyan", "prio: hint:")} ${hint}`);
  }

  hint(text: string): void {
    if (!this.quiet) this.#line(`${this.#paint("cyan", "prio: hint:")} ${text}`);
  }

  /** Says it once a run. */
  warn(text: string): void {
    if (this.quiet || this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#line(`${this.#paint("yellow", "prio: warning:")} ${text}`);
  }

  say(text: string): void {
    if (!this.quiet) this.#line(`${this.#paint("dim", "prio:")} ${text}`);
  }

  /** A plain line, without a name before it. */
  plain(text: string): void {
    if (!this.quiet) this.#line(text);
  }

  /** Starts the progress line of a stage; `read` and `size` in bytes of the input. */
  progress(stage: string, env: Surroundings["env"], size: number | undefined, read: () => number): Progress {
    const shown = this.#stderr.isTTY === true && !this.quiet && !env["CI"] && env["TERM"] !== "dumb";
    this.#progress = new Progress(shown ? this.#stderr : undefined, stage, size, read, this.#paint);
    return this.#progress;
  }

  #line(text: string): void {
    this.#progress?.clear();
    this.#stderr.write(`${printable(text)}\n`);
  }
}

/** Text with everything that could steer a terminal made visible, but for the styles of our own. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/(\x1b\[\d+m)|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c, style: string | undefined) =>
    style === undefined ? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}` : style,
  );
}

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
