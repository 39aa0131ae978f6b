// How the command talks: results on standard output, everything else on standard error in one voice.

import type { Failure } from "../batch/failure.js";
import { painter, printable, type Style, type Surroundings, type Terminal } from "./io.js";
import { Progress } from "./progress.js";

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
