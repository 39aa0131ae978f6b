// A server's aggregate as a file: a JSON object with its total share, the rows left out and all rows. A server that
// counted a batch in parts has one object a line for each part.

import { Failure } from "./failure.js";
import type { Input } from "./input.js";
import { base64, decodeBase64 } from "./rows.js";

/** Longest file that is read, in bytes: an aggregate of 262,143 totals takes 4.2 MB. */
const MAX_AGGREGATE = 2 ** 26;

export interface Aggregate {
  /** The server's total shares, one for each part. */
  readonly shares: readonly Uint8Array[];
  /** How many reports are in them. */
  readonly reports: number;
}

/** The file's text. `errors` of the `total` rows were left out. */
export function formatAggregate(share: Uint8Array, errors: number, total: number): string {
  return `{"payload": "${base64(share)}", "error": ${errors}, "total": ${total}}`;
}

/** Reads an aggregate. Throws a Failure when the file holds anything else, or the same part twice. */
export async function readAggregate(input: Input): Promise<Aggregate> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input.pieces()) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_AGGREGATE) throw notAnAggregate(input);
  }
  const parts = objectsOf(Buffer.concat(pieces).toString("utf8")).map(readPart);
  const seen = new Set<string>();
  for (const part of parts) {
    if (part === null) throw notAnAggregate(input);
    const text = base64(part.share);
    // Parts without a report are all alike, and add nothing.
    if (part.reports > 0 && seen.has(text)) {
      throw new Failure(`${input.name}: two lines hold the same aggregate`, "each part of a batch counts once");
    }
    seen.add(text);
  }
  if (parts.length === 0) throw notAnAggregate(input);
  const found = parts.filter((part) => part !== null);
  return { shares: found.map(({ share }) => share), reports: found.reduce((sum, { reports }) => sum + reports, 0) };
}

/** The objects in a text: one over any number of lines, or one a line. Undefined stands for what is not JSON. */
function objectsOf(text: string): unknown[] {
  const whole = parse(text);
  return whole === undefined ? text.split("\n").flatMap((line) => (line.trim() === "" ? [] : [parse(line)])) : [whole];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The share and the count of an object, or null when it is no aggregate. */
function readPart(value: unknown): { readonly share: Uint8Array; readonly reports: number } | null {
  const { payload, error, total } = (value ?? {}) as { payload?: unknown; error?: unknown; total?: unknown };
  const share = typeof payload === "string" ? decodeBase64(payload) : null;
  return share === null || !isCount(error) || !isCount(total) || error > total
    ? null
    : { share, reports: total - error };
}

function isCount(x: unknown): x is number {
  return Number.isSafeInteger(x) && (x as number) >= 0;
}

function notAnAggregate({ name }: Input): Failure {
  return new Failure(
    `${name}: expected an aggregate: a JSON object with "payload", "error" and "total", or one a line`,
    "`prio inspect` tells what a file is",
  );
}
