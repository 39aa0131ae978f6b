// What an unattended run says: sentences for a person, or objects for a machine, one a line.

import type { ProcessEvent } from "../process/events.js";
import type { Io } from "./io.js";
import type { Reporter } from "./reporter.js";
import { escapedJson, masked } from "./untrusted-text.js";

export type Log = (event: ProcessEvent) => void;

/**
 * Sentences on standard error. What a terminal shows in its lines anyway is left out there: `isShown` says whether it
 * does.
 */
export function textLog(reporter: Reporter, isShown: () => boolean): Log {
  return ({ level, date, batch, stage, message }) => {
    const subject = [date, batch].filter((part) => part !== undefined).join(" ");
    const sentence = [subject, stage, message].filter((part) => part !== undefined && part !== "").join(": ");
    if (level === "error") reporter.error({ message: sentence, hint: undefined });
    else if (level === "warn") reporter.warn(sentence);
    else if (!isShown()) reporter.info(sentence);
  };
}

/** JSON objects on standard output, so that no warning of anybody else comes between them. */
export function jsonLog({ stdout }: Io, known: readonly string[]): Log {
  return ({ level, event, date, batch, stage, message, fields }) => {
    const time = new Date().toISOString();
    const text = masked(message, known);
    stdout.write(`${escapedJson({ time, level, event, date, batch, stage, ...fields, message: text })}\n`);
  };
}
