// Tells the protocol's messages apart by their form alone (WIRE.md section 3), without a configuration or a key.

import { Reader } from "../codec/msgpack.js";
import { FIELD_87 } from "../core/fields.js";
import { SEALING_BYTES } from "../crypto/ecies.js";
import { PrioError } from "../errors.js";
import { SEED_BYTES } from "../prio1/prg.js";

export const MESSAGE_KINDS = {
  packet: "sealed packets, for verify1, verify2 and aggregate",
  openedA: "an opened packet for server A: a client's secret share",
  openedB: "an opened packet for server B: a client's secret share",
  verify1: "verify1 messages",
  verify2: "verify2 messages",
  totalShare: "a server's total share",
  state: "a server's state, a running total",
  bytes: "bytes of no kind that prio knows",
} as const;

export type MessageKind = keyof typeof MESSAGE_KINDS;

/** Scalars of a packet: shares of a, b, c, f0, g0, h0. */
const PACKET_SCALARS = 6;

/** What a message is. Sealed packets look like any bytes, so whatever else is long enough counts as one. */
export function kindOfMessage(bytes: Uint8Array): MessageKind {
  for (const [kind, form] of FORMS) if (fits(bytes, form)) return kind;
  return bytes.length >= SEALING_BYTES ? "packet" : "bytes";
}

/** What shows of a message. */
export function describeMessage(kind: MessageKind, bytes: Uint8Array): (readonly [string, string])[] {
  const size = ["bytes", bytes.length.toLocaleString("en-US")] as const;
  if (kind === "packet") return [size, ["bytes when opened", (bytes.length - SEALING_BYTES).toLocaleString("en-US")]];
  const found: { server?: bigint; lengths: number[]; batchId?: Uint8Array } = { lengths: [] };
  const form = FORMS.find(([name]) => name === kind)?.[1];
  if (form !== undefined) fits(bytes, form, found);
  const facts: (readonly [string, string])[] = [size];
  if (found.batchId !== undefined) facts.push(["batch id", Buffer.from(found.batchId).toString("utf8")]);
  if (found.server !== undefined) facts.push(["server", found.server === 0n ? "A" : "B"]);
  if (found.lengths[0] !== undefined) facts.push(["fields", found.lengths[0].toLocaleString("en-US")]);
  return facts;
}

/** What a form's objects say besides their shape. */
interface Found {
  server?: bigint;
  readonly lengths: number[];
  batchId?: Uint8Array;
}

type Form = (reader: Reader, found: Found) => void;

const FORMS: readonly (readonly [MessageKind, Form])[] = [
  ["verify1", (reader) => readElements(reader, 2)],
  ["verify2", (reader) => readElements(reader, 1)],
  ["state", (reader, found) => readArray(reader, found)],
  [
    "totalShare",
    (reader, found) => {
      readServer(reader, found);
      readArray(reader, found);
    },
  ],
  [
    "openedA",
    (reader, found) => {
      readHead(reader, found, 0n);
      readArray(reader, found);
      readArray(reader, found);
    },
  ],
  [
    "openedB",
    (reader, found) => {
      readHead(reader, found, 1n);
      if (reader.str("seed").length !== SEED_BYTES) throw reader.error("not a seed");
    },
  ],
];

function fits(bytes: Uint8Array, form: Form, found: Found = { lengths: [] }): boolean {
  const reader = new Reader(bytes, "message");
  try {
    form(reader, found);
    reader.end();
    return true;
  } catch (error) {
    if (error instanceof PrioError) return false;
    throw error;
  }
}

function readHead(reader: Reader, found: Found, server: bigint): void {
  found.batchId = reader.str("batch id").slice();
  readElements(reader, PACKET_SCALARS);
  readServer(reader, found);
  if (found.server !== server) throw reader.error("the other server's");
}

function readServer(reader: Reader, found: Found): void {
  found.server = reader.integer("server id");
  if (found.server > 1n) throw reader.error("not a server id");
}

function readElements(reader: Reader, count: number): void {
  for (let i = 0; i < count; i++) {
    const { length } = reader.str("element");
    if (length < 1 || length > FIELD_87.bytes) throw reader.error("not an element");
  }
}

/** An array of whatever length its header says: elements take two bytes at least, so a false header ends at once. */
function readArray(reader: Reader, found: Found): void {
  const length = arrayLength(reader);
  reader.array(length, "elements");
  readElements(reader, length);
  found.lengths.push(length);
}

function arrayLength({ bytes, offset }: Reader): number {
  const type = bytes[offset] ?? 0;
  if (type >= 0x90 && type <= 0x9f) return type & 0x0f;
  const width = type === 0xdc ? 2 : type === 0xdd ? 4 : 0;
  return bytes.subarray(offset + 1, offset + 1 + width).reduce((length, byte) => 256 * length + byte, 0);
}
