// The streams and the environment around a run, and what a terminal shows.

import type { Readable, Writable } from "node:stream";

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

/** Text with everything that could steer a terminal made visible, but for the styles of our own. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  return text.replace(/(\x1b\[\d+m)|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (c, style: string | undefined) =>
    style === undefined ? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}` : style,
  );
}
