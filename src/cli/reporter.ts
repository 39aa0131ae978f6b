// Writes errors, hints, warnings and the progress line to standard error. Results go to standard output. Messages quote
// what the user gave; they are masked here, once for all.

import type { Failure } from "../files/failure.js";
import { type Io, type Painter, painter, type Terminal } from "./io.js";
import { Progress } from "./progress.js";
import { shown } from "./untrusted-text.js";

/** Writes messages to standard error; with `quiet`, errors only. */
export class Reporter {
  readonly quiet: boolean;
  readonly #stderr: Terminal;
  readonly #paint: Painter;
  readonly #warned = new Set<string>();
  /** What is redrawn on the terminal, once there is something: a line of text goes above it. */
  #drawn: { clear(): void } | undefined;
  #known: readonly string[] = [];

  constructor({ stderr, env }: Io, quiet: boolean) {
    this.quiet = quiet;
    this.#stderr = stderr;
    this.#paint = painter(stderr, env);
  }

  error({ message, hint }: Pick<Failure, "message" | "hint">): void {
    this.#line(message, this.#paint("red", "prio: error:"));
    if (hint !== undefined) this.#line(hint, this.#paint("cyan", "prio: hint:"));
  }

  hint(text: string): void {
    if (!this.quiet) this.#line(text, this.#paint("cyan", "prio: hint:"));
  }

  /** Writes the same warning only once a run. */
  warn(text: string): void {
    if (this.quiet || this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#line(text, this.#paint("yellow", "prio: warning:"));
  }

  info(text: string): void {
    if (!this.quiet) this.#line(text, this.#paint("dim", "prio:"));
  }

  /** A line without `prio:` before it. */
  plain(text: string): void {
    if (!this.quiet) this.#line(text);
  }

  /** Says that these texts are no secrets, such as public keys: they are not masked in what comes after. */
  know(...texts: readonly string[]): void {
    this.#known = [...this.#known, ...texts];
  }

  /** Whether lines can be redrawn: on a terminal, when somebody watches. */
  isWatched(env: Io["env"]): boolean {
    return this.#stderr.isTTY === true && !this.quiet && !env["CI"] && env["TERM"] !== "dumb";
  }

  /** Starts what is redrawn on standard error: `start` gets the stream, or undefined when nobody watches. */
  draw<T extends { clear(): void }>(env: Io["env"], start: (stream: Terminal | undefined, paint: Painter) => T): T {
    const drawn = start(this.isWatched(env) ? this.#stderr : undefined, this.#paint);
    this.#drawn = drawn;
    return drawn;
  }

  /** Starts the progress line of a stage. `size` is the input's bytes, `read` returns how many of them were read. */
  progress(stage: string, env: Io["env"], size: number | undefined, read: () => number): Progress {
    return this.draw(env, (stream, paint) => new Progress(stream, stage, size, read, paint));
  }

  #line(text: string, label?: string): void {
    this.#drawn?.clear();
    this.#stderr.write(`${label === undefined ? "" : `${label} `}${shown(text, this.#known)}\n`);
  }
}
