// Prio v1 with report query points as a VDAF (VDAF draft, section 5) of two rounds for two aggregators: verify1 and
// verify2 are its verifier shares, the servers' secret is its verification key, the report's id its nonce and the batch
// id its context. So whatever drives a VDAF drives Prio v1, and each message is the one that a Server sends.
//
// Input shares are not sealed: whoever drives a VDAF encrypts them itself, for instance DAP with HPKE. A packet of Prio
// v1 would seal them twice. They are the plaintexts of packets (WIRE.md section 3).

import { type Bytes, copyOfBytes, equalBytes, lengthOfBytes, listOf, propertiesOf } from "../../core/bytes.js";
import { Hidden, MAKER } from "../../core/hidden.js";
import { type Sensitivity, signed } from "../../core/noise.js";
import { systemRandom } from "../../core/random.js";
import { ServerSecret } from "../../crypto/server-secret.js";
import { PrioError } from "../../errors.js";
import { requireCount, requireTotals } from "../../vdaf/totals.js";
import type { AggregateShare, OutputShare, Shards, Vdaf, Verification, VerifyState } from "../../vdaf/vdaf.js";
import { evaluate, outOf, sumOfFirst } from "../check.js";
import { drawReportRandomness, readBits, readIntegers, shareReport } from "../client.js";
import { readPacket } from "../packet.js";
import {
  type BatchParameters,
  batchIdOf,
  batchOf,
  maxOf,
  type ReportSize,
  requireSize,
  sensitivityOf,
  snipFor,
  snipOf,
} from "../parameters.js";
import { ReportPoints } from "../query-points.js";
import { ServerShare } from "../server-share.js";
import type { ReportShare, SeededShare } from "../share.js";
import type { Snip } from "../snip.js";
import { maxPlaintextBytes, writePacketA, writePacketB, writeVerify1, writeVerify2 } from "../wire.js";
import { firstOf, readAggregateShare, readElements, readState, writeElements } from "./messages.js";
import { type Owner, Prio1AggregateShare, Prio1OutputShare, Prio1VerifyState, takeState } from "./shares.js";

/** Of the draft's range for private use, 0xFFFF0000 to 0xFFFFFFFF: "P1". */
const ALGORITHM_ID = 0xffff5031;
const AGGREGATORS = 2;
const ROUNDS = 2;
/** The servers' secret. */
const KEY_SIZE = 16;
const NONCE_SIZE = 16;
/** What fits the length of a str. */
const MAX_CONTEXT = 65535;

/** Options for booleans. */
export interface Prio1BooleanOptions {
  /** The number of booleans in a measurement, 1 to 262143. */
  readonly fields: number;
}

/** Options for integers. */
export interface Prio1IntegerOptions {
  /** The number of integers in a measurement. count × precision is at most 262143. */
  readonly count: number;
  /** The bits of each integer, 1 to 42: every integer lies in [0, 2^precision). */
  readonly precision: number;
}

/** What an instance holds besides its public properties. */
interface Inside {
  readonly size: ReportSize;
  readonly snip: Snip;
  /** What the shares of this instance belong to. */
  readonly owner: Owner;
  /** The batch of the last context: most callers have one. */
  last?: BatchParameters;
}

const insides = /* @__PURE__ */ new Hidden<Inside>("Prio1");

