// What a row of a file is: by the fields of its JSON object, or by its message. It shows no value, share or secret.

import { isUtf8 } from "node:buffer";
import { isNoiseNote } from "../batch/noise.js";
import { noiseInWords, notesInWords } from "../batch/published-totals.js";
import { decodeBase64 } from "../batch/rows.js";
import { type JsonToken, scanObject, sizeOfArray, stringOf } from "../files/json-scanner.js";
import {
  type ByteKind,
  byteKindOf,
  count,
  type Fact,
  foreignFact,
  grouped,
  type KindName,
  MESSAGE_KINDS,
  messageFacts,
} from "./message-kinds.js";

/** What a row is, by the fields of its JSON object or by its message. */
export type RowKind =
  | ("keys" | "secret" | "client" | "joined" | "aggregate" | "published" | "sums" | "unknown")
  | ByteKind;

const ROW_KINDS: Readonly<Record<Exclude<RowKind, ByteKind>, KindName>> = {
  keys: ["a server's key pair, from keygen", "key pairs of a server, from keygen"],
  secret: ["the servers' shared secret, from shared-seed", "shared secrets, from shared-seed"],
  client: ["one client's values, for encode-shares", "clients' values, for encode-shares"],
  joined: ["a packet with both servers' messages, from join", "packets with both servers' messages, from join"],
  aggregate: ["a server's aggregate, for publish", "a server's aggregates of parts of a batch, for publish"],
  published: ["published totals", "published totals"],
  sums: ["the plain sums of a test batch, from generate", "the plain sums of test batches, from generate"],
  unknown: ["not recognised: JSON of no kind that prio knows", "not recognised: JSON of no kind that prio knows"],
};
const KINDS: Readonly<Record<RowKind, KindName>> = { ...MESSAGE_KINDS, ...ROW_KINDS };

/** What so many rows of a kind are called. */
export function kindName(kind: RowKind, rows: number): string {
  return KINDS[kind][rows === 1 ? 0 : 1];
}

/** A row as it shows without a key. */
export interface DescribedRow {
  readonly kind: RowKind;
  /** The number of values or of bytes, for the range over all rows. */
  readonly size?: number;
  /** What to show when the file has this one row only. */
  readonly facts: readonly Fact[];
  /** The bytes of a sealed packet. */
  readonly packet?: Buffer;
}

/** The members that tell what a row is. */
const NAMES = [
  ...(["payload", "internal", "external", "id", "timestamp", "total", "error", "noise"] as const),
  ...(["batch_id", "reports"] as const),
  ...(["public_key", "private_key", "shared_seed"] as const),
] as const;
/** Longest member that is shown, in bytes. */
const MAX_SHOWN = 4096;

/** The members of a row by their names. It builds only what is asked for, whatever else is in the line. */
class Members {
  readonly #line: Buffer;
  readonly #tokens: ReadonlyMap<string, JsonToken>;

  private constructor(line: Buffer, tokens: readonly (JsonToken | undefined)[]) {
    this.#line = line;
    this.#tokens = new Map(NAMES.flatMap((name, i) => (tokens[i] === undefined ? [] : [[name, tokens[i]]])));
  }

  /** The members of an object, or null for what is none. */
  static of(line: Buffer): Members | null {
    const tokens = isUtf8(line) ? scanObject(line, NAMES) : null;
    return tokens && new Members(line, tokens);
  }

  kind(name: (typeof NAMES)[number]): JsonToken["kind"] | undefined {
    return this.#tokens.get(name)?.kind;
  }

