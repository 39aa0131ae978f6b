// A server's session: it opens packets, makes their checks and adds up the reports that pass.

import {
  type Bytes,
  copyOfBytes,
  equalBytes,
  isBytes,
  kindOf,
  lengthOfBytes,
  listOf,
  propertiesOf,
  shown,
  toHex,
  utf8,
} from "../core/bytes.js";
import { drawNoise, type Noise } from "../core/noise.js";
import { systemRandom } from "../core/random.js";
import { cannotOpen, openWithAny, SEALING_BYTES } from "../crypto/ecies.js";
import { isPrivateKey, isSamePoint, type PrivateKey } from "../crypto/keys.js";
import { type ServerSecret, secretBytesOf } from "../crypto/server-secret.js";
import { PrioError } from "../errors.js";
import { Admission, type AdmissionOptions, type Admitted, requireAdmissionOptions } from "./admission.js";
import { type Config, requireConfig } from "./config.js";
import { type Opened, type OpenedReport, openedReportOf, takeShare } from "./opened-report.js";
import { readPacket } from "./packet.js";
import { batchIdOf, snipOf } from "./parameters.js";
import {
  firstPoint,
  pointOfBatch,
  pointOfStream,
  type QueryPoints,
  ReportPoints,
  type WeightedPoint,
} from "./query-points.js";
import {
  type AtomicReplayRecord,
  copyOfKeys,
  type ReplayKeys,
  type ReplayRecord,
  replayKeys,
} from "./replay-records.js";
import { integersOfTotal, RunningTotal } from "./running-total.js";
import type { ServerId } from "./share.js";
import { type Belonging, readSnapshot, SESSION_ID_BYTES, writeSnapshot } from "./snapshot.js";
import { count, type VerifiedReport, type Verifier, verifierOf } from "./verify.js";
import { emitWarning, type WarningHook, warnOfHole } from "./warning.js";
import { maxPlaintextBytes, readState, writeState, writeTotalShare } from "./wire.js";

/** The options of a session. */
export interface ServerOptions extends AdmissionOptions {
  /** The server that this session belongs to. */
  readonly id: ServerId;
  /**
   * The private key of the configuration's `serverA` or `serverB`, or a list of keys with that one among them: each
   * packet is opened with the first that opens it. A list is for the time in which clients go over to a new key
   * (docs/guide.md, "Rolling keys over").
   */
  readonly privateKey: PrivateKey | readonly PrivateKey[];
  /** As in {@link AdmissionOptions}, but synchronous, because `open` is. */
  readonly replays?: ReplayRecord | AtomicReplayRecord;
  /**
   * Is told of a danger in these options, once in a process for each hook. By default it is Node's
   * `process.emitWarning`, which shows the warning on standard error unless the program decides otherwise, and nothing
   * in a browser.
   */
  readonly onWarning?: WarningHook;
}

/** How a total share is made. */
export interface TotalShareOptions {
  /** Draws the noise of each total. */
  readonly noise: Noise;
}

/** The admissions that made a verifier, in whichever session: each is for one check. */
const used = /* @__PURE__ */ new WeakSet<Admitted>();

/** The longest report id, in bytes. */
const MAX_REPORT_ID = 65535;

/**
 * A session of server A or server B: what one server does with the reports of one batch. Give it every packet that
 * clients sent to this server; each gives a {@link Verifier}, whose messages you exchange with the other server. Count
 * the reports that pass with `aggregate`, and at the end publish `totalShare`. A session lives in one process;
 * `snapshot` keeps its total for the next one.
 *
 * @example
 * ```js
 * import { Client, Config, generateKeyPair, Server, ServerSecret } from "prio";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 2, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const a = new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report" });
 * const b = new Server(config, { id: "B", privateKey: keys.B.privateKey, secret, queryPoints: "report" });
 *
 * const packets = new Client(config).encode([true, false]);
 * const verifiers = { a: a.open(packets.a, "report 1"), b: b.open(packets.b, "report 1") };
 * const first = { a: verifiers.a.verify1(), b: verifiers.b.verify1() };
 * const second = { a: verifiers.a.verify2(first.a, first.b), b: verifiers.b.verify2(first.a, first.b) };
 * const report = verifiers.a.check(second.a, second.b);
 * if (report !== null) a.aggregate(report);
 * console.log(a.reports); // 1
 * ```
 */
