// What a row of a file is: by the fields of its JSON object, or by its message. It shows no value, share or secret.

import { decodeBase64 } from "../batch/rows.js";
import {
  describeMessage,
  type Fact,
  foreignFact,
  grouped,
  kindOfMessage,
  MESSAGE_KINDS,
  type MessageKind,
} from "./message-kinds.js";

/** What a row is, by the fields of its JSON object or by its message. */
export type RowKind = "keys" | "secret" | "client" | "aggregate" | "published" | "unknown" | MessageKind;

const ROW_KINDS: Readonly<Record<Exclude<RowKind, MessageKind>, string>> = {
  keys: "a server's key pair, from keygen",
  secret: "the servers' shared secret, from shared-seed",
  client: "clients' values, for encode-shares",
  aggregate: "a server's aggregate, for publish",
  published: "published totals",
  unknown: "JSON of no kind that prio knows",
};

/** A row as it shows without a key. */
export interface Row {
  readonly kind: RowKind;
  /** The number of values or of bytes, for the range over all rows. */
  readonly size?: number;
  /** What to show when the file has this one row only. */
  readonly facts: readonly Fact[];
}

/** What each kind is called. */
export const KIND_NAMES: Readonly<Record<RowKind, string>> = { ...MESSAGE_KINDS, ...ROW_KINDS };

/** Reads a line. Returns null for what is no JSON object, and for a payload that is not base64. */
export function readRow(line: Buffer): Row | null {
  let value: unknown;
  try {
    value = JSON.parse(line.toString("utf8"));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const row = value as Readonly<Record<string, unknown>>;
  const { payload } = row;
  if (typeof row["public_key"] === "string" || typeof row["private_key"] === "string") return describeKeys(row);
  if (typeof row["shared_seed"] === "string") return { kind: "secret", facts: [["secret", "there, not shown"]] };
  if (Array.isArray(payload)) {
    if (row["timestamp"] === undefined) return { kind: "client", size: payload.length, facts: [] };
    const facts: Fact[] = [
      ["totals", grouped(payload.length)],
      ["time", foreignFact(row["timestamp"])],
      ["id", foreignFact(row["id"])],
    ];
    return { kind: "published", facts };
  }
  if (typeof payload !== "string") return { kind: "unknown", facts: [] };
  const bytes = decodeBase64(payload);
  if (bytes === null) return null;
  const message = kindOfMessage(bytes);
  if (row["id"] !== undefined) return { kind: message, size: bytes.length, facts: [] };
  const facts = describeMessage(message, bytes);
  const { total, error } = row;
  if (typeof total !== "number" || typeof error !== "number") return { kind: message, size: bytes.length, facts };
  const counted: Fact = [
    "reports",
    `${grouped(total - error)} counted, ${grouped(error)} left out, ${grouped(total)} in all`,
  ];
  return { kind: "aggregate", facts: [counted, ...facts] };
}

function describeKeys(row: Readonly<Record<string, unknown>>): Row {
  const publicKey = row["public_key"];
  const facts: Fact[] = [
    ["public key", typeof publicKey === "string" && /^[0-9a-f]{64}$/i.test(publicKey) ? publicKey : "malformed"],
    ["private key", row["private_key"] === undefined ? "not there" : "there, not shown"],
  ];
  return { kind: "keys", facts };
}
