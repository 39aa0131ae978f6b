// The records of what a server has seen, and the keys that they hold. What is done with a record's answer is decided in
// admission.ts alone.

import { equalBytes, kindOf, requireBytes, uint32BE, utf8 } from "../core/bytes.js";
import { KeySet } from "../core/key-set.js";
import { sealOf } from "../crypto/ecies.js";
import { sha256 } from "../crypto/stream.js";
import { PrioError } from "../errors.js";
import type { Config } from "./config.js";

/** What tells an opened report from every other: SHA-256 digests, plain data that crosses threads. */
export interface ReplayKeys {
  /** 32 bytes: the packet's key, from its ephemeral public key, IV and tag. */
  readonly packet: Uint8Array;
  /** 32 bytes: the key of the report's id in its batch. Absent when the packet was opened without an id. */
  readonly report?: Uint8Array;
}

/**
 * Remembers 32-byte keys. It must remember them for as long as the servers' shared secret is in use: a packet that comes
 * back after the record has forgotten it is checked at a second point.
 *
 * A session gives the key of the report id first and then the packet's. When the second `add` throws, the session remembers
 * that the id was not used up; a restart forgets that, so a record in a database should be an {@link AtomicReplayRecord}.
 */
export interface ReplayRecord {
  /**
   * Records a key of 32 bytes. Returns true when the key is new and false when it was there. An error that it throws passes
   * through `open` and `admit`.
   */
  add(key: Uint8Array): boolean;
}

/**
 * What a record says of a report: `"new"`, and now it is recorded; `"again"`, the same report at the same point and not
 * answered yet, which may be opened again; `"report"`, its id was seen before; `"packet"`, its packet was seen before.
 */
export type ReplayAnswer = "new" | "again" | "report" | "packet";

/**
 * Remembers whole reports. Like a {@link ReplayRecord} it must remember them for as long as the servers' shared secret is in
 * use. It is asked through `addReport` even when it has `add` too.
 *
 * `"again"` lets a server that stopped between opening a report and counting it go on after a restart. The record may
 * answer so only when the packet, the id (or its absence) and `point` are all as recorded, and only until this server
 * has sent its second message (`verify2`) for the report: its owner records that before the message leaves. It need not
 * tell whether the restart has happened: a session admits no report a second time, whatever the record says.
 */
export interface AtomicReplayRecord {
  /**
   * Records both keys of a report together with the tag of its point, 32 bytes: either all of it or, when it throws or
   * answers anything but `"new"`, nothing. The tag is a digest, so that no point is ever written down; it differs for another
   * secret, another kind of query points and, with `"stream"`, another point.
   *
   * Returns `"report"` when the id was recorded with another packet or point, else `"packet"` when the packet was recorded
   * under another id or at another point.
   */
  addReport(keys: ReplayKeys, point: Uint8Array): ReplayAnswer;
}

/** A record that answers later, such as a database. It is for {@link Admission.admitAsync} alone. */
export type AsyncReplayRecord =
  | {
      /** As {@link ReplayRecord.add}. */
      add(key: Uint8Array): Promise<boolean>;
    }
  | {
      /** As {@link AtomicReplayRecord.addReport}. */
      addReport(keys: ReplayKeys, point: Uint8Array): Promise<ReplayAnswer>;
    };

const PACKET_LABEL = /* @__PURE__ */ utf8("prio v1 replay: packet", "label");
const REPORT_LABEL = /* @__PURE__ */ utf8("prio v1 replay: report", "label");

/**
 * The keys of a packet that opened and of its report id. Only a packet's sender can make another one that opens under the same
 * key, and then the second one, the sender's own, is refused.
 */
export function replayKeys(config: Config, packet: Uint8Array, reportId: Uint8Array | undefined): ReplayKeys {
  const packetKey = sha256(PACKET_LABEL, sealOf(packet));
  if (reportId === undefined) return { packet: packetKey };
  return {
    packet: packetKey,
    report: sha256(REPORT_LABEL, uint32BE(config.batchId.length), config.batchId, reportId),
  };
}

/** SHA-256. */
const KEY_BYTES = 32;

/** A copy of the keys, which nothing else can change. Throws `invalid-argument`, `wrong-length`. */
export function copyOfKeys(keys: unknown): ReplayKeys {
  if (typeof keys !== "object" || keys === null) {
    throw new PrioError("invalid-argument", `replay keys: expected an object, got ${kindOf(keys)}`);
  }
  const { packet, report } = keys as Partial<ReplayKeys>;
  const copy = { packet: requireKey(packet).slice() };
  return report === undefined ? copy : { ...copy, report: requireKey(report).slice() };
}

/** Whether the keys are those of one report: of one packet under one id, or under none. */
export function sameKeys(a: ReplayKeys, b: ReplayKeys): boolean {
  if (a.report === undefined || b.report === undefined) {
    return a.report === b.report && equalBytes(a.packet, b.packet);
  }
  return equalBytes(a.report, b.report) && equalBytes(a.packet, b.packet);
}

function requireKey(key: unknown): Uint8Array {
  return requireBytes(key, "replay key", KEY_BYTES);
}

/** Words kept of a key: 16 bytes. Two keys that agree in them cost 2^64 hashes to find, and only their maker a report. */
const WORDS = 4;

/** The default record: in memory, gone with the process. Share one among the sessions that will be merged. */
export class MemoryReplayRecord implements ReplayRecord, AtomicReplayRecord {
  readonly #keys = new KeySet(WORDS);

  /** Records a key; false when it was there. Only the first 16 of its 32 bytes are kept, in 23 bytes of memory. */
  add(key: Uint8Array): boolean {
    return this.#keys.addAll([wordsOf(key)]) < 0;
  }

  /** Records both keys of a report or, when one was there, neither. It never answers `"again"` and ignores the point. */
  addReport({ packet, report }: ReplayKeys): "new" | "report" | "packet" {
    const names = report === undefined ? (["packet"] as const) : (["report", "packet"] as const);
    const known = this.#keys.addAll(report === undefined ? [wordsOf(packet)] : [wordsOf(report), wordsOf(packet)]);
    return names[known] ?? "new";
  }

  /** @internal Whether `x` was made by this class. */
  static is(x: unknown): x is MemoryReplayRecord {
    return typeof x === "object" && x !== null && #keys in x;
  }
}

/** The words of a key that are kept. */
function wordsOf(key: unknown): Uint32Array {
  const bytes = requireKey(key);
  const words = new Uint32Array(WORDS);
  // Four bytes shifted in fill a word.
  for (let i = 0; i < 4 * WORDS; i++) words[i >> 2] = ((words[i >> 2] as number) << 8) | (bytes[i] as number);
  return words;
}
