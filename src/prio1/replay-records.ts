// The records of what a server has seen, and the keys that they hold. What follows from a record's answer is decided in
// admission.ts.

import { copyOfBytes, equalBytes, propertiesOf, requireBytes, uint32BE, utf8 } from "../core/bytes.js";
import { Hidden } from "../core/hidden.js";
import { KeySet } from "../core/key-set.js";
import { systemRandom } from "../core/random.js";
import { identityOf } from "../crypto/ecies.js";
import { sha256 } from "../crypto/stream.js";
import type { Config } from "./config.js";
import { batchIdOf } from "./parameters.js";

/** What tells one opened report from another: SHA-256 digests, as plain data that crosses threads. */
export interface ReplayKeys {
  /** The packet's key: 32 bytes, a digest of its ephemeral public key, IV and tag. */
  readonly packet: Uint8Array;
  /** The key of the report's id in its batch: 32 bytes. Absent if the packet was opened without an id. */
  readonly report?: Uint8Array;
}

/**
 * Remembers 32-byte keys. It must remember them for as long as the servers' shared secret is in use: a packet that
 * returns after the record has forgotten it is checked at a second point.
 *
 * A session adds the key of the report's id first, then the packet's key. If the second `add` throws, the session
 * remembers that the id is still free, but a restart forgets that. A record in a database should therefore be an
 * {@link AtomicReplayRecord}.
 */
export interface ReplayRecord {
  /**
   * Records a key of 32 bytes. Returns true if the key is new and false if it was recorded before. Its errors pass
   * through `open` and `admit`.
   */
  add(key: Uint8Array): boolean;
}

/**
 * A record's answer about a report. `"new"`: it was not known and is recorded now. `"again"`: the same check of the
 * same report, not answered yet, which may be opened again. `"report"`: its id was seen before. `"packet"`: its packet
 * was seen before.
 */
export type ReplayAnswer = "new" | "again" | "report" | "packet";

/**
 * Remembers whole reports. Like a {@link ReplayRecord}, it must remember them for as long as the servers' shared
 * secret is in use. A record that has both `addReport` and `add` is asked through `addReport` alone.
 *
 * `"again"` lets a server that stopped between opening a report and counting it continue after a restart. A record
 * may give this answer only if the packet, the id (or its absence) and the check's tag are all as recorded, and only
 * until this server has sent its second message (`verify2`) for the report: whoever runs the server must record that
 * before the message leaves. The record need not know whether there was a restart, because no session admits a report
 * twice, whatever the record says. But only one session at a time may use such a record: two could both answer a report
 * and both count it.
 */
export interface AtomicReplayRecord {
  /**
   * Records both keys of a report and the tag of its check, 32 bytes. It records all of this, or nothing if it throws
   * or answers anything but `"new"`. The tag is a digest, so that no point is ever stored. It differs for another
   * secret, batch id, number of fields, PRG key or kind of query points and, with `"stream"`, another point: B's packet
   * is a seed, and checked with another number of fields at the same point it would show single values.
   *
   * Returns `"report"` if the id was recorded with another packet or tag, otherwise `"packet"` if the packet was
   * recorded under another id or with another tag.
   */
  addReport(keys: ReplayKeys, tag: Uint8Array): ReplayAnswer;
}

/** A record that answers with a promise, such as a database. It works with {@link Admission.admitAsync} only. */
export type AsyncReplayRecord =
  | {
      /** As {@link ReplayRecord.add}. */
      add(key: Uint8Array): Promise<boolean>;
    }
  | {
      /** As {@link AtomicReplayRecord.addReport}. */
      addReport(keys: ReplayKeys, tag: Uint8Array): Promise<ReplayAnswer>;
    };

const PACKET_LABEL = /* @__PURE__ */ utf8("prio v1 replay: packet", "label");
const REPORT_LABEL = /* @__PURE__ */ utf8("prio v1 replay: report", "label");

/**
 * The keys of a packet that opened and of its report id. Only the sender of a packet can make a second one that opens
 * and has the same key, and it is the second one, the sender's own, that is then refused.
 */
export function replayKeys(config: Config, packet: Uint8Array, reportId: Uint8Array | undefined): ReplayKeys {
  const packetKey = sha256(PACKET_LABEL, identityOf(packet));
  if (reportId === undefined) return { packet: packetKey };
  return {
    packet: packetKey,
    report: sha256(REPORT_LABEL, uint32BE(batchIdOf(config).length), batchIdOf(config), reportId),
  };
}

