// A replay record on disk: what a server has checked. It lasts as long as the servers' secret, so that no run checks a
// packet at a second point (docs/WIRE.md section 5). This file decides what the record remembers and answers; store.ts
// keeps the entries. Node only.

import { hash, randomBytes } from "node:crypto";
import { copyOfBytes, propertiesOf } from "../core/bytes.js";
import {
  type AtomicReplayRecord,
  PrioError,
  type ReplayAnswer,
  type ReplayKeys,
  type ReplayRecord,
  type ServerId,
  ServerSecret,
} from "../index.js";
import { ANSWER, CONTENT, CONTENT_WORDS, ENTRY_WORDS, KEY_WORDS, RUN } from "./entries.js";
import type { ReplayOwner } from "./manifest.js";
import { ReplayRecordError } from "./record-error.js";
import { EntryStore } from "./store.js";

export { ReplayRecordError, type ReplayRecordErrorCode } from "./record-error.js";

/** Whose record it is, and how it is used. */
export interface FileReplayRecordOptions {
  /** The server that keeps the record: each has its own. */
  readonly server: ServerId;
  /** The secret of both servers. A new secret begins a new record, in another directory. */
  readonly secret: ServerSecret;
  /**
   * Whether a later run may open a report again that was answered. For a program that asks `answer` each time before
   * it gives an answer away: it can repeat a whole run. False by default.
   */
  readonly reopensAnswered?: boolean;
  /** Entries kept in memory before they are written, two per report: 1 or more; 786,432 by default (57 MB at most). */
  readonly entriesInMemory?: number;
}

/** What a record says of a total that is to leave: {@link FileReplayRecord.endTotal}. */
export type TotalAnswer = "new" | "again" | "without-noise" | "other-reports" | "other-noise";

const OPTIONS = ["server", "secret", "reopensAnswered", "entriesInMemory"] as const;

const KEY_BYTES = 32;
/** Three quarters of 2^20 slots (entries.ts). */
const ENTRIES_IN_MEMORY = 786_432;

/** What a hash is about is its first byte, so that no two hashes of the record are of the same bytes. */
const ABOUT = { secret: 0, key: 1, check: 2, packet: 3, answer: 4, counted: 5, total: 6, noise: 7 } as const;

/**
 * A replay record in a directory of its own, for one server and one secret. A directory that is missing is made, with
 * mode 0700.
 *
 * What is added lasts, all of it or nothing, when `commit` has returned: call it before anything that was made of the
 * reports leaves the process. A process that ends without a commit leaves the record as it was. Hashes of keys are 96
 * bits long, under a random key that stays in the directory, so that no sender of packets and no other server can aim
 * at a meeting of two.
 *
 * One process at a time has a record open. The directory belongs on a local file system. A report takes some 65 bytes
 * of disk, and some 100 once it is counted. Memory is what `entriesInMemory` says, and a byte for each 256 on disk.
 *
 * @example
 * ```js
 * import { mkdtempSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { ServerSecret } from "prio";
 * import { FileReplayRecord } from "prio/replays";
 *
 * const directory = join(mkdtempSync(join(tmpdir(), "prio-")), "replays");
 * const record = FileReplayRecord.open(directory, { server: "A", secret: ServerSecret.generate() });
 * const key = new Uint8Array(32);
 * console.log(record.add(key), record.add(key)); // true false
 * // What was added lasts from here on: call this before anything about the reports leaves the process.
 * record.commit();
 * record.close();
 * ```
 */
export class FileReplayRecord implements AtomicReplayRecord, ReplayRecord {
  readonly #store: EntryStore;
  readonly #hashKey: Uint8Array;
  readonly #reopensAnswered: boolean;
  /** The total that this run counts reports into: the run that did so first, and how many there are so far. */
  #total: { readonly run: number; reports: number } | undefined;

  private constructor(store: EntryStore, reopensAnswered: boolean) {
    this.#store = store;
    this.#hashKey = Buffer.from(store.owner.hashKey, "hex");
    this.#reopensAnswered = reopensAnswered;
  }

