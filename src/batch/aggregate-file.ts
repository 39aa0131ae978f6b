// A server's aggregate as a file: a JSON object with its total share, the rows left out and all rows, and with notes of
// the noise in it, if there is some. A server that counted a batch in parts has one object for each part, in files of
// their own or one a line; such a partial aggregate may also say of which batch it is, and of which parts.

import { isUtf8 } from "node:buffer";
import { isBlank } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import type { Input } from "../files/input.js";
import { type JsonToken, scanObject, stringOf } from "../files/json-scanner.js";
import type { Batch } from "./batch.js";
import { isNoiseNote } from "./noise.js";
import { base64, decodeBase64, pythonString } from "./rows.js";

/** Longest file that is read, in bytes: an aggregate of 262,143 totals takes 4.2 MB. */
const MAX_AGGREGATE = 2 ** 26;
/** Longest list that is read, in bytes: of the notes or the digests of some 30,000 parts. */
const MAX_LIST = 2 ** 20;
/** Longest count that is read, in characters. */
const MAX_DIGITS = 32;

/** The batch that a partial aggregate says it is of. */
export type NamedBatch = Pick<Batch, "batchId" | "count" | "precision">;

/** One aggregate. */
export interface AggregateObject {
  readonly share: Uint8Array;
  /** Rows that were left out, of so many. */
  readonly errors: number;
  readonly total: number;
  /** The notes of all draws of noise in it. */
  readonly noise: readonly string[];
  /** How many of its parts have reports and no noise, where it says so. */
  readonly exactParts?: number | undefined;
  readonly batch?: NamedBatch | undefined;
  /** Digests of the parts that were added up to it, where it says so. */
  readonly parts?: readonly string[] | undefined;
}

/** The aggregate's text. Python's command does not look for more members than the first three. */
export function formatAggregate({ share, errors, total, ...more }: AggregateObject): string {
  const members = [`"payload": "${base64(share)}"`, `"error": ${errors}`, `"total": ${total}`];
  const list = (texts: readonly string[]) => `[${texts.map(pythonString).join(", ")}]`;
  if (more.noise.length > 0) members.push(`"noise": ${list(more.noise)}`);
  if (more.noise.length > 0 && more.exactParts) members.push(`"exact_parts": ${more.exactParts}`);
  if (more.batch !== undefined) {
    const { batchId, count, precision } = more.batch;
    members.push(`"batch_id": ${pythonString(batchId)}`, `"n_data": ${count}`);
    if (precision !== undefined) members.push(`"precision": ${precision}`);
  }
  if (more.parts !== undefined) members.push(`"parts": ${list(more.parts)}`);
  return `{${members.join(", ")}}`;
}

/**
 * The aggregates in a file, with what each is called in messages. An empty file has none. Throws a Failure when the
 * file holds anything else.
 */
export async function* aggregatesIn(input: Input): AsyncGenerator<readonly [AggregateObject, name: string]> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input.pieces()) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_AGGREGATE) throw notAnAggregate(input);
  }
  const bytes = Buffer.concat(pieces);
  const whole = readObject(bytes);
  if (whole !== null) return yield [whole, input.name];
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf("\n", start);
    const line = bytes.subarray(start, newline < 0 ? bytes.length : newline);
    start += line.length + 1;
    if (isBlank(line)) continue;
    const object = readObject(line);
    if (object === null) throw notAnAggregate(input);
    yield [object, `${input.name}, line ${number}`];
  }
}

/** The Failure for a file that holds no aggregate, or something else. */
export function notAnAggregate({ name }: Pick<Input, "name">): Failure {
  return new Failure(
    `${name}: expected an aggregate: a JSON object with "payload", "error" and "total", or one a line`,
    "`prio inspect` tells what a file is",
  );
}

const MEMBERS = [
  ...(["payload", "error", "total", "noise", "exact_parts"] as const),
  ...(["batch_id", "n_data", "precision", "parts"] as const),
] as const;

/** The aggregate that an object is, or null when it is none. */
function readObject(bytes: Buffer): AggregateObject | null {
  const tokens = isUtf8(bytes) ? scanObject(bytes, MEMBERS) : null;
  if (tokens === null) return null;
  const token = (name: (typeof MEMBERS)[number]) => tokens[MEMBERS.indexOf(name)];
  const payload = token("payload");
  const share = payload?.kind === "string" ? decodeBase64(stringOf(bytes, payload)) : null;
  const [errors, total] = [countOf(bytes, token("error")), countOf(bytes, token("total"))];
  const [noise, exactParts] = [listOf(bytes, token("noise"), isNoiseNote), countOf(bytes, token("exact_parts"))];
  const [batch, parts] = [batchOf(bytes, token), listOf(bytes, token("parts"), isDigest)];
  if (share === null || errors === null || total === null || errors === undefined || total === undefined) return null;
  if (errors > total || noise === null || exactParts === null || batch === null || parts === null) return null;
  return { share, errors, total, noise: noise ?? [], exactParts, batch, parts };
}

/** The batch, undefined without the members, or null when they are not what this command writes. */
function batchOf(
  bytes: Buffer,
  token: (name: "batch_id" | "n_data" | "precision") => JsonToken | undefined,
): NamedBatch | undefined | null {
  const batchId = token("batch_id");
  const [count, precision] = [countOf(bytes, token("n_data")), countOf(bytes, token("precision"))];
  if (batchId === undefined && count === undefined && precision === undefined) return undefined;
  if (batchId?.kind !== "string" || count === undefined || count === null || precision === null) return null;
  return { batchId: stringOf(bytes, batchId), count, precision };
}

/** A list of texts of a form: undefined without the member, and null if it is another. */
function listOf(
  bytes: Buffer,
  token: JsonToken | undefined,
  isOne: (text: string) => boolean,
): readonly string[] | undefined | null {
  if (token === undefined) return undefined;
  if (token.kind !== "array" || token.end - token.start > MAX_LIST) return null;
  const texts: unknown = JSON.parse(bytes.toString("utf8", token.start, token.end));
  const areAll = Array.isArray(texts) && texts.every((text) => typeof text === "string" && isOne(text));
  return areAll ? (texts as string[]) : null;
}

function isDigest(text: string): boolean {
  return /^[A-Za-z0-9+/]{22}==$/.test(text);
}

/** A count of rows: undefined without the member, and null if it is none. */
function countOf(bytes: Buffer, token: JsonToken | undefined): number | undefined | null {
  if (token === undefined) return undefined;
  if (token.kind !== "number" || token.end - token.start > MAX_DIGITS) return null;
  const count = Number(bytes.toString("latin1", token.start, token.end));
  return Number.isSafeInteger(count) && count >= 0 ? count : null;
}
