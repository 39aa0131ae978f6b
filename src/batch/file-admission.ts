// Which of the rows that opened are admitted: the library's admission over the whole file, in one thread and in order.

import { Failure } from "../files/failure.js";
import {
  Admission,
  type Admitted,
  PrioError,
  type QueryPoints,
  type Replayed,
  type ReplayKeys,
  ServerSecret,
} from "../index.js";
import { configOf, type ServerRole } from "./batch.js";
import type { MessagesOf } from "./exchanged-messages.js";
import { FingerprintRecord } from "./fingerprints.js";
import { isRefusal, refuse } from "./rows.js";
import type { StageReplayRecord } from "./stage-replay-record.js";
import type { Decision, OpenedRow } from "./thread-messages.js";

/**
 * Decides on the rows of one file. Make one for each run, and give it every row that opened, in the order of the file.
 */
export class FileAdmission {
  readonly #admission: Admission;
  readonly #replays: StageReplayRecord | undefined;
  readonly #queryPoints: QueryPoints;

  /** `replays` remembers reports beyond this run. */
  constructor({ batch, secret, queryPoints }: ServerRole, replays?: StageReplayRecord) {
    this.#replays = replays;
    this.#queryPoints = queryPoints;
    this.#admission = new Admission(configOf(batch), {
      secret: ServerSecret.fromBase64(secret),
      queryPoints,
      replays: replays ?? new FingerprintRecord(),
    });
  }

  /**
   * Admits a row, or says why it is left out. The row is admitted before its messages are looked up, so that a row
   * without messages takes its point of the stream too: every packet then has the same point in verify1 and in verify2.
   */
  decide(row: OpenedRow, messagesOf?: MessagesOf): Decision {
    const { id, replayKeys } = row;
    const answer = this.#admit(replayKeys);
    if ("replayed" in answer) {
      if (this.#replays?.isOfEarlierRun) return refuse("replayed", id);
      return refuse(answer.replayed === "report" ? "duplicate-id" : "duplicate-packet", id);
    }
    if (messagesOf === undefined) return { admitted: answer };
    const messages = messagesOf(row);
    return isRefusal(messages) ? messages : { admitted: answer, messages };
  }

  #admit(keys: ReplayKeys): Admitted | Replayed {
    try {
      return this.#admission.admit(keys);
    } catch (error) {
      if (!(error instanceof PrioError) || error.code !== "out-of-range") throw error;
      const most = Admission.maxReportsAtOnePoint;
      throw new Failure(
        `--query-points ${this.#queryPoints}: one point serves ${most} reports, and the file has more`,
        "make more batches of it, or use --query-points report",
      );
    }
  }
}
