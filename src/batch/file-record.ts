// What a run remembers of a file's rows, and what it decides on each that opened. It is kept in one thread, because the decisions
// need the whole file: which packet is the k-th that opened (stream mode's points), and which id or packet was there before.

import { KeySet } from "../core/key-set.js";
import { ServerSecret } from "../index.js";
import { MAX_REPORTS_AT_ONE_POINT, queryPointSource } from "../prio1/query-points.js";
import { configOf, type ServerRole, type ServerStage } from "./batch.js";
import { Failure } from "./failure.js";
import { FINGERPRINT_WORDS } from "./fingerprints.js";
import type { MessagesOf } from "./messages.js";
import { isRefusal, refuse } from "./rows.js";
import type { Decision, Instruction, OpenedRow } from "./task.js";

/**
 * What one server's run over a file decides of a row that opened: refused when its id or its packet was there before, else
 * given its query point. In stream mode a refused duplicate takes its point too, as in the library's Server, to stay in step
 * with a libprio peer; and so does a row whose verification packets are missing, so that no packet ever has another point
 * in verify2 than it had in verify1.
 */
export class FileRecord {
  readonly #ids = new KeySet(FINGERPRINT_WORDS);
  readonly #packets = new KeySet(FINGERPRINT_WORDS);
  readonly #nextPoint: (() => bigint) | undefined;
  readonly #isAtOnePoint: boolean;
  #checked = 0;

  constructor(stage: ServerStage, { batch, secret, queryPoints }: ServerRole) {
    this.#isAtOnePoint = queryPoints === "batch" && stage !== "aggregate";
    if (queryPoints !== "stream" || stage === "aggregate") return;
    const source = queryPointSource("stream", configOf(batch), ServerSecret.fromBase64(secret));
    this.#nextPoint = () => source(undefined).point.r;
  }

  decide({ id, idPrint, packetPrint }: OpenedRow, messagesOf?: MessagesOf): Decision {
    const point = this.#nextPoint?.();
    if (!this.#ids.add(idPrint)) return refuse("duplicate-id", id);
    if (!this.#packets.add(packetPrint)) return refuse("duplicate-packet", id);
    this.#checked++;
    // Each thread has the library's own limit; this one is of the whole file.
    if (this.#isAtOnePoint && this.#checked > MAX_REPORTS_AT_ONE_POINT) {
      throw new Failure(
        `--query-points batch: one point serves ${MAX_REPORTS_AT_ONE_POINT} reports, and the file has more`,
        "make more batches of it, or use --query-points report",
      );
    }
    const found = messagesOf?.(id);
    if (found !== undefined && isRefusal(found)) return found;
    const instruction: Instruction = {
      ...(point === undefined ? {} : { point }),
      ...(found === undefined ? {} : { messages: found }),
    };
    return { id, instruction };
  }
}
