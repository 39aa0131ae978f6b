// A server's side of a stage over part of a file, in any thread. Opening and checking are two steps, because many threads
// open at once, and only the thread that sees the whole file knows which packet is the k-th that opened and which was there
// before (file-record.ts). No packet is checked at two points: `finish` takes each share away.

import { sealOf } from "../crypto/ecies.js";
import { PrioError } from "../errors.js";
import { type Config, PrivateKey, Server, ServerSecret } from "../index.js";
import { openPacket } from "../prio1/packet.js";
import { type CheckAt, type QueryPointSource, queryPointSource } from "../prio1/query-points.js";
import type { ReportShare } from "../prio1/share.js";
import { Verifier } from "../prio1/verify.js";
import { configOf } from "./batch.js";
import { type Chunk, linesOf } from "./chunks.js";
import { fingerprint } from "./fingerprints.js";
import { decodeBase64, formatRow, isRefusal, parseRow, type Refusal, refusalOf, refuse } from "./rows.js";
import type { ChunkResult, Decision, Instruction, OpenedRow, ServerTask } from "./task.js";

/** A server's side of verify1, verify2 or aggregate. */
export class ServerSession {
  readonly #task: ServerTask;
  readonly #config: Config;
  readonly #privateKey: PrivateKey;
  readonly #pointOf: QueryPointSource;
  /** Counts the reports of `aggregate`; nothing is opened through it. */
  readonly #server: Server;
  /** The shares of the chunks between `open` and `finish`, null for rows that did not open. */
  readonly #opened = new Map<number, (ReportShare | null)[]>();

  constructor(task: ServerTask) {
    this.#task = task;
    this.#config = configOf(task.batch);
    this.#privateKey = PrivateKey.fromHex(task.privateKey);
    const secret = ServerSecret.fromBase64(task.secret);
    this.#pointOf = queryPointSource(task.queryPoints, this.#config, secret);
    this.#server = new Server(this.#config, { id: task.serverId, privateKey: this.#privateKey, secret });
  }

  /** The first step: opens the packets of a chunk and keeps the shares until `finish`. */
  open(chunk: Chunk): (OpenedRow | Refusal)[] {
    const shares: (ReportShare | null)[] = [];
    this.#opened.set(chunk.index, shares);
    return linesOf(chunk).map((line) => {
      const { row, share } = this.#openRow(line);
      shares.push(share);
      return row;
    });
  }

  #openRow(line: Buffer): { row: OpenedRow; share: ReportShare } | { row: Refusal; share: null } {
    const row = parseRow(line);
    if (isRefusal(row)) return { row, share: null };
    const { id, payload } = row;
    const packet = decodeBase64(payload);
    if (packet === null) return { row: refuse("malformed-base64", id), share: null };
    const { serverId, fingerprintKey } = this.#task;
    try {
      const share = openPacket(this.#config, serverId, this.#privateKey, packet);
      const idPrint = fingerprint(fingerprintKey, id);
      return { row: { id, idPrint, packetPrint: fingerprint(fingerprintKey, sealOf(packet)) }, share };
    } catch (error) {
      return { row: refusalOf(error, id), share: null };
    }
  }

  /** The second step: does for each row of the chunk what its instruction says, or leaves it out as the refusal says. */
  finish(chunkIndex: number, decisions: readonly Decision[]): ChunkResult {
    const shares = this.#opened.get(chunkIndex) ?? [];
    this.#opened.delete(chunkIndex);
    let text = "";
    const outcomes = decisions.map((decision, i) => {
      if (isRefusal(decision)) return decision;
      const share = shares[i];
      if (share === null || share === undefined) throw new Error("session: an instruction for a row that did not open");
      const { id, instruction } = decision;
      const done = this.#carryOut(id, share, instruction);
      if (done !== null && isRefusal(done)) return done;
      if (done !== null) text += formatRow(id, done);
      return null;
    });
    return { texts: [text], outcomes };
  }

  /** The stage's message for one report, null when the stage counts it instead. */
  #carryOut(id: string, share: ReportShare, { point, messages }: Instruction): Uint8Array | Refusal | null {
    const { stage, serverId } = this.#task;
    const verifier = Verifier.of(this.#config, serverId, share, this.#checkAt(id, point), this.#server);
    if (stage === "verify1") return verifier.verify1();
    const [fromA, fromB] = (messages ?? []).map(decodeBase64);
    if (!fromA || !fromB) return refuse("malformed-verify", id);
    try {
      if (stage === "verify2") return verifier.verify2(fromA, fromB);
      const report = verifier.check(fromA, fromB);
      if (report === null) return refuse("proof-failed", id);
      this.#server.aggregate(report);
      return null;
    } catch (error) {
      if (error instanceof PrioError && error.code === "malformed") return refuse("malformed-verify", id);
      throw error;
    }
  }

  #checkAt(id: string, point: bigint | undefined): CheckAt {
    const { stage, queryPoints } = this.#task;
    if (queryPoints !== "stream") return this.#pointOf(Buffer.from(id));
    // The last stage needs no point: what it depends on is in the messages.
    if (point === undefined && stage !== "aggregate") throw new Error("session: a stream's point is missing");
    // libprio's points have no weight (query-points.ts).
    return { point: this.#config.snip.queryPoint(point ?? 0n), weight: 1n };
  }

  /** The running total of what this session counted. */
  state(): Uint8Array {
    return this.#server.toBytes();
  }
}
