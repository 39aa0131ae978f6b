// A server's session: opens packets, hands out their checks, adds up what they let through.

import { copyOfBytes, equalBytes, isBytes, kindOf, requireBytes, requireObject, utf8 } from "../core/bytes.js";
import { PrivateKey } from "../crypto/keys.js";
import type { ServerSecret } from "../crypto/secret.js";
import { PrioError } from "../errors.js";
import { Admission, type AdmissionOptions, type Admitted, requireAdmissionOptions } from "./admission.js";
import { publishedTotals, RunningTotal } from "./aggregate.js";
import { Config } from "./config.js";
import { OpenedReport } from "./opened-report.js";
import { openPacket } from "./packet.js";
import {
  type CheckAt,
  checkAtBatchPoint,
  checkAtReportPoint,
  checkAtStreamPoint,
  type QueryPoints,
} from "./query-points.js";
import { type AtomicReplayRecord, copyOfKeys, type ReplayRecord, replayKeys } from "./replay.js";
import type { ServerId } from "./share.js";
import { VerifiedReport, Verifier } from "./verify.js";
import { readState, writeState, writeTotalShare } from "./wire.js";

/** What a session of one of the two servers needs besides the configuration. */
export interface ServerOptions extends AdmissionOptions {
  /** Which of the two servers this is. */
  readonly id: ServerId;
  /** The key whose public half is `serverA` or `serverB` of the configuration. */
  readonly privateKey: PrivateKey;
  /** As in {@link AdmissionOptions}, but synchronous, since `open` is. */
  readonly replays?: ReplayRecord | AtomicReplayRecord;
}

/** Longest report id, in bytes. */
const MAX_REPORT_ID = 65535;

/** A session of server A or server B. */
export class Server {
  readonly #config: Config;
  readonly #id: ServerId;
  readonly #privateKey: PrivateKey;
  readonly #secret: ServerSecret;
  readonly #queryPoints: QueryPoints;
  readonly #admission: Admission;
  /** With `"batch"`, where all reports are checked: made for the first one. */
  #checkAtBatchPoint: CheckAt | undefined;
  readonly #total: RunningTotal;

  /** Throws `invalid-argument` for an option that is not as {@link ServerOptions} says. */
  constructor(config: Config, options: ServerOptions) {
    this.#config = Config.require(config);
    const { id, privateKey } = requireObject(options, "server");
    if (id !== "A" && id !== "B") throw invalid("id", '"A" or "B"', id);
    if (!PrivateKey.is(privateKey)) throw invalid("privateKey", "a PrivateKey", privateKey);
    this.#id = id;
    this.#privateKey = privateKey;
    const admissionOptions = requireAdmissionOptions(options, "server");
    this.#secret = admissionOptions.secret;
    this.#queryPoints = admissionOptions.queryPoints;
    this.#admission = new Admission(config, admissionOptions);
    this.#total = new RunningTotal(config.snip.space.zeros(config.fields));
  }

  /** How many reports this session has counted, those of merged sessions included. A state read from bytes counts from 0. */
  get reports(): number {
    return this.#total.reports;
  }

  /**
   * Opens a client's packet to this server, the report's replay and query point included: `openPacket`, the session's own
   * {@link Admission} and `verifier` in one. `reportId`, 1 to 65,535 bytes or a string for its UTF-8, names the report alike
   * at both servers; query points `"report"` need it.
   *
   * Throws what those three throw, and `replay` for a packet that was opened before or whose report id was seen. Nothing of
   * the session changes by an error, but that in stream mode a replay takes its query point, to stay in step with a libprio
   * peer.
   */
  open(packet: Uint8Array, reportId?: Uint8Array | string): Verifier {
    const opened = this.openPacket(packet, reportId);
    const answer = this.#admission.admit(opened.replayKeys);
    if ("replayed" in answer) {
      const seen = answer.replayed === "report" ? "its report id was seen before" : "it was opened before";
      throw new PrioError("replay", `cannot open packet: ${seen}`);
    }
    return this.verifier(opened, answer);
  }

