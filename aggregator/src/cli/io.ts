// What a command of prio-aggregator reads and writes: its streams, files, and questions to a person. Tests hand in
// their own streams.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";
import { systemError, writePublicFile } from "../operators-files.js";
import { OperatorError } from "../tasks/operator-error.js";

export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Seconds since 1970. */
  readonly clock: () => number;
}

/** The command line is wrong: status 2. */
export class UsageError extends OperatorError {}

/** Far more than any document has. */
const MAX_FILE = 1 << 20;

export const print = (io: Io, text = ""): void => void io.stdout.write(`${text}\n`);
/** For people, beside the result: what to do next. */
export const note = (io: Io, text: string): void => void io.stderr.write(`${text}\n`);
export const printJson = (io: Io, value: unknown): void => print(io, JSON.stringify(value, null, 2));

/** Whether a person is there to answer. */
export const isInteractive = (io: Io): boolean => io.stdin.isTTY === true && io.stderr.isTTY === true;

/** The text of a small file; `-` is standard input. Throws an OperatorError. */
export async function readText(io: Io, path: string, what: string): Promise<string> {
  if (path === "-") {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of io.stdin) {
      chunks.push(Buffer.from(chunk as Uint8Array));
      size += (chunk as Uint8Array).length;
      if (size > MAX_FILE) throw new OperatorError(`standard input: expected ${what}, got more than ${MAX_FILE} bytes`);
    }
    return Buffer.concat(chunks).toString("utf8");
  }
  try {
    const bytes = readFileSync(path);
    if (bytes.length > MAX_FILE) throw new OperatorError(`${path}: expected ${what}, got more than ${MAX_FILE} bytes`);
    return bytes.toString("utf8");
  } catch (error) {
    throw systemError(error, `cannot read ${path}`);
  }
}

/** Writes a file that everybody may read, or standard output for `-` and none. Throws an OperatorError. */
export function writePublic(io: Io, path: string | undefined, text: string): void {
  if (path === undefined || path === "-") io.stdout.write(text);
  else writePublicFile(path, text);
}

/**
 * Asks a person on standard error until `read` takes the answer; what `read` throws is shown, and it asks again. An
 * empty answer is the suggestion.
 */
export async function ask<T>(
  io: Io,
  question: string,
  suggestion: string | null,
  read: (answer: string) => T,
): Promise<T> {
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    for (;;) {
      const given = (
        await lines.question(suggestion === null ? `${question}: ` : `${question} [${suggestion}]: `)
      ).trim();
      const answer = given === "" ? suggestion : given;
      if (answer === null) continue;
      try {
        return read(answer);
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        note(io, `  ${error.message}`);
      }
    }
  } catch (error) {
    // Ctrl-C and Ctrl-D.
    if (error instanceof Error && error.name === "AbortError") throw new OperatorError("stopped: nothing was changed");
    throw error;
  } finally {
    lines.close();
  }
}

/** Whether a person says yes. Asks on standard error. */
export async function confirms(io: Io, question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(io, `${question} yes or no`, null, (answer) => answer));
}

/** An option's value, or a person's answer. Throws a UsageError where there is neither. */
export function answerTo<T>(
  io: Io,
  given: string | undefined,
  option: string,
  question: string,
  suggestion: string | null,
  read: (text: string) => T,
): Promise<T> {
  if (given !== undefined) return Promise.resolve(read(given));
  if (!isInteractive(io)) throw new UsageError(`expected ${option}: there is no terminal to ask on`);
  return ask(io, question, suggestion, read);
}