/**
 * Prio v1 as a VDAF: each measurement is a list of booleans, or of integers when `count` and `precision` are given, and
 * the result counts each boolean or adds up each integer. It keeps nothing of a report, so that one serves all.
 *
 * @example
 * ```js
 * import { helperContinue, helperInitialize, leaderContinue, leaderInitialize, Prio1 } from "prio/prio1/vdaf";
 *
 * const vdaf = new Prio1({ fields: 3 });
 * const ctx = new TextEncoder().encode("breakfast");
 * const verifyKey = crypto.getRandomValues(new Uint8Array(vdaf.verifyKeySize)); // shared by both, unknown to clients
 * const totals = { leader: vdaf.aggregateInit(), helper: vdaf.aggregateInit() };
 *
 * for (const answers of [[true, false, true], [true, true, false]]) {
 *   const nonce = crypto.getRandomValues(new Uint8Array(vdaf.nonceSize));
 *   const { publicShare, inputShares } = vdaf.shard(ctx, answers, nonce);
 *   const [forLeader, forHelper] = inputShares;
 *   if (forLeader === undefined || forHelper === undefined) throw new Error("expected two shares");
 *
 *   // Two round trips: each message travels to the other aggregator.
 *   const first = leaderInitialize(vdaf, verifyKey, { ctx, nonce, publicShare, inputShare: forLeader });
 *   if (first.status !== "continued") continue;
 *   const report = { ctx, nonce, publicShare, inputShare: forHelper };
 *   const second = helperInitialize(vdaf, verifyKey, report, first.message);
 *   if (second.status !== "continued") continue;
 *   const third = leaderContinue(vdaf, ctx, first, second.message);
 *   if (third.status !== "finished" || third.message === undefined) continue;
 *   const fourth = helperContinue(vdaf, ctx, second, third.message);
 *   if (fourth.status !== "finished") continue;
 *   totals.leader.add(third.output);
 *   totals.helper.add(fourth.output);
 * }
 * const aggregateShares = [totals.leader.toBytes(), totals.helper.toBytes()];
 * console.log(vdaf.unshard(aggregateShares, totals.leader.count)); // [ 2n, 1n, 1n ]
 * ```
 */
export class Prio1 implements Vdaf<ArrayLike<boolean | number | bigint>, bigint[]> {
  /** An identifier for private use, 0xFFFF5031: the draft does not have Prio v1. */
  readonly algorithmId: number = ALGORITHM_ID;
  /** Two aggregators: 0 is server A, which gets the long shares, and 1 server B. */
  readonly shares: number = AGGREGATORS;
  /** The aggregators exchange verifier shares twice. */
  readonly rounds: number = ROUNDS;
  /** Bytes of the verification key, which the aggregators share and no client knows: 16. */
  readonly verifyKeySize: number = KEY_SIZE;
  /** Bytes of a report's nonce, which is random and public: 16. */
  readonly nonceSize: number = NONCE_SIZE;
  /** The number of bits in a measurement: for integers, count × precision. */
  readonly fields: number;
  /** The bits of each integer, if there are integers. */
  readonly precision?: number;
  /** The number of integers in a measurement, if there are some. */
  readonly count?: number;

  /** Throws `out-of-range`, `invalid-argument`. */
  constructor(options: Prio1BooleanOptions | Prio1IntegerOptions) {
    const names = ["fields", "count", "precision"] as const;
    const size = requireSize(propertiesOf(options as ReportSize, "prio1", names, names), "prio1");
    this.fields = size.fields;
    if (size.precision !== undefined) this.precision = size.precision;
    if (size.count !== undefined) this.count = size.count;
    const snip = snipFor(size.fields);
    insides.set(this, { size, snip, owner: { size: batchOf(size, new Uint8Array(0), snip) } });
  }

  /** By how much one client can change the result, for the budgets of `prio/dp`. */
  get sensitivity(): Sensitivity {
    return sensitivityOf(insides.of(this).size);
  }

  /**
   * The client's step. `ctx` names the application, the same for clients and aggregators, in at most 65,535 bytes;
   * `nonce` is 16 random bytes, new for each report. Encrypt each input share to its aggregator, so that it opens with
   * this `ctx` and this `nonce` alone, as in DAP: a share that is verified under several nonces gives its measurement
   * away. Throws `out-of-range`, `wrong-length` and `invalid-argument` for arguments that are none, a measurement
   * included; the error names the index and never the value.
   */
  shard(ctx: Uint8Array, measurement: ArrayLike<boolean | number | bigint>, nonce: Uint8Array): Shards {
    const batch = batchIn(this, ctx);
    copyOfBytes(nonce, "nonce", NONCE_SIZE);
    const bits =
      batch.count === undefined
        ? readBits(measurement as ArrayLike<boolean | number>, batch)
        : readIntegers(measurement as ArrayLike<number | bigint>, batch);
    const data = snipOf(batch).space.fromIntegers(bits);
    const { a, b } = shareReport(batch, data, drawReportRandomness(batch, systemRandom));
    return {
      publicShare: new Uint8Array(0),
      inputShares: [writePacketA(batch, a).slice(), writePacketB(batch, b).slice()],
    };
  }

