// Which packets and report ids were seen before. A packet checked at k points gives both servers k − 2 linear equations in
// the client's bits (WIRE.md section 5), of which one tells some 80 bits, so none is ever checked twice, nor anybody counted twice.

import { requireBytes, uint32BE, utf8 } from "../core/bytes.js";
import { systemRandom } from "../core/random.js";
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
/** Grows by half when 85 % full, so a key costs 19 to 29 bytes. */
const MAX_LOAD = 0.85;
const GROWTH = 1.5;
const FIRST_CAPACITY = 64;

/** The default record: in memory, gone with the process. Share one among the sessions that will be merged. */
export class MemoryReplayRecord implements ReplayRecord {
  /** An open-addressing table of `capacity` slots of WORDS words; an all-zero slot is free. */
  #table = new Uint32Array(FIRST_CAPACITY * WORDS);
  #capacity = FIRST_CAPACITY;
  #size = 0;
  /** Odd multipliers that no client knows, so that none can pick packets that all fall on one slot. */
  readonly #multipliers = new Uint32Array(systemRandom(4 * WORDS).buffer).map((x) => x | 1);

  /** Records a key; false when it was there. Only the first 16 of its 32 bytes are kept. */
  add(key: Uint8Array): boolean {
    requireBytes(key, "replay key", KEY_BYTES);
    const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
    const words = Uint32Array.from({ length: WORDS }, (_, k) => view.getUint32(4 * k));
    // All zero marks a free slot.
    if (words.every((word) => word === 0)) words[0] = 1;
    if (this.#size + 1 > MAX_LOAD * this.#capacity) this.#grow();
    const added = this.#insert(words, 0);
    if (added) this.#size++;
    return added;
  }

  #insert(words: Uint32Array, offset: number): boolean {
    const table = this.#table;
    for (let slot = this.#slot(words, offset); ; slot = slot + 1 === this.#capacity ? 0 : slot + 1) {
      let free = true;
      let same = true;
      for (let k = 0; k < WORDS; k++) {
        const word = table[slot * WORDS + k];
        free &&= word === 0;
        same &&= word === words[offset + k];
      }
      if (same) return false;
      if (free) {
        for (let k = 0; k < WORDS; k++) table[slot * WORDS + k] = words[offset + k] as number;
        return true;
      }
    }
  }

  #slot(words: Uint32Array, offset: number): number {
    let hash = 0;
    for (let k = 0; k < WORDS; k++) hash += Math.imul(words[offset + k] as number, this.#multipliers[k] as number);
    return Math.floor(((hash >>> 0) / 2 ** 32) * this.#capacity);
  }

  #grow(): void {
    const old = this.#table;
    const capacity = Math.ceil(this.#capacity * GROWTH);
    // Nothing is changed before the memory is there.
    this.#table = new Uint32Array(capacity * WORDS);
    this.#capacity = capacity;
    for (let offset = 0; offset < old.length; offset += WORDS) {
      if (old.subarray(offset, offset + WORDS).some((word) => word !== 0)) this.#insert(old, offset);
    }
  }
}
