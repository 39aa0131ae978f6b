// `prio inspect`: says what a file or a packet is, how many rows it has and of which sizes, and whatever else shows
// without a key. It never shows values, shares, seeds or secret keys, only that they are there.

import { isUtf8 } from "node:buffer";
import { decodeBase64 } from "../batch/rows.js";
import { chunksOf, linesOf } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import { Input, MAX_EXPANSION } from "../files/input.js";
import { EXIT } from "./exit.js";
import { shown } from "./foreign-text.js";
import { describeMessage, type Fact, grouped, kindOfMessage, MESSAGE_KINDS } from "./message-kinds.js";
import { KIND_NAMES, type Row, type RowKind, readRow } from "./row-kinds.js";
import type { Run } from "./run.js";

/** Longest binary file that is read, in bytes. The largest message, a packet for 262,143 fields, is shorter. */
const MAX_BINARY = 2 ** 24;
/** Longest line that is looked at: the largest packet in base64 takes a little more than half of it. */
const MAX_LINE = 2 ** 24;

export async function inspect({ io }: Run, [path = ""]: readonly string[]): Promise<number> {
  const input = new Input(path, io.stdin, MAX_EXPANSION.values);
  const pieces = input.pieces();
  const start = await startOf(pieces);
  const whole = prepend(start, pieces);
  const foreign = FOREIGN.find(([mark]) => start.subarray(0, mark.length).equals(mark));
  const [title, facts] =
    foreign !== undefined
      ? [foreign[1], [["remedy", foreign[2]] as const]]
      : looksLikeRows(start)
        ? await describeRows(whole)
        : describeBytes(await gather(whole, input.name));
  input.close();
  const width = Math.max(...facts.map(([name]) => name.length));
  const lines = facts.map(([name, value]) => `  ${name.padEnd(width)}  ${value}\n`);
  io.stdout.write(`${shown(input.name)}: ${title}\n${lines.join("")}`);
  return EXIT.done;
}

/** How files begin that no command reads as they are, what they are, and what to do. */
const FOREIGN: readonly (readonly [mark: Buffer, title: string, remedy: string])[] = [
  [Buffer.of(0x1f, 0x8b, 8), "compressed by gzip", "give its name the ending .gz, by which the commands know it"],
  // A byte order mark and a brace.
  [Buffer.of(0xff, 0xfe, 0x7b, 0), "rows in UTF-16", "convert them to UTF-8"],
  [Buffer.of(0xfe, 0xff, 0, 0x7b), "rows in UTF-16", "convert them to UTF-8"],
];

/** Bytes that tell rows from everything else. */
const START = 256;

/** The first bytes of a stream, or all if there are fewer. A pipe may hand them out one by one. */
async function startOf(pieces: AsyncIterator<Buffer>): Promise<Buffer> {
  const first: Buffer[] = [];
  for (let length = 0; length < START; ) {
    const { done, value } = await pieces.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  return Buffer.concat(first);
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

function looksLikeRows(start: Buffer): boolean {
  return /^(\uFEFF)?\s*\{\s*"/.test(start.toString("utf8", 0, START));
}

async function gather(pieces: AsyncIterable<Buffer>, name: string): Promise<Buffer> {
  const gathered: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    gathered.push(piece);
    length += piece.length;
    if (length > MAX_BINARY)
      throw new Failure(`${name}: neither rows nor a packet: more than ${MAX_BINARY} bytes of something else`);
  }
  return Buffer.concat(gathered);
}

/** Describes a file that is one packet or message, as bytes or in base64. */
function describeBytes(bytes: Buffer): readonly [string, Fact[]] {
  if (bytes.length === 0) return ["empty", [["bytes", "0"]]];
  const text =
    bytes.length < MAX_BINARY && /^[\w+/=\s]+$/.test(bytes.toString("latin1")) ? bytes.toString("latin1").trim() : "";
  const decoded = text === "" ? null : decodeBase64(text);
  const kind = decoded === null && isText(bytes) ? "bytes" : kindOfMessage(decoded ?? bytes);
  const facts = describeMessage(kind, decoded ?? bytes);
  return [MESSAGE_KINDS[kind], [...(decoded === null ? [] : [["encoding", "base64"] as const]), ...facts]];
}

/** Whether the bytes are readable text, and so no packet. */
function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => (byte >= 32 && byte !== 127) || (byte >= 9 && byte <= 13)) && isUtf8(bytes);
}

/** The smallest and the largest of some numbers. */
class Range {
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  add(x: number): void {
    this.#min = Math.min(this.#min, x);
    this.#max = Math.max(this.#max, x);
  }

  toString(): string {
    return this.#min === this.#max ? grouped(this.#min) : `${grouped(this.#min)} to ${grouped(this.#max)}`;
  }
}

async function describeRows(pieces: AsyncIterable<Buffer>): Promise<readonly [string, Fact[]]> {
  const kinds = new Map<RowKind, { rows: number; sizes: Range }>();
  let [rows, malformed] = [0, 0];
  let first: Row | undefined;
  for await (const chunk of chunksOf(pieces, { rows: 256, bytes: 2 ** 20, line: MAX_LINE })) {
    for (const line of linesOf(chunk)) {
      rows++;
      const row = readRow(line);
      if (row === null) {
        malformed++;
        continue;
      }
      first ??= row;
      const counted = kinds.get(row.kind) ?? { rows: 0, sizes: new Range() };
      kinds.set(row.kind, counted);
      counted.rows++;
      if (row.size !== undefined) counted.sizes.add(row.size);
    }
  }
  const [main] = [...kinds].sort(([, a], [, b]) => b.rows - a.rows);
  if (main === undefined || first === undefined) return [KIND_NAMES.unknown, [["rows", grouped(rows)]]];
  const [kind, { sizes }] = main;
  const title = KIND_NAMES[kind];
  if (rows === 1 && first.facts.length > 0) return [title, [...first.facts]];
  const facts: Fact[] = [["rows", grouped(rows)]];
  if (kind === "client") facts.push(["values a row", sizes.toString()]);
  if (kind in MESSAGE_KINDS) facts.push(["bytes a packet", sizes.toString()]);
  for (const [other, counted] of kinds) {
    if (other !== kind) facts.push(["other rows", `${grouped(counted.rows)}: ${KIND_NAMES[other]}`]);
  }
  if (malformed > 0)
    facts.push(["malformed", `${grouped(malformed)}: not a JSON object, or a payload that is not base64`]);
  return [title, facts];
}