  /** Opens the record, or begins one. Throws a ReplayRecordError of any code, and `invalid-argument`. */
  static open(directory: string, options: FileReplayRecordOptions): FileReplayRecord {
    if (typeof directory !== "string") throw invalid("directory: expected a path");
    const given = propertiesOf(options, "replay record", OPTIONS, OPTIONS);
    const { server, secret, reopensAnswered = false, entriesInMemory = ENTRIES_IN_MEMORY } = given;
    if (server !== "A" && server !== "B") throw invalid('server: expected "A" or "B"');
    // Whatever an object says of itself, the class's own method takes a secret and nothing else.
    const secretBytes = ServerSecret.prototype.toBytes.call(secret as ServerSecret);
    if (typeof reopensAnswered !== "boolean") throw invalid("reopensAnswered: expected a boolean");
    if (!(Number.isSafeInteger(entriesInMemory) && (entriesInMemory as number) > 0)) {
      throw invalid("entriesInMemory: expected a positive integer");
    }
    const ownerWith = (hashKey: string): ReplayOwner => {
      const digest = keyedHash(Buffer.from(hashKey, "hex"), ABOUT.secret, secretBytes);
      return { server, secret: digest.toString("hex"), hashKey };
    };
    const store = EntryStore.open(directory, {
      entriesInMemory: entriesInMemory as number,
      newOwner: () => ownerWith(randomBytes(32).toString("hex")),
      requireOwner: (owner) => {
        if (owner.secret !== ownerWith(owner.hashKey).secret) {
          throw new ReplayRecordError("another-owner", `${directory} belongs to another secret`);
        }
        if (owner.server !== server) {
          throw new ReplayRecordError("another-owner", `${directory} belongs to server ${owner.server}`);
        }
      },
    });
    return new FileReplayRecord(store, reopensAnswered);
  }

  /** Whether nothing was ever committed to this record. If something should have been, the directory is wrong. */
  get isNew(): boolean {
    return this.#store.isNew;
  }

