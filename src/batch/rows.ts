// The rows of Prio's files (WIRE.md section 7): the closed list of reasons why one is left out, and how rows are read
// from untrusted lines and written as Python's json module writes them, with ", " and ": " and everything beyond ASCII
// escaped.

import { isAscii, isUtf8 } from "node:buffer";
import { type JsonToken, scanObject, sizeOfArray, stringOf } from "../files/json-scanner.js";
import { PrioError } from "../index.js";
import { MAX_ID_BYTES } from "./row-limits.js";

/** Why a row is left out. The list is closed, and docs/cli.md has it too. */
export const REASONS = {
  "line-too-long": "the line is longer than any row can be",
  "malformed-json": "the line is not a JSON object in UTF-8",
  "missing-field": "the row lacks `id` or `payload`, or they are not of their types",
  "malformed-base64": "the payload is not standard base64 with padding",
  "wrong-length": "the row has another number of values than --n-data",
  "out-of-range": "a value is not 0 or 1, or not an integer of --precision bits",
  "cannot-open": "the packet does not open: another key, or changed or cut bytes",
  malformed: "the packet opens but is not a report of this many fields",
  "wrong-batch": "the packet is of another batch id",
  "wrong-server": "the packet is for the other server",
  "duplicate-id": "the id was seen in an earlier row",
  "duplicate-packet": "the packet was opened in an earlier row",
  replayed: "another run had the id or the packet, at another query point or with another packet or id",
  "unknown-id-internal": "the id is not in the file of --input-internal",
  "unknown-id-external": "the id is not in the file of --input-external",
  "own-message": "both files have the same verification packet for this id, so one server has given it twice",
  "not-own-message":
    "the verification packet in --input-internal is not what this server's verify1 writes for the report",
  "malformed-verify": "the verification packet of this id cannot be read",
  "answered-differently": "an earlier verify2 answered other verification packets of this id",
  "malformed-ping": "the line is not a ping with `id` and `payload.prioData`, or its gzip is damaged",
  "malformed-report": "a report of the ping lacks its encoding or one of its two packets",
  "unknown-encoding": "the encoding is not in the file of --data-config, or is one too many without it",
  "proof-failed": "the two servers' verification packets do not prove the report",
} as const;

export type Reason = keyof typeof REASONS;

/** A row that is left out, with its id when that can be read. Plain data, which can cross threads. */
export interface Refusal {
  readonly refused: Reason;
  readonly id?: string;
}

export function refuse(reason: Reason, id?: string): Refusal {
  return id === undefined ? { refused: reason } : { refused: reason, id };
}

export function isRefusal(x: object): x is Refusal {
  return "refused" in x;
}

/** The refusal that an error of the library stands for. Any other error is a bug of ours, and is thrown again. */
export function refusalOf(error: unknown, id?: string): Refusal {
  if (error instanceof PrioError && error.code in REASONS) return refuse(error.code as Reason, id);
  throw error;
}

/** A row of packets or of verification messages. */
export interface Row {
  readonly id: string;
  /** The id as it is written: Spark's are integers, which `id` has in decimal. */
  readonly writtenId: string | bigint;
  /** Still in base64. */
  readonly payload: string;
}

/** Both servers' messages on a report, in base64. Undefined stands for one that is not there. */
export interface BothMessages {
  readonly internal: string | undefined;
  readonly external: string | undefined;
}

/** A row of packets that also has both servers' messages. */
export interface JoinedRow extends Row {
  readonly messages: BothMessages;
}

/** Finds members of the object in a line. An empty line stands for one that was too long to keep (chunks.ts). */
function membersOf(line: Buffer, names: readonly string[]): (JsonToken | undefined)[] | Refusal {
  if (line.length === 0) return refuse("line-too-long");
  return (isUtf8(line) ? scanObject(line, names) : null) ?? refuse("malformed-json");
}

/** Reads a row of packets or of verification messages. */
export function parseRow(line: Buffer): Row | Refusal {
  const members = parsePlainLine(line);
  if (members === undefined) return scanRow(line, []).row;
  return isRefusal(members) ? members : plainRow(members);
}

/** Reads a row of packets with both servers' messages. A message that is no text counts as one that is not there. */
export function parseJoinedRow(line: Buffer): JoinedRow | Refusal {
  const members = parsePlainLine(line);
  if (members === undefined) {
    const { row, more } = scanRow(line, ["internal", "external"]);
    return isRefusal(row) ? row : { ...row, messages: { internal: more[0], external: more[1] } };
  }
  if (isRefusal(members)) return members;
  const row = plainRow(members);
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const messages = { internal: text(members.internal), external: text(members.external) };
  return isRefusal(row) ? row : { ...row, messages };
}

/** Longest line that is given to JSON.parse, in bytes. What it builds of a line takes many times as much memory. */
const MAX_PARSED = 65536;
const [BRACE, BRACKET] = [0x7b, 0x5b];

/** The members that are read of a line as writers make it. */
interface PlainMembers {
  readonly id: string;
  readonly payload?: unknown;
  readonly internal?: unknown;
  readonly external?: unknown;
}

/**
 * Reads a line as writers make them: ASCII, with no array and no second object in it, and not very long. There,
 * JSON.parse is faster than the scanner and gives the same verdicts. Returns undefined for any other line.
 */