  text(name: (typeof NAMES)[number]): string | undefined {
    const token = this.#tokens.get(name);
    return token?.kind === "string" ? stringOf(this.#line, token) : undefined;
  }

  number(name: (typeof NAMES)[number]): number | undefined {
    const token = this.#tokens.get(name);
    return token?.kind === "number" ? Number(this.#line.toString("latin1", token.start, token.end)) : undefined;
  }

  /** How many items an array has. */
  size(name: (typeof NAMES)[number]): number | undefined {
    const token = this.#tokens.get(name);
    return token?.kind === "array" ? sizeOfArray(this.#line, token).items : undefined;
  }

  /** The value, unless it is longer than what is shown. */
  value(name: (typeof NAMES)[number]): unknown {
    const token = this.#tokens.get(name);
    if (token === undefined || token.end - token.start > MAX_SHOWN) return undefined;
    return JSON.parse(this.#line.toString("utf8", token.start, token.end));
  }

  /** The text or number, as it is shown. */
  shown(name: (typeof NAMES)[number]): string {
    const token = this.#tokens.get(name);
    if (token !== undefined && token.end - token.start > MAX_SHOWN) return "too long to show";
    return foreignFact(this.text(name) ?? this.number(name));
  }
}

/** Describes a line. Returns null for what is no JSON object, and for a payload that is not base64. */
export function describeRow(line: Buffer): DescribedRow | null {
  const row = Members.of(line);
  if (row === null) return null;
  if (row.kind("public_key") === "string" || row.kind("private_key") === "string") return describeKeys(row);
  if (row.kind("shared_seed") === "string") return { kind: "secret", facts: [["secret", "there, not shown"]] };
  const values = row.size("payload");
  if (values !== undefined) {
    if (row.kind("timestamp") === undefined) {
      const isSums = row.kind("batch_id") === "string" && row.kind("reports") === "number";
      const facts: Fact[] = isSums ? [...batchFacts(row), count("totals", values)] : [];
      return { kind: isSums ? "sums" : "client", size: values, facts };
    }
    const facts: Fact[] = [
      ...batchFacts(row),
      count("totals", values),
      ["time", row.shown("timestamp")],
      ["id", row.shown("id")],
    ];
    return { kind: "published", facts: [...facts, ...noiseFacts(row)] };
  }
  const payload = row.text("payload");
  if (payload === undefined) return { kind: "unknown", facts: [] };
  const bytes = decodeBase64(payload);
  if (bytes === null) return null;
  const kind = byteKindOf(bytes);
  if (row.kind("internal") !== undefined && row.kind("external") !== undefined && row.kind("id") !== undefined) {
    return { kind: "joined", size: bytes.length, facts: [], ...(kind === "packet" && { packet: bytes }) };
  }
  const packet = kind === "packet" ? { packet: bytes } : {};
  if (row.kind("id") !== undefined) return { kind, size: bytes.length, facts: [], ...packet };
  const facts = messageFacts(kind, bytes);
  const [total, error] = [row.number("total"), row.number("error")];
  if (total === undefined || error === undefined) return { kind, size: bytes.length, facts, ...packet };
  const counted: Fact = [
    "reports",
    `${grouped(total - error)} counted, ${grouped(error)} left out, ${grouped(total)} in all`,
    { counted: total - error, left_out: error, total },
  ];
  return { kind: "aggregate", facts: [counted, ...batchFacts(row), ...noiseFacts(row), ...facts] };
}

/** The batch, where a row says of which it is. */
function batchFacts(row: Members): Fact[] {
  return row.kind("batch_id") === undefined ? [] : [["batch id", row.shown("batch_id")]];
}

/** What an aggregate, or the totals of two, say of noise. */
function noiseFacts(row: Members): Fact[] {
  if (row.kind("noise") === undefined) return [];
  const value = row.value("noise") as { readonly A?: unknown; readonly B?: unknown } | null | undefined;
  if (areNotes(value)) return [["noise", notesInWords(value), value]];
  const [a, b] = [value?.A, value?.B];
  if (areNotes(a) && areNotes(b)) return [["noise", noiseInWords(a, b), { A: a, B: b }]];
  return [["noise", "there, and not recognised", null]];
}

function areNotes(x: unknown): x is string[] {
  return Array.isArray(x) && x.every((note) => typeof note === "string" && isNoiseNote(note));
}

function describeKeys(row: Members): DescribedRow {
  const publicKey = row.text("public_key") ?? "";
  const facts: Fact[] = [
    ["public key", /^[0-9a-f]{64}$/i.test(publicKey) ? publicKey : "malformed"],
    ["private key", row.kind("private_key") === undefined ? "not there" : "there, not shown"],
  ];
  return { kind: "keys", facts };
}
