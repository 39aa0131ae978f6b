// Which packets and report ids were seen before. A packet checked at k points gives both servers k − 2 linear equations in
// the client's bits (WIRE.md section 5), of which one tells some 80 bits, so none is ever checked twice, nor anybody counted twice.

import { requireBytes, uint32BE, utf8 } from "../core/bytes.js";
import { KeySet } from "../core/key-set.js";
import { sealOf } from "../crypto/ecies.js";
import { sha256 } from "../crypto/stream.js";
import { PrioError } from "../errors.js";
import type { Config } from "./config.js";

/**
 * Remembers 32-byte keys. `add` returns true for a new key and false for one that it was given before. It must remember
 * for as long as the servers' shared secret is in use: a packet that comes back after it forgot is checked at a second point.
 */
export interface ReplayRecord {
  /**
   * Records a key of 32 bytes. Returns true when it is new, false when it was there; never a promise, since a session asks
   * before it goes on. An error that it throws passes through `open`.
   */
  add(key: Uint8Array): boolean;
}

const PACKET_LABEL = /* @__PURE__ */ utf8("prio v1 replay: packet", "label");
const REPORT_LABEL = /* @__PURE__ */ utf8("prio v1 replay: report", "label");

/**
 * The key of a packet that opened. Only its sender can make two that open under one key, and then the second one, the
 * sender's own, is refused.
 */
export function packetKey(packet: Uint8Array): Uint8Array {
  return sha256(PACKET_LABEL, sealOf(packet));
}

/** The key of a report id in its batch. */
export function reportKey(config: Config, reportId: Uint8Array): Uint8Array {
  return sha256(REPORT_LABEL, uint32BE(config.batchId.length), config.batchId, reportId);
}

/** Adds a key; a record that answers with anything but a boolean (a promise, say) would let every replay through. */
export function isNew(record: ReplayRecord, key: Uint8Array): boolean {
  const answer: unknown = record.add(key);
  if (typeof answer !== "boolean") {
    throw new PrioError("invalid-argument", `replays: expected add() to return a boolean, got ${typeof answer}`);
  }
  return answer;
}

/** SHA-256. */
const KEY_BYTES = 32;
/** Words kept of a key: 16 bytes. Two keys that agree in them cost 2^64 hashes to find, and only their maker a report. */
const WORDS = 4;

/** The default record: in memory, gone with the process. Share one among the sessions that will be merged. */
export class MemoryReplayRecord implements ReplayRecord {
  readonly #keys = new KeySet(WORDS);
  /** The key that is being added. */
  readonly #words = new Uint32Array(WORDS);

  /** Records a key; false when it was there. Only the first 16 of its 32 bytes are kept, in 23 bytes of memory. */
  add(key: Uint8Array): boolean {
    const bytes = requireBytes(key, "replay key", KEY_BYTES);
    const words = this.#words;
    // Four bytes shifted in leave nothing of the key before.
    for (let i = 0; i < 4 * WORDS; i++) words[i >> 2] = ((words[i >> 2] as number) << 8) | (bytes[i] as number);
    return this.#keys.add(words);
  }
}
