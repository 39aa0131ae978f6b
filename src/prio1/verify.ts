// Checking one report. Each server computes its half from its share, and the halves are exchanged twice (WIRE.md
// section 2). The arithmetic is in check.ts.

import { type Bytes, copyOfBytes } from "../core/bytes.js";
import { Hidden, MAKER, requireMaker } from "../core/hidden.js";
import { combine } from "../core/sharing.js";
import { PrioError } from "../errors.js";
import { evaluate, type Half, outOf, sumOfFirst } from "./check.js";
import type { DataShare } from "./data-share.js";
import { type BatchParameters, snipOf } from "./parameters.js";
import type { WeightedPoint } from "./query-points.js";
import type { RunningTotal } from "./running-total.js";
import { ServerShare } from "./server-share.js";
import type { ReportShare, SeededShare, ServerId } from "./share.js";
import { readVerify1, readVerify2, writeVerify1, writeVerify2 } from "./wire.js";

/** The total that a report may be counted in, and what is added to it. */
interface Origin {
  /**
   * The total of the session that opened the report. No one else has it, so no one else can make a report that it
   * counts.
   */
  readonly total: RunningTotal;
  readonly data: DataShare;
}

/** Where each verified report comes from: null after it was counted. */
const origins = /* @__PURE__ */ new Hidden<Origin | null>("VerifiedReport");

/**
 * A report whose proof holds. Only {@link Verifier.check} makes one, and the session that opened the report counts it
 * once.
 */
export class VerifiedReport {
  private constructor(maker: typeof MAKER, origin: Origin) {
    origins.make(this, origin, maker);
  }
}

export function verifiedReportOf(origin: Origin): VerifiedReport {
  return Reflect.construct(VerifiedReport, [MAKER, origin]);
}

/** Adds a report's data to the total of its session, once. Throws `invalid-argument`, `wrong-state`. */
export function count(report: unknown, total: RunningTotal): void {
  if (!origins.has(report)) {
    throw new PrioError("invalid-argument", "aggregate: expected the VerifiedReport of a check");
  }
  const origin = origins.of(report as VerifiedReport);
  if (origin === null) throw new PrioError("wrong-state", "aggregate: expected a report not counted yet");
  if (origin.total !== total) {
    throw new PrioError("wrong-state", "aggregate: expected a report that this session opened");
  }
  origins.set(report as VerifiedReport, null);
  total.add(origin.data);
}

/**
 * One server's side of one report's check; {@link Server.open} makes it. Call `verify1`, send its message to the other
 * server and take the other's; then the same with `verify2`; then `check` says whether the proof holds. The messages
 * are for the other server alone.
 *
 * @example
 * ```js
 * import { Client, Config, generateKeyPair, Server, ServerSecret } from "prio";
 *
 * const keys = { A: generateKeyPair(), B: generateKeyPair() };
 * const config = new Config({ fields: 1, batchId: "b", serverA: keys.A.publicKey, serverB: keys.B.publicKey });
 * const secret = ServerSecret.generate();
 * const a = new Server(config, { id: "A", privateKey: keys.A.privateKey, secret, queryPoints: "report" });
 * const b = new Server(config, { id: "B", privateKey: keys.B.privateKey, secret, queryPoints: "report" });
 *
 * // Packets of two different reports do not belong together: their proof does not hold.
 * const client = new Client(config);
 * const [verifierA, verifierB] = [a.open(client.encode([1]).a, "id"), b.open(client.encode([0]).b, "id")];
 * const [firstA, firstB] = [verifierA.verify1(), verifierB.verify1()];
 * const [secondA, secondB] = [verifierA.verify2(firstA, firstB), verifierB.verify2(firstA, firstB)];
 * console.log(verifierA.check(secondA, secondB)); // null
 * ```
 */
export class Verifier {
  readonly #config: BatchParameters;
  readonly #id: ServerId;
  readonly #share: ServerShare;
  readonly #pointOf: () => WeightedPoint;
  readonly #total: RunningTotal;
  #half: Half | undefined;
  #answered: { d: bigint; e: bigint } | undefined;
  /** The [out] of the message that this server sent, in this process or in an earlier one. */
  #sent: bigint | undefined;
  #verified: VerifiedReport | undefined;