function parsePlainLine(line: Buffer): PlainMembers | Refusal | undefined {
  if (line[0] !== BRACE || line.length > MAX_PARSED || !isAscii(line)) return undefined;
  if (line.includes(BRACE, 1) || line.includes(BRACKET)) return undefined;
  let members: { readonly id?: unknown };
  try {
    members = JSON.parse(line.toString("latin1")) as typeof members;
  } catch {
    return refuse("malformed-json");
  }
  const { id } = members;
  // Of an integer, JSON.parse does not keep all digits.
  if (typeof id === "number") return undefined;
  return typeof id === "string" && isId(id) ? (members as PlainMembers) : refuse("missing-field");
}

function plainRow({ id, payload }: PlainMembers): Row | Refusal {
  return typeof payload === "string" ? { id, writtenId: id, payload } : refuse("missing-field", id);
}

/** Reads any row and the texts of more members, without building more than those. */
function scanRow(
  line: Buffer,
  names: readonly string[],
): { readonly row: Row | Refusal; readonly more: readonly (string | undefined)[] } {
  const members = membersOf(line, ["id", "payload", ...names]);
  if (isRefusal(members)) return { row: members, more: [] };
  const [idToken, payload, ...others] = members;
  const writtenId = idToken === undefined ? undefined : idOf(line, idToken);
  if (writtenId === undefined) return { row: refuse("missing-field"), more: [] };
  const id = String(writtenId);
  if (payload?.kind !== "string") return { row: refuse("missing-field", id), more: [] };
  const row = { id, writtenId, payload: stringOf(line, payload) };
  return { row, more: others.map((token) => (token?.kind === "string" ? stringOf(line, token) : undefined)) };
}

/** Reads a row of a client's values, of which there must be `count`. The values are not checked. */
export function parseValues(line: Buffer, count: number): readonly unknown[] | Refusal {
  const members = membersOf(line, ["payload"]);
  if (isRefusal(members)) return members;
  const [payload] = members;
  if (payload?.kind !== "array") return refuse("missing-field");
  // Nothing is built of lists that are too long or that hold others.
  const { items, isFlat } = sizeOfArray(line, payload);
  if (items !== count) return refuse("wrong-length");
  if (!isFlat) return refuse("out-of-range");
  return JSON.parse(line.toString("utf8", payload.start, payload.end)) as unknown[];
}

/** The id of a row, or undefined when it is none. */
function idOf(line: Buffer, token: JsonToken): string | bigint | undefined {
  if (token.kind === "string") {
    const id = stringOf(line, token);
    return isId(id) ? id : undefined;
  }
  const digits = token.end - token.start;
  if (token.kind !== "number" || digits > MAX_INTEGER_DIGITS) return undefined;
  const text = line.toString("latin1", token.start, token.end);
  if (!/^-?\d+$/.test(text)) return undefined;
  const id = BigInt(text);
  return BigInt.asIntN(64, id) === id ? id : undefined;
}

/** Of 64 bits, with a sign. */
const MAX_INTEGER_DIGITS = 20;

/** Whether the library accepts `id` as a report id. */
export function isId(id: string): boolean {
  return id.length > 0 && Buffer.byteLength(id) <= MAX_ID_BYTES && !/\p{Surrogate}/u.test(id);
}

/** Characters on a line of base64 in MIME's form (RFC 2045), which Spark's function `base64` writes. */
const MIME_LINE = 76;

/**
 * Decodes standard base64 with padding, in one line or in lines of 76 characters that end with CR LF. Returns null for
 * anything else, which Node's own decoder would skip over.
 */
export function decodeBase64(text: string): Buffer | null {
  const joined = text.startsWith("\r\n", MIME_LINE) ? joinedLines(text) : text;
  if (joined === null) return null;
  const bytes = Buffer.from(joined, "base64");
  return bytes.toString("base64") === joined ? bytes : null;
}

function joinedLines(text: string): string | null {
  const lines = text.split("\r\n");
  // A last line may be empty: some encoders end it like the others.
  const last = lines.pop() as string;
  return lines.every((line) => line.length === MIME_LINE) && last.length <= MIME_LINE ? lines.join("") + last : null;
}

/** Writes a row with its newline. */
export function formatRow(id: string | bigint, payload: Uint8Array): string {
  return `{"id": ${idText(id)}, "payload": "${base64(payload)}"}\n`;
}

/** Writes a row of packets with both servers' messages. One that is not there is null. */
export function formatJoinedRow({ writtenId, payload }: Row, { internal, external }: BothMessages): string {
  const members = [["payload", payload] as const, ["internal", internal] as const, ["external", external] as const];
  const texts = members.map(([name, text]) => `"${name}": ${text === undefined ? null : pythonString(text)}`);
  return `{"id": ${idText(writtenId)}, ${texts.join(", ")}}\n`;
}

/** Writes a row of packets. */
export function formatShareRow({ writtenId, payload }: Row): string {
  return `{"id": ${idText(writtenId)}, "payload": ${pythonString(payload)}}\n`;
}

function idText(id: string | bigint): string {
  return typeof id === "bigint" ? String(id) : pythonString(id);
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Writes a JSON string in ASCII, as Python's json.dumps does. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
