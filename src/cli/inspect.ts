// `prio inspect`: says what files and packets are, how many rows they have and of which sizes, and whatever else shows.
// With private keys it says which server packets are for. It never shows values, shares, seeds or secret keys.

import { isUtf8 } from "node:buffer";
import { decodeBase64 } from "../batch/rows.js";
import { chunksOf, linesOf } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import { Input, MAX_EXPANSION } from "../files/input.js";
import { PrivateKey } from "../index.js";
import { type DescribedDocument, describeDapDocument, looksLikeDapDocument } from "./dap-documents.js";
import { type DescribedRow, describeRow, kindName, type RowKind } from "./describe-row.js";
import { EXIT, usageFailure } from "./exit.js";
import { foreignFormat } from "./looks-sealed.js";
import { byteKindOf, count, type Fact, grouped, MESSAGE_KINDS, messageFacts, PacketOpener } from "./message-kinds.js";
import type { Run } from "./run.js";
import { PRIVATE_KEY, secretsFrom } from "./secret-options.js";
import { escapedJson, shown } from "./untrusted-text.js";

/** Longest binary file that is read, in bytes. The largest message, a packet for 262,143 fields, is shorter. */
const MAX_BINARY = 2 ** 24;
/** Longest line that is looked at: the largest packet in base64 takes a little more than half of it. */
const MAX_LINE = 2 ** 24;

/** What a file is. */
interface Description {
  /** For programs. */
  readonly kind: RowKind | DescribedDocument["kind"] | "empty" | "gzip" | "utf-16";
  readonly title: string;
  readonly facts: readonly Fact[];
}

/** Describes one file after the other. One that cannot be read is an error, and the others are described anyway. */
export async function inspect({ options, reporter, io }: Run, paths: readonly string[]): Promise<number> {
  if (paths.filter((path) => path === "-").length > 1) throw usageFailure("only one file can be -");
  const keys = secretsFrom(options, reporter, PRIVATE_KEY).map((key) => PrivateKey.fromHex(key));
  const write = options.flag("json") ? asJson : asText;
  let exitCode: number = EXIT.done;
  for (const path of paths) {
    try {
      const input = new Input(path, io.stdin, MAX_EXPANSION.values);
      io.stdout.write(write(shown(input.name), await describeFile(input, new PacketOpener(keys))));
    } catch (error) {
      if (!(error instanceof Failure) || paths.length === 1) throw error;
      reporter.error(error);
      exitCode = EXIT.failed;
    }
  }
  return exitCode;
}

function asText(file: string, { title, facts }: Description): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return `${file}: ${title}\n${facts.map(([name, text]) => `  ${name.padEnd(width)}  ${text}\n`).join("")}`;
}

/** One object on one line. The names of its members are those of the facts. */
function asJson(file: string, { kind, title, facts }: Description): string {
  const members = facts.map(([name, text, value = text]) => [name.replaceAll(" ", "_"), value] as const);
  return `${escapedJson({ file, kind, description: title, ...Object.fromEntries(members) })}\n`;
}

async function describeFile(input: Input, opener: PacketOpener): Promise<Description> {
  const pieces = input.pieces();
  try {
    const start = await startOf(pieces);
    const known = FOREIGN.find(({ mark }) => start.subarray(0, mark.length).equals(mark));
    if (known !== undefined) return { ...known, facts: [["remedy", known.remedy]] };
    const format = foreignFormat(start);
    if (format !== undefined) return { kind: "bytes", title: kindName("bytes", 1), facts: [["looks like", format]] };
    let whole: AsyncIterable<Buffer> = prepend(start, pieces);
    if (looksLikeDapDocument(start)) {
      const bytes = await gather(whole, input.name);
      const document = describeDapDocument(bytes);
      if (document !== null) return document;
      whole = prepend(bytes, pieces);
    }
    return looksLikeRows(start)
      ? await describeRows(whole, opener)
      : describeBytes(await gather(whole, input.name), opener);
  } finally {
    input.close();
  }
}