  private constructor(
    maker: typeof MAKER,
    config: BatchParameters,
    id: ServerId,
    share: ReportShare | SeededShare,
    pointOf: () => WeightedPoint,
    total: RunningTotal,
  ) {
    requireMaker(maker, "Verifier");
    this.#config = config;
    this.#id = id;
    this.#share = new ServerShare(config, share);
    this.#pointOf = pointOf;
    this.#total = total;
  }

  /**
   * Returns this server's first message: [d] and [e], each a msgpack str of at most 11 bytes. Send it to the other
   * server over an authenticated channel, never to the client.
   */
  verify1(): Bytes {
    return writeVerify1(this.#config, this.#evaluate().mine);
  }

  /**
   * Returns this server's second message, [out], given both first messages. It answers a single pair of d and e: with
   * another pair for the same report, the triple would no longer hide f(r) and g(r). Throws `malformed`, and
   * `wrong-state` for another pair and after `resume`.
   */
  verify2(verify1A: Uint8Array, verify1B: Uint8Array): Bytes {
    const fromA = readVerify1(this.#config, copyOfBytes(verify1A, "verify1 of A"), "verify1 of A");
    const fromB = readVerify1(this.#config, copyOfBytes(verify1B, "verify1 of B"), "verify1 of B");
    const { d, e } = sumOfFirst(this.#config, fromA, fromB);
    // After `resume`, nobody knows which pair the message answered.
    if (this.#sent !== undefined && (this.#answered?.d !== d || this.#answered.e !== e)) {
      throw new PrioError(
        "wrong-state",
        "verify2: expected the verify1 messages that this report was answered for in this process, got others",
      );
    }
    this.#sent ??= outOf(this.#config, this.#evaluate(), { d, e });
    this.#answered ??= { d, e };
    return writeVerify2(this.#config, this.#sent);
  }

  /**
   * Takes up a check in a later process: this server has sent the message `ownVerify2` for this report, and now needs
   * only `check`. The caller vouches for that, from a record of its own and never from what the peer or a client says:
   * whoever chooses both second messages decides whether the report counts. Throws `malformed`, and `wrong-state` if
   * the verifier has answered with another message.
   */
  resume(ownVerify2: Uint8Array): void {
    const subject = `verify2 of ${this.#id}`;
    const out = readVerify2(this.#config, copyOfBytes(ownVerify2, subject), subject);
    if (this.#sent !== undefined && this.#sent !== out) {
      throw new PrioError("wrong-state", "resume: expected the message that this verifier sent, got another");
    }
    this.#sent = out;
  }

  /**
   * Decides with both second messages: returns the report, for this session to count, or `null` if the proof does not
   * hold or this server's message is not the one that it sent. Throws `malformed` if the bytes are not a message, and
   * `wrong-state` before `verify2` or `resume`.
   */
  check(verify2A: Uint8Array, verify2B: Uint8Array): VerifiedReport | null {
    const outA = readVerify2(this.#config, copyOfBytes(verify2A, "verify2 of A"), "verify2 of A");
    const outB = readVerify2(this.#config, copyOfBytes(verify2B, "verify2 of B"), "verify2 of B");
    if (this.#sent === undefined) {
      throw new PrioError("wrong-state", "check: expected verify2, or resume, to be called before");
    }
    if (combine(snipOf(this.#config).space.field, outA, outB) !== 0n) return null;
    if (this.#sent !== (this.#id === "A" ? outA : outB)) return null;
    this.#verified ??= verifiedReportOf({ total: this.#total, data: this.#share.data });
    return this.#verified;
  }

  #evaluate(): Half {
    this.#half ??= evaluate(this.#config, this.#id, this.#share, this.#pointOf());
    return this.#half;
  }
}

/**
 * A check of a share whose report `total` may count. `pointOf` gives the report's point and is called when the first
 * message is made: a process that only reads both servers' messages needs no point.
 */
export function verifierOf(
  config: BatchParameters,
  id: ServerId,
  share: ReportShare | SeededShare,
  pointOf: () => WeightedPoint,
  total: RunningTotal,
): Verifier {
  return Reflect.construct(Verifier, [MAKER, config, id, share, pointOf, total]);
}