/** SHA-256. */
const KEY_BYTES = 32;

/** A copy of keys, which nobody else can change. Throws `invalid-argument`, `wrong-length` for what are no keys. */
export function copyOfKeys(keys: ReplayKeys): ReplayKeys {
  const { packet, report } = propertiesOf<ReplayKeys>(keys, "replay keys", ["packet", "report"]);
  return report === undefined
    ? { packet: copyOfKey(packet) }
    : { packet: copyOfKey(packet), report: copyOfKey(report) };
}

function copyOfKey(key: unknown): Uint8Array {
  return copyOfBytes(key, "replay key", KEY_BYTES);
}

/** Whether these are keys of the same report: the same packet under the same id, or without one. */
export function sameKeys(a: ReplayKeys, b: ReplayKeys): boolean {
  if (a.report === undefined || b.report === undefined) {
    return a.report === b.report && equalBytes(a.packet, b.packet);
  }
  return equalBytes(a.report, b.report) && equalBytes(a.packet, b.packet);
}

/**
 * The words of a key that are kept: 16 bytes. Finding two keys that agree in them takes 2^64 hashes and gains
 * nothing: the finder's own second report is refused.
 */
const WORDS = 4;

/** The records of this class. */
const records = /* @__PURE__ */ new Hidden<true>("MemoryReplayRecord");

/**
 * The default record: in memory, and lost with the process. Sessions that will be merged should share one. A record
 * that lasts is `FileReplayRecord` of `prio/replays`, for Node.
 *
 * @example
 * ```js
 * import { Client, Config, generateKeyPair, MemoryReplayRecord, PrioError, Server, ServerSecret } from "prio";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 1, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const replays = new MemoryReplayRecord();
 * const session = () =>
 *   new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report", replays });
 *
 * const { a } = new Client(config).encode([true]);
 * session().open(a, "report 1");
 * try {
 *   session().open(a, "report 2");
 * } catch (error) {
 *   console.log(error instanceof PrioError && error.code); // replay
 * }
 * ```
 */
export class MemoryReplayRecord implements ReplayRecord, AtomicReplayRecord {
  readonly #keys = new KeySet(WORDS, systemRandom);
  /** The words of the keys that are being recorded: arrays for each call would cost more than the search. */
  readonly #first: readonly [Uint32Array] = [new Uint32Array(WORDS)];
  readonly #both: readonly [Uint32Array, Uint32Array] = [this.#first[0], new Uint32Array(WORDS)];

  /** An empty record. */
  constructor() {
    records.set(this, true);
  }

  /**
   * Records a key; returns false if it was recorded before. Keeps the first 16 of its 32 bytes, in 23 bytes of
   * memory.
   */
  add(key: Uint8Array): boolean {
    setWords(this.#first[0], key);
    return this.#keys.addAll(this.#first) < 0;
  }

  /**
   * Records both keys of a report or, if one was recorded before, neither. It ignores the point and never answers
   * `"again"`.
   */
  addReport(keys: ReplayKeys): "new" | "report" | "packet" {
    const { packet, report } = propertiesOf<ReplayKeys>(keys, "replay keys", ["packet", "report"]);
    if (report === undefined) return this.add(packet as Uint8Array) ? "new" : "packet";
    setWords(this.#both[0], report);
    setWords(this.#both[1], packet);
    const known = this.#keys.addAll(this.#both);
    return known < 0 ? "new" : known === 0 ? "report" : "packet";
  }
}

/** Whether `x` is a record in memory and neither of its methods was replaced, by a subclass for instance. */
export function isMemoryRecord(x: object): x is MemoryReplayRecord {
  const { add, addReport } = MemoryReplayRecord.prototype;
  const { add: itsAdd, addReport: itsAddReport } = x as Partial<MemoryReplayRecord>;
  return records.has(x) && itsAdd === add && itsAddReport === addReport;
}

/** Sets the words to those of a key that are kept. Throws `invalid-argument`, `wrong-length`. */
function setWords(words: Uint32Array, key: unknown): void {
  const bytes = requireBytes(key, "replay key", KEY_BYTES);
  // Four bytes shifted in leave nothing of the key before.
  for (let i = 0; i < 4 * WORDS; i++) words[i >> 2] = ((words[i >> 2] as number) << 8) | (bytes[i] as number);
}
