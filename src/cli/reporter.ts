// Writes errors, hints, warnings and the progress line to standard error. Results go to standard output. Messages quote
// what the user gave; they are masked here, once for all.

import type { Failure } from "../files/failure.js";
import { type Io, painter, type Style, type Terminal } from "./io.js";
import { Progress } from "./progress.js";
import { shown } from "./untrusted-text.js";

/** Writes messages to standard error; with `quiet`, errors only. */
export class Reporter {
  readonly quiet: boolean;
  readonly #stderr: Terminal;
  readonly #paint: (style: Style, text: string) => string;
  readonly #warned = new Set<string>();
  /** The progress line, once a stage has started one. */
  #progress: Progress | undefined;

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

  /** Starts the progress line of a stage. `size` is the input's bytes, `read` returns how many of them were read. */
  progress(stage: string, env: Io["env"], size: number | undefined, read: () => number): Progress {
    const shown = this.#stderr.isTTY === true && !this.quiet && !env["CI"] && env["TERM"] !== "dumb";
    this.#progress = new Progress(shown ? this.#stderr : undefined, stage, size, read, this.#paint);
    return this.#progress;
  }

  #line(text: string, label?: string): void {
    this.#progress?.clear();
    this.#stderr.write(`${label === undefined ? "" : `${label} `}${shown(text)}\n`);
  }
}