  /**
   * Records a report that is to be checked; `tag`, of any length, is the same for the same check. Answers `"new"` for
   * one whose packet and id were not seen; `"again"` for one that an earlier run was given with the same packet, id and
   * tag, provided that it was not answered or `reopensAnswered` says so, once a run; else
   * `"report"` for an id (or a packet without one) that was seen, and `"packet"` for a packet that was seen. Only the
   * first two change the record.
   *
   * Throws `invalid-argument` and `wrong-length` for keys that are none, `wrong-state` after `close`, and a
   * ReplayRecordError.
   */
  addReport(keys: ReplayKeys, tag: Uint8Array): ReplayAnswer {
    const { packet, report } = copyOfKeys(keys);
    const check = this.#hash(ABOUT.check, packet, copyOfBytes(tag, "check's tag"));
    // A packet that has no id stands for itself.
    const key = this.#hash(ABOUT.key, report ?? packet);
    const known = this.#store.find(key);
    if (known !== undefined) {
      if (!this.#mayReopen(known, check)) return report === undefined ? "packet" : "report";
      known[RUN] = this.#store.run;
      this.#store.put(known);
      return "again";
    }
    if (report === undefined) {
      this.#store.put(this.#entry(key, check));
      return "new";
    }
    const packetKey = this.#hash(ABOUT.key, packet);
    if (this.#store.find(packetKey) !== undefined) return "packet";
    this.#store.put(this.#entry(packetKey, this.#hash(ABOUT.packet, report)), this.#entry(key, check));
    return "new";
  }

  /**
   * Records a key of 32 bytes; false when it was there. For programs that know no more of a report than its keys:
   * none is ever opened again. Throws as `addReport` does.
   */
  add(key: Uint8Array): boolean {
    const hashed = this.#hash(ABOUT.key, copyOfBytes(key, "replay key", KEY_BYTES));
    if (this.#store.find(hashed) !== undefined) return false;
    this.#store.put(this.#entry(hashed, new Uint32Array(KEY_WORDS)));
    return true;
  }

  /**
   * Records what a report is answered, a digest of what the answer depends on. True when it was not answered before,
   * or the same was: the answer may be given, again too. False when the answer was another: a second one would give
   * the report away.
   *
   * Throws `wrong-state` for a report that this run did not add, and as `addReport` does.
   */
  answer(keys: ReplayKeys, digest: Uint8Array): boolean {
    const { known, words } = this.#answerOf(keys, digest);
    if (isAnswered(known)) return words.every((word, k) => known[ANSWER + k] === word);
    known.set(words, ANSWER);
    this.#store.put(known);
    return true;
  }

  /** What `answer` would return, without recording anything. Throws as `answer` does. */
  mayAnswer(keys: ReplayKeys, digest: Uint8Array): boolean {
    const { known, words } = this.#answerOf(keys, digest);
    return !isAnswered(known) || words.every((word, k) => known[ANSWER + k] === word);
  }

  /** The entry of a report that this run added, and the words that stand for an answer. */
  #answerOf(keys: ReplayKeys, digest: Uint8Array): { known: Uint32Array; words: readonly number[] } {
    const { packet, report } = copyOfKeys(keys);
    const answer = this.#hash(ABOUT.answer, copyOfBytes(digest, "answer's digest"));
    const known = this.#store.find(this.#hash(ABOUT.key, report ?? packet));
    if (known?.[RUN] !== this.#store.run) {
      throw new PrioError("wrong-state", "replay record: expected a report that this run added");
    }
    // Zero says that there is none.
    return { known, words: [answer[0] as number, (answer[1] as number) || 1] };
  }

  /**
   * Records that a report is part of the total that this run makes. True when all reports that this run has counted are
   * new, or all are of one earlier total. Else false: two totals that share some reports but not all differ by the
   * others, and whoever gets both reads the difference. Count each report once a run. Throws as `addReport` does.
   *
   * {@link FileReplayRecord.endTotal} says whether the earlier total had more.
   */
  count(keys: ReplayKeys): boolean {
    const { packet, report } = copyOfKeys(keys);
    const key = this.#hash(ABOUT.counted, report ?? packet);
    const known = this.#store.find(key);
    const run = known?.[CONTENT] ?? this.#store.run;
    this.#total ??= { run, reports: 0 };
    if (run !== this.#total.run) return false;
    if (known === undefined) this.#store.put(this.#entry(key, Uint32Array.of(run, 0)));
    this.#total.reports++;
    return true;
  }

  /**
   * To be asked after the last `count` of a run, before its total leaves the process, with the total share if that has
   * noise. Answers `"new"` and records the total; `"again"` for an earlier total of the same reports and the same share
   * with noise, or without noise like this one; `"without-noise"` for an earlier one that had none, and records that
   * now there is noise: what has left already, it does not hide. The last two are refusals: `"other-reports"` if the
   * earlier total had more reports, and `"other-noise"` if it had noise and this share is another one: the mean of many
   * is the exact total. Throws as `addReport` does.
   */
  endTotal(noisyShare?: Uint8Array): TotalAnswer {
    const noise = noisyShare === undefined ? 0 : this.#noiseWord(copyOfBytes(noisyShare, "noisy share"));
    if (this.#total === undefined) return "new";
    const { run, reports } = this.#total;
    const key = this.#hash(ABOUT.total, Buffer.from(Uint32Array.of(run).buffer));
    const known = this.#store.find(key);
    const before = known?.[CONTENT + 1];
    if (known !== undefined && known[CONTENT] !== reports) return "other-reports";
    if (before === noise) return "again";
    if (before !== undefined && before !== 0) return "other-noise";
    this.#store.put(this.#entry(key, Uint32Array.of(reports, noise)));
    return before === undefined ? "new" : "without-noise";
  }

  /**
   * Makes everything since the last commit last, whatever happens to process or power, or nothing of it. Throws a
   * ReplayRecordError, and `wrong-state` after `close`. After an error the record answers nothing more: open it again.
   */
  commit(): void {
    this.#store.commit();
  }

  /** Forgets what was not committed, and lets others open the record. Throws nothing. */
  close(): void {
    this.#store.close();
  }

  #mayReopen(known: Uint32Array, check: Uint32Array): boolean {
    const isSameCheck = known[CONTENT] === check[0] && known[CONTENT + 1] === check[1];
    return isSameCheck && known[RUN] !== this.#store.run && (this.#reopensAnswered || !isAnswered(known));
  }

  #entry(key: Uint32Array, content: Uint32Array): Uint32Array {
    const entry = new Uint32Array(ENTRY_WORDS);
    entry.set(key);
    for (let k = 0; k < CONTENT_WORDS; k++) entry[CONTENT + k] = content[k] as number;
    entry[RUN] = this.#store.run;
    return entry;
  }

  /** Stands for a share with noise; 0 stands for none. */
  #noiseWord(noisyShare: Uint8Array): number {
    return (this.#hash(ABOUT.noise, noisyShare)[0] as number) || 1;
  }

  /** Three words. All but the last of `parts` have 32 bytes. */
  #hash(about: number, ...parts: readonly Uint8Array[]): Uint32Array {
    const digest = keyedHash(this.#hashKey, about, ...parts);
    const words = new Uint32Array(KEY_WORDS);
    for (let k = 0; k < KEY_WORDS; k++) words[k] = digest.readUInt32LE(4 * k);
    return words;
  }
}

/** SHA-256 of the key, a byte that differs for every use, and parts of which only the last may vary in length. */
function keyedHash(key: Uint8Array, about: number, ...parts: readonly Uint8Array[]): Buffer {
  return hash("sha256", Buffer.concat([key, Uint8Array.of(about), ...parts]), "buffer");
}

function isAnswered(entry: Uint32Array): boolean {
  return entry[ANSWER] !== 0 || entry[ANSWER + 1] !== 0;
}

/** A copy of keys: what is checked is what is recorded. */
function copyOfKeys(keys: ReplayKeys): ReplayKeys {
  const { packet, report } = propertiesOf<ReplayKeys>(keys, "replay keys", ["packet", "report"]);
  const copy = { packet: copyOfBytes(packet, "packet key", KEY_BYTES) };
  return report === undefined ? copy : { ...copy, report: copyOfBytes(report, "report key", KEY_BYTES) };
}

function invalid(message: string): PrioError {
  return new PrioError("invalid-argument", `replay record: ${message}`);
}