export class Server {
  readonly #config: Config;
  readonly #id: ServerId;
  readonly #privateKeys: readonly PrivateKey[];
  /** How many packets each key has opened. */
  readonly #openedByKey: number[];
  /** The longest packet that the configuration allows. */
  readonly #maxPacket: number;
  readonly #secret: ServerSecret;
  readonly #queryPoints: QueryPoints;
  readonly #admission: Admission;
  /** With `"report"`, the source of the reports' points, made for the first one. */
  #reportPoints: ReportPoints | undefined;
  /** With `"batch"` and `"first"`, the check of all reports, made for the first one. */
  #commonPoint: WeightedPoint | undefined;
  #total: RunningTotal;

  /**
   * Throws `invalid-argument` for an option that does not match {@link ServerOptions}, and `mismatch` if no private key
   * belongs to this server's public key in the configuration.
   */
  constructor(config: Config, options: ServerOptions) {
    this.#config = requireConfig(config);
    const {
      id,
      privateKey,
      onWarning = emitWarning,
    } = propertiesOf<ServerOptions>(options, "server", ["id", "privateKey", "onWarning"]);
    if (id !== "A" && id !== "B") {
      throw new PrioError("invalid-argument", `server: id: expected "A" or "B", got ${shown(id)}`);
    }
    this.#id = id;
    this.#privateKeys = listOf(privateKey, "server: privateKey", requirePrivateKey);
    this.#openedByKey = this.#privateKeys.map(() => 0);
    this.#maxPacket = maxPlaintextBytes(config, id) + SEALING_BYTES;
    const admissionOptions = requireAdmissionOptions(options, "server");
    this.#secret = admissionOptions.secret;
    this.#queryPoints = admissionOptions.queryPoints;
    this.#admission = new Admission(config, admissionOptions);
    const own = id === "A" ? config.serverA : config.serverB;
    if (!this.#privateKeys.some(({ publicKey }) => isSamePoint(publicKey, own))) {
      throw new PrioError("mismatch", `server: privateKey: expected the key of the configuration's server ${id}`);
    }
    if (typeof onWarning !== "function") throw invalid("onWarning", "a function", onWarning);
    warnOfHole(config, this.#queryPoints, onWarning as WarningHook);
    this.#total = new RunningTotal(snipOf(config).space.zeros(config.fields), [toHex(systemRandom(SESSION_ID_BYTES))]);
  }

  /**
   * The number of reports counted, those of merged sessions and of a snapshot included. A session made by `fromBytes`
   * starts at 0.
   */
  get reports(): number {
    return this.#total.reports;
  }

  /**
   * How many packets each private key has opened, in the order of the list. When an old key opens none any more, it can
   * be left out.
   */
  get openedByKey(): readonly number[] {
    return this.#openedByKey.slice();
  }

  /**
   * Opens a client's packet to this server and admits the report to its check: `openPacket`, this session's own
   * {@link Admission} and `verifier` in one call. `reportId` is 1 to 65,535 bytes, or a string that is encoded as
   * UTF-8. It names the report, the same at both servers, and is required with query points `"report"`.
   *
   * Throws the errors of those three, and `replay` if the packet was opened before or the report id was seen before.
   * An error changes nothing in the session, except that with `"stream"` a replay uses up a query point, to stay in
   * step with a libprio peer.
   */
  open(packet: Uint8Array, reportId?: Uint8Array | string): Verifier {
    const opened = this.#open(packet, reportId);
    const answer = this.#admission.admit(opened.keys);
    if ("replayed" in answer) {
      const seen = answer.replayed === "report" ? "its report id was seen before" : "it was opened before";
      throw new PrioError("replay", `cannot open packet: ${seen}`);
    }
    return this.#verifierOf(opened, answer.point);
  }

  /**
   * The first of three steps: decrypts and reads a packet to this server, without any effect on the session but
   * `openedByKey`. The steps are for servers that open packets in several threads or whose record answers with a
   * promise; all others use `open`. `reportId` is the same as for `open`. Pass the result's `replayKeys` to the one
   * {@link Admission} of the session, and then, in the thread that opened the packet, pass the result and the
   * admission's answer to `verifier`.
   *
   * Throws `cannot-open`, `malformed`, `wrong-batch` or `wrong-server` if this is not a packet for this server; one
   * that is longer than the configuration allows is not decrypted (`cannot-open`). Throws `invalid-argument`,
   * `out-of-range` or `invalid-encoding` if the report id is not valid.
   */
  openPacket(packet: Uint8Array, reportId?: Uint8Array | string): OpenedReport {
    return openedReportOf(this.#open(packet, reportId));
  }

  #open(packet: Uint8Array, reportId: Uint8Array | string | undefined): Opened {
    // Nothing that no client of this configuration sends is copied or decrypted.
    if (lengthOfBytes(packet, "packet") > this.#maxPacket) throw cannotOpen();
    // Copies, so that what is recorded is what is opened and checked.
    const sealed = copyOfBytes(packet, "packet");
    const id = this.#reportIdBytes(reportId);
    const { plaintext, recipient } = openWithAny(this.#privateKeys, sealed);
    const share = readPacket(this.#config, this.#id, plaintext);
    this.#openedByKey[recipient] = (this.#openedByKey[recipient] as number) + 1;
    return { total: this.#total, share, keys: replayKeys(this.#config, sealed, id), reportId: id };
  }

  /**
   * The third step: makes this server's side of the check of a report that this session opened and that was admitted.
   * It takes the share out of `opened` and uses `admitted` up: a packet that was opened twice and admitted once makes
   * one verifier. (A copy of `admitted` cannot be recognised. Use one alone.)
   *
   * Throws `mismatch` if `admitted` is for another report or another kind of query points, `wrong-state` if another
   * session opened the report, it has its verifier already or `admitted` was used before, and `invalid-argument` or
   * `wrong-length` for anything that does not match its type.
   */
  verifier(opened: OpenedReport, admitted: Admitted): Verifier {
    const { keys, queryPoints, point } = propertiesOf<Admitted>(admitted, "admitted", ["keys", "queryPoints", "point"]);
    if (queryPoints !== this.#queryPoints) {
      throw new PrioError("mismatch", "verifier: expected an admission to this session's kind of query points");
    }
    const isPoint = typeof point === "bigint" && snipOf(this.#config).space.field.has(point);
    if (queryPoints === "stream" ? !isPoint : point !== undefined) {
      throw new PrioError("invalid-argument", 'admitted: expected a point below the modulus with "stream" alone');
    }
    if (used.has(admitted)) {
      throw new PrioError("wrong-state", "verifier: expected an admission that made no verifier yet");
    }
    const taken = takeShare(opened, this.#total, copyOfKeys(keys as ReplayKeys));
    used.add(admitted);
    return this.#verifierOf(taken, point as bigint | undefined);
  }

  #verifierOf({ share, reportId }: Opened, point: bigint | undefined): Verifier {
    return verifierOf(this.#config, this.#id, share, () => this.#pointOf(reportId, point), this.#total);
  }

  /**
   * Counts a report that passed a check of this session. Throws `invalid-argument`, and `wrong-state` the second
   * time.
   */
  aggregate(report: VerifiedReport): void {
    count(report, this.#total);
  }

  /**
   * Adds the total of another session of the same server, configuration, secret and kind of query points, which stays
   * as it is. Replays between the two are noticed only if they share a record. Throws `invalid-argument`, and
   * `mismatch` also if a session would be in the total twice, directly or through others that it was merged into. (The
   * bytes of `toBytes` do not name their sessions, those of `snapshot` do.)
   */
  merge(other: Server): void {
    if (typeof other !== "object" || other === null || !(#total in other)) {
      throw new PrioError("invalid-argument", `merge: expected a Server, got ${kindOf(other)}`);
    }
    if (other === this) throw new PrioError("mismatch", "merge: expected another session, got this one");
    if (other.#id !== this.#id || !sameBatch(other.#config, this.#config)) {
      throw new PrioError("mismatch", "merge: expected a session of the same server and configuration");
    }
    if (
      other.#queryPoints !== this.#queryPoints ||
      !equalBytes(secretBytesOf(other.#secret), secretBytesOf(this.#secret))
    ) {
      throw new PrioError("mismatch", "merge: expected a session of the same secret and kind of query points");
    }
    if (this.#total.overlaps(other.#total)) {
      throw new PrioError("mismatch", "merge: expected a session that is not in this total yet");
    }
    this.#total.merge(other.#total);
  }

  /**
   * This server's share of the totals, for `publish`: one byte of server id, then n elements, or count elements for
   * integers.
   *
   * With `noise`, such as a budget of `prio/dp` gives for `config.sensitivity`, a draw is added to each total before
   * the share leaves this server; one server that does so is enough (docs/privacy.md). Publish with `publishNoisy`.
   * Noise is drawn once: called again with `noise`, the session returns the same bytes, and it does nothing else with
   * its total any more. Keep the bytes, and no earlier `snapshot`: a session restored from one would draw anew, and the
   * mean of many draws is the exact total. Throws `invalid-argument` for noise that is none, what a draw throws, and
   * `wrong-state` without `noise` after it.
   */
  totalShare(options?: TotalShareOptions): Bytes {
    const config = this.#config;
    const total = this.#total;
    if (options === undefined) return writeTotalShare(config, this.#id, integersOfTotal(config, total.vector));
    const { noise } = propertiesOf(options, "totalShare", ["noise"], ["noise"]);
    if (total.noisyShare === undefined) {
      const { space } = snipOf(config);
      const draws = drawNoise(noise as Noise, config.count ?? config.fields, space.field);
      const totals = integersOfTotal(config, total.vector).add(space.fromBigInts(draws));
      total.noisyShare = writeTotalShare(config, this.#id, totals);
    }
    return total.noisyShare.slice();
  }

  /**
   * The running total, n elements, as libprio's PrioServer_write writes it. It contains neither keys nor the replay
   * record, and no noise: throws `wrong-state` after `totalShare` with noise.
   */
  toBytes(): Bytes {
    return writeState(this.#config, this.#total.vector);
  }

  /**
   * A session that continues from the bytes of `toBytes`, with a new point stream. Throws `malformed`,
   * `invalid-argument`.
   */
  static fromBytes(config: Config, options: ServerOptions, bytes: Uint8Array): Server {
    const server = new Server(config, options);
    server.#total.vector.accumulate(readState(config, copyOfBytes(bytes, "server state")));
    return server;
  }

  /**
   * Everything that a later process needs to go on with this total: the total, the number of reports, the sessions that
   * are in it, and what they belong to (docs/WIRE.md section 8). Unlike the bytes of `toBytes`, they are ours and not
   * libprio's. They contain no key, and neither the replay record nor the reports whose checks are not over. The total
   * is a share: keep the bytes as private as the server itself.
   */
  snapshot(): Bytes {
    return writeSnapshot(this.#belonging(), this.#total);
  }

  /**
   * The session of a snapshot, to go on with in this process, with a new point stream. Throws `malformed` for bytes
   * that are damaged or no snapshot, `mismatch` for those of another server, configuration, kind of query points or
   * secret, and the errors of the constructor. The public keys may differ, since they may be rolled over.
   */
  static restore(config: Config, options: ServerOptions, bytes: Uint8Array): Server {
    const server = new Server(config, options);
    server.#total = readSnapshot(server.#belonging(), copyOfBytes(bytes, "snapshot"));
    return server;
  }

  #belonging(): Belonging {
    return { config: this.#config, id: this.#id, queryPoints: this.#queryPoints, secret: this.#secret };
  }

  #pointOf(reportId: Uint8Array | undefined, point: bigint | undefined): WeightedPoint {
    if (point !== undefined) return pointOfStream(this.#config, point);
    if (this.#queryPoints === "report") {
      // openPacket has asked for an id.
      this.#reportPoints ??= new ReportPoints(this.#config, this.#secret);
      return this.#reportPoints.pointOf(reportId as Uint8Array);
    }
    const commonPoint = this.#queryPoints === "first" ? firstPoint : pointOfBatch;
    this.#commonPoint ??= commonPoint(this.#config, this.#secret);
    return this.#commonPoint;
  }

  #reportIdBytes(reportId: unknown): Uint8Array | undefined {
    if (reportId === undefined) {
      if (this.#queryPoints !== "report") return undefined;
      throw new PrioError("invalid-argument", 'report id: expected one, since query points are "report"');
    }
    if (typeof reportId !== "string" && !isBytes(reportId)) {
      throw new PrioError("invalid-argument", `report id: expected a string or a Uint8Array, got ${kindOf(reportId)}`);
    }
    // Too many are refused before they are copied. A character takes at least one byte.
    requireFew(Math.max(1, typeof reportId === "string" ? reportId.length : lengthOfBytes(reportId, "report id")));
    const bytes = typeof reportId === "string" ? utf8(reportId, "report id") : copyOfBytes(reportId, "report id");
    requireFew(bytes.length);
    return bytes;
  }
}

function requireFew(bytes: number): void {
  if (bytes < 1 || bytes > MAX_REPORT_ID) {
    throw new PrioError("out-of-range", `report id: expected 1 to ${MAX_REPORT_ID} bytes, got ${bytes}`);
  }
}

function sameBatch(a: Config, b: Config): boolean {
  return (
    a.fields === b.fields &&
    a.precision === b.precision &&
    a.prgKey === b.prgKey &&
    equalBytes(batchIdOf(a), batchIdOf(b))
  );
}

function requirePrivateKey(x: unknown): PrivateKey {
  if (!isPrivateKey(x)) throw invalid("privateKey", "a PrivateKey or a list of them", x);
  return x;
}

function invalid(option: string, expected: string, got: unknown): PrioError {
  return new PrioError("invalid-argument", `server: ${option}: expected ${expected}, got ${kindOf(got)}`);
}
