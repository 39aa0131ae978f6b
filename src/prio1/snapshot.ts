// The snapshot of a session: its total, and all that must agree when the session goes on elsewhere. The format is ours
// (docs/WIRE.md section 8), a concatenation of msgpack objects like the messages:
//
//   str label, integer server id, integer kind of query points, str batch (32 bytes), str reports (8), str k (4),
//   array(k) of str session id (16), array(n) of int total, str seal (32), str checksum (32)
//
// The seal is a hash keyed by the secret, over everything before it. It shows nothing of the secret. The checksum, over
// everything before it again, tells damage from a snapshot that belongs elsewhere.

import { MAX_HEADER_BYTES, Reader, Writer } from "../codec/msgpack.js";
import { type Bytes, bigIntFromBE, concat, equalBytes, fromHex, toHex, uint32BE, utf8 } from "../core/bytes.js";
import { type ServerSecret, secretBytesOf } from "../crypto/server-secret.js";
import { sha256 } from "../crypto/stream.js";
import { PrioError } from "../errors.js";
import type { Config } from "./config.js";
import { batchIdOf, snipOf } from "./parameters.js";
import { digest, QUERY_POINTS, type QueryPoints } from "./query-points.js";
import { RunningTotal } from "./running-total.js";
import type { ServerId } from "./share.js";
import { idNumber, intBytes, readVector, writeVector } from "./wire.js";

/** What a snapshot belongs to. */
export interface Belonging {
  readonly config: Config;
  readonly id: ServerId;
  readonly queryPoints: QueryPoints;
  readonly secret: ServerSecret;
}

/** The number is that of the format. */
const LABEL = /* @__PURE__ */ utf8("prio v1 snapshot 1", "label");
const SEAL_LABEL = /* @__PURE__ */ utf8("prio v1 snapshot: seal", "label");

/** SHA-256. */
const DIGEST_BYTES = 32;
/** The header of a str of a digest, a str 8. */
const DIGEST_HEADER = Uint8Array.of(0xd9, DIGEST_BYTES);
const DIGEST_STR_BYTES = DIGEST_HEADER.length + DIGEST_BYTES;
/** The length of a session's id. */
export const SESSION_ID_BYTES = 16;

export function writeSnapshot(to: Belonging, { vector, sessions, reports }: RunningTotal): Bytes {
  const head = LABEL.length + DIGEST_BYTES + 8 + 4 + 10 * MAX_HEADER_BYTES;
  const ids = sessions.size * (1 + SESSION_ID_BYTES);
  const writer = new Writer(head + ids + vector.length * intBytes(to.config) + 2 * DIGEST_STR_BYTES);
  writer.str(LABEL);
  writer.smallInteger(idNumber(to.id));
  writer.smallInteger(QUERY_POINTS.indexOf(to.queryPoints));
  writer.str(batchDigest(to.config));
  writer.str(concat(uint32BE(Math.floor(reports / 2 ** 32)), uint32BE(reports)));
  writer.str(uint32BE(sessions.size));
  writer.array(sessions.size);
  for (const session of sessions) writer.str(fromHex(session, "session", SESSION_ID_BYTES));
  writeVector(writer, vector);
  writer.str(sealOf(to.secret, writer.written()));
  writer.str(sha256(writer.written()));
  return writer.written().slice();
}

/**
 * The total in a snapshot. Throws `malformed` for what is no snapshot or damaged, and `mismatch` for one of another
 * server, batch, kind of query points or secret.
 */
export function readSnapshot(of: Belonging, bytes: Uint8Array): RunningTotal {
  const reader = new Reader(bytes, "snapshot");
  const [seal, checksum] = [bytes.length - 2 * DIGEST_STR_BYTES, bytes.length - DIGEST_STR_BYTES];
  if (!equalBytes(reader.str("the label"), LABEL)) throw reader.error("expected one of this version");
  const expected = seal < 0 ? LABEL : concat(DIGEST_HEADER, sha256(bytes.subarray(0, checksum)));
  if (!equalBytes(expected, bytes.subarray(Math.max(0, checksum)))) throw reader.error("the bytes are damaged");
  const agree = (agrees: boolean, what: string) => {
    if (!agrees) throw new PrioError("mismatch", `snapshot: expected one of this session's ${what}, got another's`);
  };
  agree(reader.integer("the server id") === BigInt(idNumber(of.id)), "server");
  agree(reader.integer("query points") === BigInt(QUERY_POINTS.indexOf(of.queryPoints)), "kind of query points");
  agree(equalBytes(reader.str("the batch"), batchDigest(of.config)), "configuration");
  agree(
    equalBytes(bytes.subarray(seal, checksum), concat(DIGEST_HEADER, sealOf(of.secret, bytes.subarray(0, seal)))),
    "secret",
  );
  // Whoever has the secret wrote all that follows.
  const reports = Number(bigIntFromBE(reader.str("the reports")));
  const count = Number(bigIntFromBE(reader.str("the number of sessions")));
  reader.array(count, "the sessions");
  const sessions: string[] = [];
  for (let i = 0; i < count; i++) sessions.push(toHex(reader.str("a session")));
  return new RunningTotal(
    readVector(snipOf(of.config).space, reader, of.config.fields, "the total"),
    sessions,
    reports,
  );
}

/** What the sessions of a batch have in common, but for the public keys, which may be rolled over within a batch. */
function batchDigest(config: Config): Uint8Array {
  const { fields, precision = 0, prgKey } = config;
  return digest(LABEL, uint32BE(fields), uint32BE(precision), utf8(prgKey, "PRG key"), batchIdOf(config));
}

/** Two hashes, so that a longer content with the same seal cannot be made. */
function sealOf(secret: ServerSecret, content: Uint8Array): Uint8Array {
  return digest(SEAL_LABEL, secretBytesOf(secret), sha256(content));
}
