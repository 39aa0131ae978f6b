// A server's side of a stage over part of a file, in any thread: it opens packets, and checks the reports that the
// whole file's admission lets through (file-admission.ts).

import { type Chunk, linesOf } from "../files/chunks.js";
import { type OpenedReport, PrioError, PrivateKey, type QueryPoints, Server, ServerSecret } from "../index.js";
import { configOf } from "./batch.js";
import { type PackedDecisions, type PackedRows, packRows, unpackDecisions } from "./packed-rows.js";
import { decodeBase64, formatRow, isRefusal, parseRow, type Refusal, refusalOf, refuse } from "./rows.js";
import type { ChunkResult, Instruction, OpenedRow, ServerTask } from "./thread-messages.js";

/** A report that opened, and its row's id, also as that is written. */
interface Opened {
  readonly report: OpenedReport;
  readonly id: string;
  readonly writtenId: string | bigint;
}

/** A server's side of verify1, verify2 or aggregate. */
export class ServerSession {
  readonly #stage: ServerTask["stage"];
  readonly #serverId: ServerTask["serverId"];
  readonly #server: Server;
  readonly #queryPoints: QueryPoints;
  /** The reports of the chunks between `open` and `finish`; null stands for a row that did not open. */
  readonly #opened = new Map<number, (Opened | null)[]>();

  constructor({ stage, batch, serverId, privateKeys, secret, queryPoints }: ServerTask) {
    this.#stage = stage;
    this.#serverId = serverId;
    this.#queryPoints = queryPoints;
    this.#server = new Server(configOf(batch), {
      id: serverId,
      privateKey: privateKeys.map((key) => PrivateKey.fromHex(key)),
      secret: ServerSecret.fromBase64(secret),
      queryPoints,
      // The command warns before the first thread starts.
      onWarning: () => undefined,
    });
  }

  /** Opens the packets of a chunk, and keeps the reports until `finish`. */
  open(chunk: Chunk): PackedRows {
    const kept: (Opened | null)[] = [];
    this.#opened.set(chunk.index, kept);
    const rows = linesOf(chunk).map((line) => {
      const { row, opened } = this.#openRow(line);
      kept.push(opened);
      return row;
    });
    return packRows(rows);
  }

  #openRow(line: Buffer): { row: OpenedRow; opened: Opened } | { row: Refusal; opened: null } {
    const row = parseRow(line);
    if (isRefusal(row)) return { row, opened: null };
    const { id, writtenId, payload } = row;
    const packet = decodeBase64(payload);
    if (packet === null) return { row: refuse("malformed-base64", id), opened: null };
    try {
      const report = this.#server.openPacket(packet, id);
      return { row: { id, replayKeys: report.replayKeys }, opened: { report, id, writtenId } };
    } catch (error) {
      return { row: refusalOf(error, id), opened: null };
    }
  }

  /** Carries out the decision on each row of a chunk that `open` has opened. */
  finish(chunkIndex: number, decisions: PackedDecisions): ChunkResult {
    const kept = this.#opened.get(chunkIndex) ?? [];
    this.#opened.delete(chunkIndex);
    let text = "";
    const outcomes = unpackDecisions(decisions, this.#queryPoints).map((decision, i) => {
      if (isRefusal(decision)) return decision;
      const opened = kept[i];
      if (opened === null || opened === undefined) throw new Error("session: a row that did not open was admitted");
      const message = this.#carryOut(decision, opened);
      if (message !== null && isRefusal(message)) return message;
      if (message !== null) text += formatRow(opened.writtenId, message);
      return null;
    });
    return { texts: [text], outcomes };
  }

  /** The stage's message on one report, or null when the stage counts the report. */
  #carryOut({ admitted, messages }: Instruction, { id, report }: Opened): Uint8Array | Refusal | null {
    const verifier = this.#server.verifier(report, admitted);
    if (this.#stage === "verify1") return verifier.verify1();
    const [fromA, fromB] = (messages ?? []).map(decodeBase64);
    if (!fromA || !fromB) return refuse("malformed-verify", id);
    try {
      const own = this.#serverId === "A" ? fromA : fromB;
      if (this.#stage === "verify2") {
        const answer = verifier.verify2(fromA, fromB);
        // Files that are swapped or of another run show here, before anything is answered: a report is answered once.
        return own.equals(verifier.verify1()) ? answer : refuse("not-own-message", id);
      }
      // The server's own file says what its verify2 stage sent: this process only checks.
      verifier.resume(own);
      const verified = verifier.check(fromA, fromB);
      if (verified === null) return refuse("proof-failed", id);
      this.#server.aggregate(verified);
      return null;
    } catch (error) {
      if (error instanceof PrioError && error.code === "malformed") return refuse("malformed-verify", id);
      throw error;
    }
  }

  /** How many packets each private key has opened. */
  openedByKey(): readonly number[] {
    return this.#server.openedByKey;
  }

  /** The running total of the reports that this session counted. */
  state(): Uint8Array {
    return this.#server.toBytes();
  }
}
