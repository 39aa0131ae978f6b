// A server's aggregate as a file: a JSON object with its total share, the rows left out and all rows. A server that
// counted a batch in parts has one object a line for each part.

import { isUtf8 } from "node:buffer";
import { isBlank } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import type { Input } from "../files/input.js";
import { type JsonToken, scanObject, stringOf } from "../files/json-scanner.js";
import { base64, decodeBase64 } from "./rows.js";

/** Longest file that is read, in bytes: an aggregate of 262,143 totals takes 4.2 MB. */
const MAX_AGGREGATE = 2 ** 26;
/** Longest count that is read, in characters. */
const MAX_DIGITS = 32;

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
  const parts: Part[] = [];
  const seen = new Set<string>();
  for (const part of partsOf(Buffer.concat(pieces))) {
    if (part === null) throw notAnAggregate(input);
    const text = base64(part.share);
    // Parts without a report are all alike, and add nothing.
    if (part.reports > 0 && seen.has(text)) {
      throw new Failure(`${input.name}: two lines hold the same aggregate`, "each part of a batch counts once");
    }
    seen.add(text);
    parts.push(part);
  }
  if (parts.length === 0) throw notAnAggregate(input);
  return { shares: parts.map(({ share }) => share), reports: parts.reduce((sum, { reports }) => sum + reports, 0) };
}

interface Part {
  readonly share: Uint8Array;
  readonly reports: number;
}

/** The aggregates in a file: one over any number of lines, or one a line. Null stands for what is none. */
function* partsOf(bytes: Buffer): Generator<Part | null> {
  const whole = readPart(bytes);
  if (whole !== null) return yield whole;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf("\n", start);
    const line = bytes.subarray(start, newline < 0 ? bytes.length : newline);
    if (!isBlank(line)) yield readPart(line);
    start += line.length + 1;
  }
}

/** The share and the count of an object, or null when it is no aggregate. */
function readPart(bytes: Buffer): Part | null {
  const [payload, error, total] = (isUtf8(bytes) ? scanObject(bytes, ["payload", "error", "total"]) : null) ?? [];
  const share = payload?.kind === "string" ? decodeBase64(stringOf(bytes, payload)) : null;
  const [errors, rows] = [countOf(bytes, error), countOf(bytes, total)];
  if (share === null || errors === undefined || rows === undefined || errors > rows) return null;
  return { share, reports: rows - errors };
}

/** A count of rows, or undefined when it is none. */
function countOf(bytes: Buffer, token: JsonToken | undefined): number | undefined {
  if (token?.kind !== "number" || token.end - token.start > MAX_DIGITS) return undefined;
  const count = Number(bytes.toString("latin1", token.start, token.end));
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}

function notAnAggregate({ name }: Input): Failure {
  return new Failure(
    `${name}: expected an aggregate: a JSON object with "payload", "error" and "total", or one a line`,
    "`prio inspect` tells what a file is",
  );
}
