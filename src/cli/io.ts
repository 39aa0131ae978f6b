// The standard streams and the environment of a run, and which colours and characters a terminal gets.

import { fstatSync } from "node:fs";
import { type Readable, Writable } from "node:stream";
import { writeAll } from "../files/disk.js";

/** A standard stream, which may be a terminal. */
export interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  /** Its descriptor, where it is one of the process. */
  readonly fd?: number;
}

/** A signal ended a run that had time to end by itself. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("interrupted");
    this.exitCode = exitCode;
  }
}

/** Lets a command end by itself when the process gets a signal. Without a listener, the process ends at once. */
export class Interruption {
  readonly #controller = new AbortController();
  #isAwaited = false;

  /** Aborted with an {@link Interrupted} when the process gets a signal. Whoever takes it must end then. */
  get signal(): AbortSignal {
    this.#isAwaited = true;
    return this.#controller.signal;
  }

  /** Whether the process got a signal. */
  get isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  /** Returns false when no command waits for it, or when it is for the second time. */
  interrupt(exitCode: number): boolean {
    if (!this.#isAwaited || this.#controller.signal.aborted) return false;
    this.#controller.abort(new Interrupted(exitCode));
    return true;
  }
}

/** The standard streams and the environment. Tests pass their own. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interruption?: Interruption;
}

/**
 * Standard output as it is, or, where it is a file, a stream that writes all of it. Node's own stream takes no notice
 * when the system writes fewer bytes than it is given, as it does when the disk is nearly full.
 */
export function wholeOutput(stdout: Terminal & { readonly fd: number }): Terminal {
  const { fd } = stdout;
  if (!fstatSync(fd).isFile()) return stdout;
  const stream = new Writable({
    write(bytes: Buffer, _encoding, done) {
      try {
        writeAll(fd, bytes);
        done();
      } catch (error) {
        done(error as Error);
      }
    },
  });
  return Object.assign(stream, { fd });
}

const STYLES = { bold: "1", dim: "2", red: "31", yellow: "33", cyan: "36" } as const;
export type Style = keyof typeof STYLES;

/** Whether to write colours to a stream: not to a pipe, nor under NO_COLOR (no-color.org) or TERM=dumb. */
export function hasColor(stream: Terminal, env: Io["env"]): boolean {
  return stream.isTTY === true && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** Puts text in a style, or leaves it as it is. */
export type Painter = (style: Style, text: string) => string;

/** Returns a function that puts text in a style, or leaves it as it is when the stream gets no colours. */
export function painter(stream: Terminal, env: Io["env"]): Painter {
  const wanted = hasColor(stream, env);
  return (style, text) => (wanted ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
}