  /**
   * An aggregator's first step, with its own input share: its verifier share is its verify1 message. Take this step
   * once for a nonce and once for an input share, with one key: each further point shows the aggregators more of the
   * measurement (SECURITY.md, "Never check a packet at two points"). Throws `malformed` for shares that are none;
   * `wrong-length`, `out-of-range` and `invalid-argument` for the other arguments.
   */
  verifyInit(
    verifyKey: Uint8Array,
    ctx: Uint8Array,
    aggregatorId: number,
    nonce: Uint8Array,
    publicShare: Uint8Array,
    inputShare: Uint8Array,
  ): Verification {
    const secret = ServerSecret.fromBytes(copyOfBytes(verifyKey, "verify key", KEY_SIZE));
    const batch = batchIn(this, ctx);
    const reportId = copyOfBytes(nonce, "nonce", NONCE_SIZE);
    if (aggregatorId !== 0 && aggregatorId !== 1) {
      throw new PrioError("out-of-range", "aggregator id: expected 0 or 1");
    }
    if (lengthOfBytes(publicShare, "public share") > 0) {
      throw new PrioError("malformed", "public share: expected an empty one");
    }
    const id = aggregatorId === 0 ? "A" : "B";
    const share = new ServerShare(batch, readInputShare(batch, id, inputShare));
    const half = evaluate(batch, id, share, new ReportPoints(batch, secret).pointOf(reportId));
    return {
      state: new Prio1VerifyState(MAKER, insides.of(this).owner, { id: aggregatorId, data: share.data, half }),
      verifierShare: writeVerify1(batch, half.mine),
    };
  }

  /**
   * The message that both verifier shares of a round make, A's first: the one after the other. After the second round,
   * null if the proof does not hold. Throws `malformed`, `wrong-length`, `out-of-range`, `invalid-argument`.
   */
  verifierSharesToMessage(ctx: Uint8Array, verifierShares: readonly Uint8Array[]): Bytes | null {
    const batch = batchIn(this, ctx);
    const shares = listOf(verifierShares, "verifier shares", (x) => copyOfBytes(x, "verifier share"));
    requireTwo(shares, "verifier shares");
    // Two elements are a verify1 message, one is a verify2.
    const [a, b] = shares.map((bytes) => readElements(batch, bytes, "verifier share", [1, 2])) as [bigint[], bigint[]];
    if (a.length !== b.length) throw new PrioError("malformed", "verifier shares: expected two of the same round");
    if (a.length === 1 && !isZero(batch, [...a, ...b])) return null;
    return writeElements(batch, [...a, ...b]);
  }

  /**
   * An aggregator's next step. After the first round: the next state, and its verify2 message as the verifier share.
   * After the second: its output share. Null if the message does not have what this aggregator sent, or the proof does
   * not hold. A state is used once; throws `malformed`, `wrong-state`, `out-of-range`, `invalid-argument`.
   */
  verifyNext(ctx: Uint8Array, state: VerifyState, verifierMessage: Uint8Array): OutputShare | Verification | null {
    const batch = batchIn(this, ctx);
    const { owner } = insides.of(this);
    const { pending, use } = takeState(owner, state);
    const { id, data, half, out } = pending;
    const message = copyOfBytes(verifierMessage, "verifier message");
    if (half === undefined) {
      const outs = readElements(batch, message, "verifier message", [2]);
      use();
      if (outs[id] !== out || !isZero(batch, outs)) return null;
      return new Prio1OutputShare(MAKER, owner, data);
    }
    const elements = readElements(batch, message, "verifier message", [4]);
    use();
    const first = [firstOf(elements), firstOf(elements.slice(2))] as const;
    const own = first[id];
    // Another report's message shows here, before it is answered.
    if (own.d !== half.mine.d || own.e !== half.mine.e) return null;
    const answer = outOf(batch, half, sumOfFirst(batch, ...first));
    return {
      state: new Prio1VerifyState(MAKER, owner, { id, data, out: answer }),
      verifierShare: writeVerify2(batch, answer),
    };
  }

  /**
   * The state that `toBytes` wrote. Each call makes a state that was not used, so whoever keeps the bytes must see to
   * it that a report is answered for one message, and counted once: keep the next state, or that there is none, before
   * the verifier share leaves. Throws `malformed`, `invalid-argument`.
   */
  readState(bytes: Uint8Array): VerifyState {
    const { owner } = insides.of(this);
    return new Prio1VerifyState(MAKER, owner, readState(owner.size, copyOfBytes(bytes, "verify state")));
  }