/** How files begin that no command reads as they are, what they are, and what to do. */
const FOREIGN: readonly (Pick<Description, "kind" | "title"> & { mark: Buffer; remedy: string })[] = [
  {
    mark: Buffer.of(0x1f, 0x8b, 8),
    kind: "gzip",
    title: "compressed by gzip",
    remedy: "give its name the ending .gz, by which the commands know it",
  },
  // A byte order mark and a brace.
  ...[Buffer.of(0xff, 0xfe, 0x7b, 0), Buffer.of(0xfe, 0xff, 0, 0x7b)].map((mark) => ({
    mark,
    kind: "utf-16" as const,
    title: "rows in UTF-16",
    remedy: "convert them to UTF-8",
  })),
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
function describeBytes(bytes: Buffer, opener: PacketOpener): Description {
  if (bytes.length === 0) return { kind: "empty", title: "empty", facts: [count("bytes", 0)] };
  const text =
    bytes.length < MAX_BINARY && /^[\w+/=\s]+$/.test(bytes.toString("latin1")) ? bytes.toString("latin1").trim() : "";
  const decoded = text === "" ? null : decodeBase64(text);
  const message = decoded ?? bytes;
  const kind = decoded === null && isText(bytes) ? "bytes" : byteKindOf(message);
  if (kind === "packet") opener.add(message);
  const encoding: Fact[] = decoded === null ? [] : [["encoding", "base64"]];
  return { kind, title: kindName(kind, 1), facts: [...encoding, ...messageFacts(kind, message), ...opener.facts] };
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

  /** For --json. */
  get bounds(): { min: number; max: number } {
    return { min: this.#min, max: this.#max };
  }

  toString(): string {
    return this.#min === this.#max ? grouped(this.#min) : `${grouped(this.#min)} to ${grouped(this.#max)}`;
  }
}

async function describeRows(pieces: AsyncIterable<Buffer>, opener: PacketOpener): Promise<Description> {
  const kinds = new Map<RowKind, { rows: number; sizes: Range }>();
  let [rows, malformed] = [0, 0];
  let first: DescribedRow | undefined;
  for await (const chunk of chunksOf(pieces, { rows: 256, bytes: 2 ** 20, line: MAX_LINE })) {
    for (const line of linesOf(chunk)) {
      rows++;
      const row = describeRow(line);
      if (row === null) {
        malformed++;
        continue;
      }
      first ??= row;
      const counted = kinds.get(row.kind) ?? { rows: 0, sizes: new Range() };
      kinds.set(row.kind, counted);
      counted.rows++;
      if (row.size !== undefined) counted.sizes.add(row.size);
      if (row.packet !== undefined) opener.add(row.packet);
    }
  }
  const [main] = [...kinds].sort(([, a], [, b]) => b.rows - a.rows);
  if (main === undefined || first === undefined) {
    return { kind: "unknown", title: kindName("unknown", rows), facts: [count("rows", rows)] };
  }
  const [kind, { rows: rowsOfKind, sizes }] = main;
  const title = kindName(kind, rowsOfKind);
  if (rows === 1 && first.facts.length > 0) return { kind, title, facts: [...first.facts, ...opener.facts] };
  const facts: Fact[] = [count("rows", rows)];
  if (kind === "client") facts.push(["values a row", sizes.toString(), sizes.bounds]);
  if (kind in MESSAGE_KINDS) {
    facts.push([kind === "packet" ? "bytes a packet" : "bytes a message", sizes.toString(), sizes.bounds]);
  }
  facts.push(...opener.facts);
  const others = [...kinds].filter(([other]) => other !== kind);
  if (others.length > 0) {
    const texts = others.map(([other, counted]) => `${grouped(counted.rows)}: ${kindName(other, counted.rows)}`);
    const counts = Object.fromEntries(others.map(([other, counted]) => [other, counted.rows]));
    facts.push(["other rows", texts.join("; "), counts]);
  }
  if (malformed > 0) {
    const what = malformed === 1 ? "not a JSON object, or its" : "not JSON objects, or their";
    facts.push(["malformed", `${grouped(malformed)}: ${what} payload is not base64`, malformed]);
  }
  return { kind, title, facts };
}
