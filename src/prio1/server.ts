// A server's session: opens packets, hands out their checks, adds up what they let through.

import { copyOfBytes, equalBytes, isBytes, kindOf, requireBytes, requireObject, utf8 } from "../core/bytes.js";
import { PrivateKey } from "../crypto/keys.js";
import { ServerSecret } from "../crypto/secret.js";
import { PrioError } from "../errors.js";
import { publishedTotals, RunningTotal } from "./aggregate.js";
import { Config } from "./config.js";
import { openPacket } from "./packet.js";
import { type QueryPointSource, type QueryPoints, queryPointSource } from "./query-points.js";
import { isNew, MemoryReplayRecord, packetKey, type ReplayRecord, reportKey } from "./replay.js";
import type { ServerId } from "./share.js";
import { takeVerified, type VerifiedReport, Verifier } from "./verify.js";
import { readState, writeState, writeTotalShare } from "./wire.js";

/** What a session of one of the two servers needs besides the configuration. */
export interface ServerOptions {
  /** Which of the two servers this is. */
  readonly id: ServerId;
  /** The key whose public half is `serverA` or `serverB` of the configuration. */
  readonly privateKey: PrivateKey;
  /** The secret of both servers. */
  readonly secret: ServerSecret;
  /**
   * Where reports are checked; alike at both servers. `"report"` binds each report's query point to its id, so that no report
   * disturbs another: for new deployments. `"stream"`, the default, takes points in order of arrival, which is all that a
   * libprio peer knows: both servers must open the same packets in the same order. `"batch"` checks all reports of a batch
   * at one point, at most 2^20 a session, and computes what depends on the point once: order does not matter either, and the
   * soundness error is 2^−48 instead of 2^−67 (SECURITY.md, "Query points").
   */
  readonly queryPoints?: QueryPoints;
  /** Remembers packets and report ids, for as long as `secret` is in use; by default in memory, for this session. */
  readonly replays?: ReplayRecord;
}

/** Longest report id, in bytes. */
const MAX_REPORT_ID = 65535;

/** A session of server A or server B. */
export class Server {
  readonly #config: Config;
  readonly #id: ServerId;
  readonly #privateKey: PrivateKey;
  readonly #queryPoints: QueryPoints;
  readonly #nextPoint: QueryPointSource;
  readonly #replays: ReplayRecord;
  readonly #total: RunningTotal;

  /** Throws `invalid-argument` for an option that is not as {@link ServerOptions} says. */
  constructor(config: Config, options: ServerOptions) {
    this.#config = Config.require(config);
    const {
      id,
      privateKey,
      secret,
      queryPoints = "stream",
      replays = new MemoryReplayRecord(),
    } = requireObject(options, "server");
    if (id !== "A" && id !== "B") throw invalid("id", '"A" or "B"', id);
    if (!PrivateKey.is(privateKey)) throw invalid("privateKey", "a PrivateKey", privateKey);
    if (!ServerSecret.is(secret)) throw invalid("secret", "a ServerSecret", secret);
    if (queryPoints !== "stream" && queryPoints !== "report" && queryPoints !== "batch")
      throw invalid("queryPoints", '"stream", "report" or "batch"', queryPoints);
    if (typeof (replays as Partial<ReplayRecord> | null)?.add !== "function")
      throw invalid("replays", "a ReplayRecord", replays);
    this.#id = id;
    this.#privateKey = privateKey;
    this.#queryPoints = queryPoints;
    this.#nextPoint = queryPointSource(queryPoints, config, secret);
    this.#replays = replays;
    this.#total = new RunningTotal(config.snip.space.zeros(config.fields));
  }

  /** How many reports this session has counted, those of merged sessions included. A state read from bytes counts from 0. */
  get reports(): number {
    return this.#total.reports;
  }

  /**
   * Opens a client's packet to this server. `reportId`, 1 to 65,535 bytes or a string for its UTF-8, names the report alike
   * at both servers; query points `"report"` need it.
   *
   * Throws `cannot-open`, `malformed`, `wrong-batch`, `wrong-server` for a packet that is not one for this server, and
   * `replay` for one that was opened before or whose report id was seen. Nothing of the session changes by the former; in
   * stream mode a replay takes its query point, to stay in step with a libprio peer. Throws `invalid-argument`, `out-of-range`
   * and `invalid-encoding` for a report id that is none, and `out-of-range` past 2^20 reports at one point.
   */
  open(packet: Uint8Array, reportId?: Uint8Array | string): Verifier {
    // Copies, so that what is noted is what was opened and checked.
    const sealed = copyOfBytes(packet, "packet");
    const id = this.#reportIdBytes(reportId);
    const share = openPacket(this.#config, this.#id, this.#privateKey, sealed);
    // In stream mode a replay takes its point too; in the others it must not use up what honest reports need.
    const drawn = this.#queryPoints === "stream" ? this.#nextPoint(id) : undefined;
    this.#refuseReplay(id, packetKey(sealed));
    const at = drawn ?? this.#nextPoint(id);
    return Verifier.of(this.#config, this.#id, share, at, this);
  }

  /** Counts a report that a check of this session let through. Throws `invalid-argument`, and `wrong-state` the second time. */
  aggregate(report: VerifiedReport): void {
    this.#total.add(takeVerified(report, this));
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

  /** Notes the report id and the packet, or throws `replay`. */
  #refuseReplay(id: Uint8Array | undefined, key: Uint8Array): void {
    // The id first: a replayed packet under a new id wastes that id, which its sender could do with any packet of its own.
    if (id !== undefined && !isNew(this.#replays, reportKey(this.#config, id))) {
      throw new PrioError("replay", "cannot open packet: its report id was seen before");
    }
    if (!isNew(this.#replays, key)) throw new PrioError("replay", "cannot open packet: it was opened before");
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