  /**
   * The first of three steps: decrypts and reads a packet to this server, and touches nothing of the session. For those who
   * open packets in several threads, or ask a record that answers later; all others use `open`. The report's id is given here,
   * as for `open`. Give the result's `replayKeys` to the {@link Admission} of the whole session, and then, in the thread that
   * opened the packet, both to `verifier`.
   *
   * Throws `cannot-open`, `malformed`, `wrong-batch`, `wrong-server` for a packet that is not one for this server, and
   * `invalid-argument`, `out-of-range`, `invalid-encoding` for a report id that is none.
   */
  openPacket(packet: Uint8Array, reportId?: Uint8Array | string): OpenedReport {
    // Copies, so that what is noted is what was opened and checked.
    const sealed = copyOfBytes(packet, "packet");
    const id = this.#reportIdBytes(reportId);
    const share = openPacket(this.#config, this.#id, this.#privateKey, sealed);
    return OpenedReport.of({ total: this.#total, share, keys: replayKeys(this.#config, sealed, id), reportId: id });
  }

  /**
   * The third step: this server's side of the check of a report that this session opened and that was admitted. It takes the
   * share out of `opened`, so that there is one verifier of it.
   *
   * Throws `mismatch` when `admitted` is for another report or another kind of query points, `wrong-state` when `opened` is
   * another session's or has its verifier already, `invalid-argument` for anything that is not as its type says.
   */
  verifier(opened: OpenedReport, admitted: Admitted): Verifier {
    const { keys, queryPoints, point } = requireObject(admitted, "admitted");
    if (queryPoints !== this.#queryPoints) {
      throw new PrioError("mismatch", "verifier: expected an admission to this session's kind of query points");
    }
    const isPoint = typeof point === "bigint" && this.#config.snip.space.field.has(point);
    if (queryPoints === "stream" ? !isPoint : point !== undefined) {
      throw new PrioError("invalid-argument", 'admitted: expected a point below the modulus with "stream" alone');
    }
    const { share, reportId } = OpenedReport.take(opened, this.#total, copyOfKeys(keys));
    return Verifier.of(this.#config, this.#id, share, () => this.#checkAt(reportId, point), this.#total);
  }

  /** Counts a report that a check of this session let through. Throws `invalid-argument`, and `wrong-state` the second time. */
  aggregate(report: VerifiedReport): void {
    VerifiedReport.count(report, this.#total);
  }

  /**
   * Adds what another session of the same server and configuration has counted; the other stays as it is. Replays between
   * the two are noticed only when they share a ReplayRecord. Throws `mismatch`, `invalid-argument`.
   */
  merge(other: Server): void {
    if (typeof other !== "object" || other === null || !(#total in other)) {
      throw new PrioError("invalid-argument", `merge: expected a Server, got ${kindOf(other)}`);
    }
    if (other === this) throw new PrioError("mismatch", "merge: expected another session, got this one");
    if (other.#id !== this.#id || !sameBatch(other.#config, this.#config)) {
      throw new PrioError("mismatch", "merge: expected a session of the same server and configuration");
    }
    this.#total.merge(other.#total);
  }

  /** This server's share of the totals, for `publish`: one byte of server id, then n elements, or count for integers. */
  totalShare(): Uint8Array {
    return writeTotalShare(this.#config, this.#id, publishedTotals(this.#config, this.#total.vector));
  }

  /** The running total as libprio's PrioServer_write gives it: n elements. Neither keys nor replay record are in it. */
  toBytes(): Uint8Array {
    return writeState(this.#config, this.#total.vector);
  }

  /** A session that goes on from `bytes` of `toBytes`, with a new point stream. Throws `malformed`, `invalid-argument`. */
  static fromBytes(config: Config, options: ServerOptions, bytes: Uint8Array): Server {
    const server = new Server(config, options);
    server.#total.vector.accumulate(readState(config, requireBytes(bytes, "server state")));
    return server;
  }

  #checkAt(reportId: Uint8Array | undefined, point: bigint | undefined): CheckAt {
    if (point !== undefined) return checkAtStreamPoint(this.#config, point);
    if (this.#queryPoints === "report") {
      // openPacket has asked for an id.
      return checkAtReportPoint(this.#config, this.#secret, reportId as Uint8Array);
    }
    this.#checkAtBatchPoint ??= checkAtBatchPoint(this.#config, this.#secret);
    return this.#checkAtBatchPoint;
  }

  #reportIdBytes(reportId: unknown): Uint8Array | undefined {
    if (reportId === undefined) {
      if (this.#queryPoints !== "report") return undefined;
      throw new PrioError("invalid-argument", 'report id: expected one, since query points are "report"');
    }
    if (typeof reportId !== "string" && !isBytes(reportId)) {
      throw new PrioError("invalid-argument", `report id: expected a string or a Uint8Array, got ${kindOf(reportId)}`);
    }
    const bytes = typeof reportId === "string" ? utf8(reportId, "report id") : copyOfBytes(reportId, "report id");
    if (bytes.length < 1 || bytes.length > MAX_REPORT_ID) {
      throw new PrioError("out-of-range", `report id: expected 1 to ${MAX_REPORT_ID} bytes, got ${bytes.length}`);
    }
    return bytes;
  }
}

function sameBatch(a: Config, b: Config): boolean {
  return (
    a.fields === b.fields && a.precision === b.precision && a.prgKey === b.prgKey && equalBytes(a.batchId, b.batchId)
  );
}

function invalid(option: string, expected: string, got: unknown): PrioError {
  return new PrioError("invalid-argument", `server: ${option}: expected ${expected}, got ${kindOf(got)}`);
}