  /** An aggregate share of no report. */
  aggregateInit(): AggregateShare {
    return new Prio1AggregateShare(MAKER, insides.of(this).owner);
  }

  /**
   * The aggregate share that `toBytes` wrote, of `count` reports: the bytes do not have their number. Each call makes a
   * new one, so whoever keeps the bytes must see to it that they are counted once. Throws `malformed`, `out-of-range`,
   * `invalid-argument`.
   */
  readAggregateShare(bytes: Uint8Array, count: number): AggregateShare {
    requireCount(count, "aggregate share: expected the number of its reports");
    const { owner } = insides.of(this);
    const totals = readAggregateShare(owner.size, copyOfBytes(bytes, "aggregate share"));
    return new Prio1AggregateShare(MAKER, owner, { totals, count });
  }

  /**
   * The result of both aggregators' shares over the same reports, `measurements` of them: how often each boolean was
   * true, or the sum of each integer. Throws `malformed`, `wrong-length`, `out-of-range`, `invalid-argument`, and
   * `overflow` for totals that so many measurements cannot have: then the shares are not of the same reports.
   */
  unshard(aggregateShares: readonly Uint8Array[], measurements: number): bigint[] {
    const { size, snip, owner } = insides.of(this);
    return requireTotals(totalsOf(owner, aggregateShares), maxOf(size), measurements, snip.space.field);
  }

  /**
   * The same for shares that aggregators added noise to: totals may be below 0 and above what any measurements have, so
   * shares of different reports are not noticed. Throws `malformed`, `wrong-length`, `invalid-argument`.
   */
  unshardNoisy(aggregateShares: readonly Uint8Array[]): bigint[] {
    const { snip, owner } = insides.of(this);
    return totalsOf(owner, aggregateShares).map((total) => signed(snip.space.field, total));
  }
}

function totalsOf({ size }: Owner, aggregateShares: readonly Uint8Array[]): bigint[] {
  const shares = listOf(aggregateShares, "aggregate shares", (x) =>
    readAggregateShare(size, copyOfBytes(x, "aggregate share")),
  );
  requireTwo(shares, "aggregate shares");
  const [a, b] = shares;
  return a.add(b).toBigInts();
}

/** The batch of a context. */
function batchIn(vdaf: Prio1, ctx: Uint8Array): BatchParameters {
  const inside = insides.of(vdaf);
  const { size, snip, last } = inside;
  const length = lengthOfBytes(ctx, "context");
  if (length > MAX_CONTEXT) {
    throw new PrioError("out-of-range", `context: expected at most ${MAX_CONTEXT} bytes, got ${length}`);
  }
  const batchId = copyOfBytes(ctx, "context", length);
  if (last !== undefined && equalBytes(batchIdOf(last), batchId)) return last;
  inside.last = batchOf(size, batchId, snip);
  return inside.last;
}

/** Reads the plaintext of a packet. Whatever is wrong with it, the client sent it: throws `malformed`. */
function readInputShare(batch: BatchParameters, id: "A" | "B", inputShare: Uint8Array): ReportShare | SeededShare {
  const most = maxPlaintextBytes(batch, id);
  if (lengthOfBytes(inputShare, "input share") > most) {
    throw new PrioError("malformed", `input share: expected at most ${most} bytes`);
  }
  try {
    return readPacket(batch, id, copyOfBytes(inputShare, "input share"));
  } catch (error) {
    if (!(error instanceof PrioError) || (error.code !== "wrong-batch" && error.code !== "wrong-server")) throw error;
    throw new PrioError("malformed", "input share: expected one of this context and aggregator");
  }
}

/** Whether the proof holds: the elements of both verify2 messages add up to 0. */
function isZero(batch: BatchParameters, outs: readonly bigint[]): boolean {
  const { field } = snipOf(batch).space;
  return outs.reduce((sum, out) => field.add(sum, out), 0n) === 0n;
}

function requireTwo<T>(list: readonly T[], subject: string): asserts list is readonly [T, T] {
  if (list.length === AGGREGATORS) return;
  throw new PrioError("wrong-length", `${subject}: expected ${AGGREGATORS} of them, got ${list.length}`);
}
