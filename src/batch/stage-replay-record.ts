// What a stage asks of the replay record (replays/record.ts), so that it is safe to run it again: no packet is
// checked at two points, no report gets two second messages, and no two totals share a part of their reports.

import { hash } from "node:crypto";
import { Failure } from "../files/failure.js";
import type { AtomicReplayRecord, ReplayAnswer, ReplayKeys } from "../index.js";
import type { FileReplayRecord } from "../replays/record.js";
import { FingerprintRecord } from "./fingerprints.js";
import { decodeBase64 } from "./rows.js";
import type { Instruction } from "./thread-messages.js";

/** The record as one run of a stage uses it. */
export class StageReplayRecord implements AtomicReplayRecord {
  readonly #record: FileReplayRecord;
  readonly #occasion: string;
  /** What the file has shown so far. A report that it shows twice is left out for that, whatever earlier runs had. */
  readonly #file = new FingerprintRecord();
  #isOfEarlierRun = false;

  /**
   * `occasion` is a name for when this is done, such as a day. A packet that was checked on another occasion is
   * refused, even if the check is the same. An id may come again with another packet, because some ingestions number
   * the reports of each day from 1.
   */
  constructor(record: FileReplayRecord, occasion = "") {
    this.#record = record;
    this.#occasion = occasion;
  }

  /** For the library's admission. */
  addReport(keys: ReplayKeys, point: Uint8Array): ReplayAnswer {
    this.#isOfEarlierRun = false;
    if (keys.report !== undefined && !this.#file.add(keys.report)) return "report";
    if (!this.#file.add(keys.packet)) return "packet";
    const answer = this.#record.addReport(this.#recorded(keys), point);
    this.#isOfEarlierRun = answer === "report" || answer === "packet";
    return answer;
  }

  /** Whether it was an earlier run, not this file, that had the report which was refused last. */
  get isOfEarlierRun(): boolean {
    return this.#isOfEarlierRun;
  }

  /** Whether verify2 may answer these messages: none was answered before, or the same ones. */
  mayAnswer(instruction: Instruction): boolean {
    const digest = digestOf(instruction);
    return digest === null || this.#record.mayAnswer(this.#recorded(instruction.admitted.keys), digest);
  }

  /** Records that verify2 answers these messages, once they turned out to be readable. */
  answered(instruction: Instruction): void {
    const digest = digestOf(instruction);
    if (digest === null || !this.#record.answer(this.#recorded(instruction.admitted.keys), digest)) {
      throw new Error("replays: a row was answered that must not be");
    }
  }

  /** Records that aggregate counts a report. Throws a Failure when an earlier aggregate has only some of them. */
  counted({ admitted }: Instruction): void {
    if (!this.#record.count(this.#recorded(admitted.keys))) throw otherTotal();
  }

  /**
   * Records the aggregate, by its share if that has noise. Throws a Failure when an earlier aggregate holds these
   * reports and more, or had other noise. True when an earlier one of the same reports had none.
   */
  endTotal(noisyShare: Uint8Array | undefined): boolean {
    const answer = this.#record.endTotal(noisyShare);
    if (answer === "other-reports") throw otherTotal();
    if (answer === "other-noise") throw otherNoise();
    return answer === "without-noise";
  }

  /** Makes what was recorded last. A stage calls it before anything that it made leaves the process. */
  commit(): void {
    this.#record.commit();
  }

  /** The keys as the record has them: those of packets alike on all occasions, those of ids on each others. */
  #recorded({ packet, report }: ReplayKeys): ReplayKeys {
    if (report === undefined || this.#occasion === "") return { packet, ...(report && { report }) };
    return { packet, report: hash("sha256", Buffer.concat([report, Buffer.from(this.#occasion)]), "buffer") };
  }
}

/** What stands for both servers' messages in the record, or null when they are not base64, which the check refuses. */
function digestOf({ messages }: Instruction): Uint8Array | null {
  const [fromA, fromB] = (messages ?? []).map(decodeBase64);
  if (!fromA || !fromB) return null;
  return Buffer.concat([Buffer.from(`${fromA.length} `), fromA, fromB]);
}

function otherTotal(): Failure {
  return new Failure(
    "an earlier run made an aggregate of some of these reports but not of all: both together show single clients",
    "use the earlier aggregate; aggregate the same reports again only with the same files",
  );
}

function otherNoise(): Failure {
  return new Failure(
    "an earlier run made an aggregate of these reports with noise, and this would be another: both together show more",
    "use the earlier aggregate; a run with the same --noise, private key and --batch-id makes it again",
  );
}
