// Tells the protocol's messages apart by their form alone (WIRE.md section 3), without a configuration, for tools that
// show what a file holds. It opens packets if it is given keys. Servers read messages with wire.ts, which refuses
// whatever it does not expect.

import { Reader } from "../codec/msgpack.js";
import { type Bytes, copyOfBytes, kindOf, listOf } from "../core/bytes.js";
import { FIELD_87 } from "../core/fields.js";
import { openWithAny, SEALING_BYTES } from "../crypto/ecies.js";
import { isPrivateKey, type PrivateKey } from "../crypto/keys.js";
import { PrioError } from "../errors.js";
import { SEED_BYTES } from "./prg.js";
import type { ServerId } from "./share.js";

/**
 * What a message can be. `"packet"` is a sealed packet, and so are any other bytes that are long enough for one.
 * `"openedA"` and `"openedB"` are the plaintext of a packet, which is a client's secret share. `"verify1"` and
 * `"verify2"` are the servers' messages to each other, `"totalShare"` is what `publish` takes, and `"state"` is a
 * server's running total.
 */
export type MessageKind = "packet" | "openedA" | "openedB" | "verify1" | "verify2" | "totalShare" | "state" | "unknown";

/** What the form of a message shows. It contains no share, seed or total. */
export interface MessageDescription {
  /** What the message is. */
  readonly kind: MessageKind;
  /** The length of a sealed packet's plaintext. */
  readonly plaintextBytes?: number;
  /** A copy of the batch id of an opened packet, or of a sealed one that a key has opened. */
  readonly batchId?: Bytes;
  /** The server that a total share or a packet belongs to; of a sealed packet only if a key has opened it. */
  readonly server?: ServerId;
  /** The number of values in a packet for A, in a total share or in a state. */
  readonly fields?: number;
}

/**
 * Returns what a message is, for tools that meet bytes whose origin they do not know. With `privateKeys`, a list or a
 * single key, a sealed packet that one of them opens also tells its `server`, its `batchId` and, at A, its `fields`.
 * Throws `invalid-argument` if the message is not a Uint8Array, or a key is not a PrivateKey.
 *
 * @example
 * ```js
 * import { Client, Config, describeMessage, generateKeyPair } from "prio";
 *
 * const [serverA, serverB] = [generateKeyPair().publicKey, generateKeyPair().publicKey];
 * const { a } = new Client(new Config({ fields: 1, batchId: "b", serverA, serverB })).encode([true]);
 * console.log(describeMessage(a).kind); // packet
 * ```
 */
export function describeMessage(
  message: Uint8Array,
  privateKeys: PrivateKey | readonly PrivateKey[] = [],
): MessageDescription {
  const bytes = copyOfBytes(message, "message");
  const keys = listOf(privateKeys, "private keys", (key) => {
    if (isPrivateKey(key)) return key;
    throw new PrioError(
      "invalid-argument",
      `private keys: expected a PrivateKey or a list of them, got ${kindOf(key)}`,
    );
  });
  const description = readAny(bytes);
  if (description !== null) return description;
  if (bytes.length < SEALING_BYTES) return { kind: "unknown" };
  const sealed = { kind: "packet", plaintextBytes: bytes.length - SEALING_BYTES } as const;
  const opened = orNull(() => openWithAny(keys, bytes).plaintext);
  const { kind, ...shown } = (opened && readAny(opened)) ?? { kind: "unknown" };
  return kind === "openedA" || kind === "openedB" ? { ...sealed, ...shown } : sealed;
}

/** Reads a message of one of the forms below. */
function readAny(bytes: Uint8Array): MessageDescription | null {
  for (const form of FORMS) {
    const description = read(bytes, form);
    if (description !== null) return description;
  }
  return null;
}

/** Reads a message of one kind. Throws `malformed` for another. */
type Form = (reader: Reader) => MessageDescription;

const FORMS: readonly Form[] = [
  (reader) => {
    skipElements(reader, 2);
    return { kind: "verify1" };
  },
  (reader) => {
    skipElements(reader, 1);
    return { kind: "verify2" };
  },
  (reader) => ({ kind: "state", fields: skipArray(reader) }),
  (reader) => ({ kind: "totalShare", server: readServer(reader), fields: skipArray(reader) }),
  (reader) => {
    const head = readHead(reader, "A");
    const fields = skipArray(reader);
    skipArray(reader);
    return { kind: "openedA", ...head, fields };
  },
  (reader) => {
    const head = readHead(reader, "B");
    if (reader.str("seed").length !== SEED_BYTES) throw reader.error("not a seed");
    return { kind: "openedB", ...head };
  },
];

function read(bytes: Uint8Array, form: Form): MessageDescription | null {
  return orNull(() => {
    const reader = new Reader(bytes, "message");
    const description = form(reader);
    reader.end();
    return description;
  });
}

/** What `make` returns, or null when the bytes are of another form or do not open. */
function orNull<T>(make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof PrioError) return null;
    throw error;
  }
}

/** The shares of a, b, c, f0, g0 and h0. */
const PROOF_SCALARS = 6;

function readHead(reader: Reader, expected: ServerId): { batchId: Bytes; server: ServerId } {
  const batchId = Uint8Array.from(reader.str("batch id"));
  skipElements(reader, PROOF_SCALARS);
  const server = readServer(reader);
  if (server !== expected) throw reader.error("the other server's");
  return { batchId, server };
}

function readServer(reader: Reader): ServerId {
  const id = reader.integer("server id");
  if (id !== 0n && id !== 1n) throw reader.error("not a server id");
  return id === 0n ? "A" : "B";
}

function skipElements(reader: Reader, count: number): void {
  for (let i = 0; i < count; i++) {
    const { length } = reader.str("element");
    if (length < 1 || length > FIELD_87.bytes) throw reader.error("not an element");
  }
}

/** Skips an array of any length and returns its length. A header that claims too much fails where the bytes end. */
function skipArray(reader: Reader): number {
  const length = arrayLength(reader);
  reader.array(length, "elements");
  skipElements(reader, length);
  return length;
}

function arrayLength({ bytes, offset }: Reader): number {
  const type = bytes[offset] ?? 0;
  if (type >= 0x90 && type <= 0x9f) return type & 0x0f;
  const width = type === 0xdc ? 2 : type === 0xdd ? 4 : 0;
  return bytes.subarray(offset + 1, offset + 1 + width).reduce((length, byte) => 256 * length + byte, 0);
}
