// A server's side of a stage over part of a file, in any thread: it opens packets, and checks the reports that the
// whole file's admission lets through (file-admission.ts).

import { linesOf } from "../files/chunks.js";
import { type OpenedReport, PrioError, PrivateKey, Server, ServerSecret } from "../index.js";
import { configOf } from "./batch.js";
import { type PackedDecisions, type PackedRows, packRows, unpackDecisions } from "./packed-rows.js";
import {
  decodeBase64,
  formatRow,
  isRefusal,
  parseJoinedRow,
  parseRow,
  type Refusal,
  type Row,
  refusalOf,
  refuse,
} from "./rows.js";
import type { ChunkResult, Instruction, OpenedRow, PartChunk, ServerTask } from "./thread-messages.js";

/** A report that opened, and its row's id, also as that is written. */
interface Opened {
  readonly report: OpenedReport;
  readonly id: string;
  readonly writtenId: string | bigint;
}

/** What was opened of a chunk; null stands for a row that did not open. */
interface OpenedChunk {
  readonly server: Server;
  readonly reports: readonly (Opened | null)[];
}

/** A server's side of verify1, verify2 or aggregate. */
export class ServerSession {
  readonly #task: ServerTask;
  /** Makes the server of a total. */
  readonly #newServer: () => Server;
  /** The server of each part that has a total of its own, or one for all parts. */
  readonly #servers = new Map<number, Server>();
  /** The reports of the chunks between `open` and `finish`. */
  readonly #opened = new Map<number, OpenedChunk>();
  /** How many packets each private key has opened for the totals that are done. */
  readonly #openedByKey: number[];

  constructor(task: ServerTask) {
    const { batch, serverId, privateKeys, secret, queryPoints } = task;
    this.#task = task;
    this.#openedByKey = privateKeys.map(() => 0);
    const config = configOf(batch);
    const options = {
      id: serverId,
      privateKey: privateKeys.map((key) => PrivateKey.fromHex(key)),
      secret: ServerSecret.fromBase64(secret),
      queryPoints,
      // The command warns before the first thread starts.
      onWarning: () => undefined,
    };
    this.#newServer = () => new Server(config, options);
  }

  /** Opens the packets of a chunk, and keeps the reports until `finish`. */
  open(chunk: PartChunk): PackedRows {
    const server = this.#serverOf(chunk.part);
    const reports: (Opened | null)[] = [];
    this.#opened.set(chunk.index, { server, reports });
    const rows = linesOf(chunk).map((line) => {
      const { row, opened } =
        this.#task.joined === true ? openJoinedRow(server, line) : openRow(server, parseRow(line));
      reports.push(opened);
      return row;
    });
    return packRows(rows);
  }

  #serverOf(part: number): Server {
    const total = this.#task.perPart === true ? part : 0;
    const server = this.#servers.get(total) ?? this.#newServer();
    this.#servers.set(total, server);
    return server;
  }

  /** Carries out the decision on each row of a chunk that `open` has opened. */
  finish(chunkIndex: number, decisions: PackedDecisions): ChunkResult {
    const chunk = this.#opened.get(chunkIndex);
    this.#opened.delete(chunkIndex);
    let text = "";
    const outcomes = unpackDecisions(decisions, this.#task.queryPoints).map((decision, i) => {
      if (isRefusal(decision)) return decision;
      const opened = chunk?.reports[i];
      if (chunk === undefined || !opened) throw new Error("session: a row that did not open was admitted");
      const message = this.#carryOut(chunk.server, decision, opened);
      if (message !== null && isRefusal(message)) return message;
      if (message !== null) text += formatRow(opened.writtenId, message);
      return null;
    });
    return { texts: [text], outcomes };
  }

  /** The stage's message on one report, or null when the stage counts the report. */
  #carryOut(server: Server, { admitted, messages }: Instruction, { id, report }: Opened): Uint8Array | Refusal | null {
    const { stage, serverId } = this.#task;
    const verifier = server.verifier(report, admitted);
    if (stage === "verify1") return verifier.verify1();
    const [fromA, fromB] = (messages ?? []).map(decodeBase64);
    if (!fromA || !fromB) return refuse("malformed-verify", id);
    try {
      const own = serverId === "A" ? fromA : fromB;
      if (stage === "verify2") {
        const answer = verifier.verify2(fromA, fromB);
        // Files that are swapped or of another run show here, before anything is answered: a report is answered once.
        return own.equals(verifier.verify1()) ? answer : refuse("not-own-message", id);
      }
      // The server's own file says what its verify2 stage sent: this process only checks.
      verifier.resume(own);
      const verified = verifier.check(fromA, fromB);
      if (verified === null) return refuse("proof-failed", id);
      server.aggregate(verified);
      return null;
    } catch (error) {
      if (error instanceof PrioError && error.code === "malformed") return refuse("malformed-verify", id);
      throw error;
    }
  }

  /** How many packets each private key has opened. */
  openedByKey(): readonly number[] {
    const servers = [...this.#servers.values()];
    return this.#openedByKey.map((done, key) =>
      servers.reduce((sum, { openedByKey }) => sum + (openedByKey[key] as number), done),
    );
  }

  /** The running total of the reports that this session counted, or null when it had no row of the part. */
  takeState(part: number): Uint8Array | null {
    const total = this.#task.perPart === true ? part : 0;
    const server = this.#servers.get(total);
    if (server === undefined) return null;
    this.#servers.delete(total);
    server.openedByKey.forEach((count, key) => {
      this.#openedByKey[key] = (this.#openedByKey[key] as number) + count;
    });
    return server.toBytes();
  }
}

/** A row as the admission sees it, and as `finish` needs it. */
type RowAndReport = { row: OpenedRow; opened: Opened } | { row: Refusal; opened: null };

function openJoinedRow(server: Server, line: Buffer): RowAndReport {
  const joined = parseJoinedRow(line);
  const result = openRow(server, joined);
  if (isRefusal(joined) || result.opened === null) return result;
  return { row: { ...result.row, messages: joined.messages }, opened: result.opened };
}

function openRow(server: Server, row: Row | Refusal): RowAndReport {
  if (isRefusal(row)) return { row, opened: null };
  const { id, writtenId, payload } = row;
  const packet = decodeBase64(payload);
  if (packet === null) return { row: refuse("malformed-base64", id), opened: null };
  try {
    const report = server.openPacket(packet, id);
    return { row: { id, replayKeys: report.replayKeys }, opened: { report, id, writtenId } };
  } catch (error) {
    return { row: refusalOf(error, id), opened: null };
  }
}
