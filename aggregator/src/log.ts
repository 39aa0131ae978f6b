// Logs: one line an event, JSON by pino. What may stand in a line is a list of names with short values; everything else
// is dropped where it is written, so that no caller can log a request, an address, a share or a secret by mistake.

import { isIP } from "node:net";
import { type BaseLogger, type DestinationStream, pino } from "pino";

/** What the aggregator logs with: an event's fields, then its name. */
export type Logger = Pick<BaseLogger, "debug" | "info" | "warn" | "error" | "fatal">;

export const LEVELS = ["debug", "info", "warn", "error", "fatal", "silent"] as const;
export type Level = (typeof LEVELS)[number];

/** The fields that a line may have. Ids of reports are not among them. */
const FIELDS: ReadonlySet<string> = new Set([
  "attempts",
  "count",
  "err",
  "job",
  "key",
  "kind",
  "name",
  "port",
  "problem",
  "reason",
  "reports",
  "request",
  "role",
  "roles",
  "route",
  "seconds",
  "signal",
  "state",
  "status",
  "store",
  "task",
  "tls",
  "wait",
]);

/** Runs of characters that may hold an address, with a port behind it. */
const MAYBE_ADDRESS = /[0-9a-f]*[:.][0-9a-f:.]*/gi;
/** Anything long enough to be a key, a token or an id of 32 bytes. */
const LONG = /[A-Za-z0-9_+/=-]{44,}/g;

function withoutAddress(run: string): string {
  const ends = [run, run.replace(/:\d+$/, ""), run.replace(/[.:]+$/, ""), run.replace(/:\d+[.:]+$/, "")];
  return ends.some((one) => isIP(one) !== 0) ? "[address]" : run;
}

/** A text with addresses and long binary strings taken out, at most 500 characters. */
export function scrub(text: string): string {
  return text.slice(0, 2000).replace(MAYBE_ADDRESS, withoutAddress).replace(LONG, "[…]").slice(0, 500);
}

/** What is logged of an error: its class, its code, its scrubbed message and where it was thrown. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  const at = (error.stack ?? "")
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .slice(0, 6)
    .map((line) => line.slice(7).replace(/\(?(?:file:\/\/)?\/[^)]*\/(?=[^/)]*$)/, "("));
  return { name: error.name, ...(code === undefined ? {} : { code }), message: scrub(error.message), at };
}

function allowed(fields: Record<string, unknown>): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!FIELDS.has(name)) continue;
    if (name === "err") line["err"] = describeError(value);
    else if (typeof value === "string") line[name] = scrub(value);
    else if (typeof value === "number" || typeof value === "boolean") line[name] = value;
    else if (typeof value === "bigint") line[name] = String(value);
    else if (Array.isArray(value)) line[name] = value.filter((one) => typeof one === "string").map(scrub);
  }
  return line;
}

/** A logger that writes to standard output, or to `destination`. */
export function createLogger(level: Level, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }), log: allowed },
    serializers: { err: (described: unknown) => described },
    hooks: {
      // The message is an event's name; an error in its place is a fault of the caller, and its text must not get out.
      logMethod(this: unknown, args: unknown[], method: (...args: unknown[]) => void): void {
        const [first, second] = args;
        if (typeof first === "string") method.call(this, {}, scrub(first));
        else {
          const fields = first instanceof Error ? { err: first } : ((first ?? {}) as object);
          method.call(this, fields, typeof second === "string" ? scrub(second) : "event");
        }
      },
    },
  };
  return pino(options as Parameters<typeof pino>[0] & object, destination ?? pino.destination({ fd: 1, sync: true }));
}
