// The standard streams and the environment of a run, and which colours and characters a terminal gets.

import { fstatSync } from "node:fs";
import { type Readable, Writable } from "node:stream";
import { writeAll } from "../files/disk.js";

/** A standard stream, which may be a terminal. */
export interface Terminal extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  /** Its descriptor, where it is one of the process. */
  readonly fd?: number;
}

/** The standard streams and the environment. Tests pass their own. */
export interface Io {
  readonly stdin: Readable;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
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

/** Returns a function that puts text in a style, or leaves it as it is when the stream gets no colours. */
export function painter(stream: Terminal, env: Io["env"]): (style: Style, text: string) => string {
  const wanted = hasColor(stream, env);
  return (style, text) => (wanted ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);
}
