// A server's aggregate as a file: a JSON object with its total share, the rows left out and all rows, and with notes of
// the noise in it, if there is some. A server that counted a batch in parts has one object a line for each part.

import { isUtf8 } from "node:buffer";
import { isBlank } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import type { Input } from "../files/input.js";
import { type JsonToken, scanObject, stringOf } from "../files/json-scanner.js";
import { isNoiseNote } from "./noise.js";
import { base64, decodeBase64 } from "./rows.js";

/** Longest file that is read, in bytes: an aggregate of 262,143 totals takes 4.2 MB. */
const MAX_AGGREGATE = 2 ** 26;
/** Longest list of notes that is read, in bytes: of some 10,000 parts that were added up. */
const MAX_NOTES = 2 ** 20;
/** Longest count that is read, in characters. */
const MAX_DIGITS = 32;

export interface Aggregate {
  /** The server's total shares, one for each part. */
  readonly shares: readonly Uint8Array[];
  /** How many reports are in them. */
  readonly reports: number;
  /** The notes of all draws of noise in them. */
  readonly noise: readonly string[];
  /** How many parts that have reports have no noise. */
  readonly exactParts: number;
}

/** The file's text. `errors` of the `total` rows were left out; `noise` is the note of the noise in the share. */
export function formatAggregate(share: Uint8Array, errors: number, total: number, noise?: string): string {
  // Python's command does not look for this member.
  const note = noise === undefined ? "" : `, "noise": ${JSON.stringify([noise])}`;
  return `{"payload": "${base64(share)}", "error": ${errors}, "total": ${total}${note}}`;
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
  return addUp(
    parts.map(({ share, reports, noise }) => ({
      shares: [share],
      reports,
      noise,
      exactParts: reports > 0 && noise.length === 0 ? 1 : 0,
    })),
  );
}

/** Aggregates of parts as one. */
export function addUp(parts: readonly Aggregate[]): Aggregate {
  return {
    shares: parts.flatMap(({ shares }) => shares),
    reports: parts.reduce((sum, { reports }) => sum + reports, 0),
    noise: parts.flatMap(({ noise }) => noise),
    exactParts: parts.reduce((sum, { exactParts }) => sum + exactParts, 0),
  };
}

interface Part {
  readonly share: Uint8Array;
  readonly reports: number;
  readonly noise: readonly string[];
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
  const members = isUtf8(bytes) ? scanObject(bytes, ["payload", "error", "total", "noise"]) : null;
  const [payload, error, total, notes] = members ?? [];
  const share = payload?.kind === "string" ? decodeBase64(stringOf(bytes, payload)) : null;
  const [errors, rows] = [countOf(bytes, error), countOf(bytes, total)];
  const noise = notesOf(bytes, notes);
  if (share === null || errors === undefined || rows === undefined || errors > rows || noise === null) return null;
  return { share, reports: rows - errors, noise };
}

/** The notes of noise: none without the member, and null if it is not what this command writes. */
function notesOf(bytes: Buffer, token: JsonToken | undefined): readonly string[] | null {
  if (token === undefined) return [];
  if (token.kind !== "array" || token.end - token.start > MAX_NOTES) return null;
  const notes: unknown = JSON.parse(bytes.toString("utf8", token.start, token.end));
  const areNotes = Array.isArray(notes) && notes.every((note) => typeof note === "string" && isNoiseNote(note));
  return areNotes ? (notes as string[]) : null;
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
