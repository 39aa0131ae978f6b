// What users see of each instance of Prio3: the base of the classes of instances.ts. The steps are in steps.ts.

import type { Bytes } from "../core/bytes.js";
import { Hidden, MAKER } from "../core/hidden.js";
import type { Sensitivity } from "../core/noise.js";
import type { AggregateShare, OutputShare, Shards, Vdaf, Verification, VerifyState } from "../vdaf/vdaf.js";
import { Prio3Steps } from "./steps.js";

// biome-ignore lint/suspicious/noExplicitAny: of whichever field an instance computes in.
export type AnySteps<Measurement, Result> = Prio3Steps<any, Measurement, Result>;

/** The steps that each instance carries out. */
const allSteps = /* @__PURE__ */ new Hidden<AnySteps<never, unknown>>("Prio3");
const sensitivities = /* @__PURE__ */ new Hidden<Sensitivity>("Prio3");

/**
 * An instance of Prio3: its parameters, and the steps of the VDAF. It keeps nothing of a report, so that one serves
 * all. Its subclasses are what to make.
 */
export abstract class Prio3<Measurement, Result> implements Vdaf<Measurement, Result> {
  /** The draft's identifier of the algorithm, 32 bits. */
  readonly algorithmId: number;
  /** The number of aggregators. */
  readonly shares: number;
  /** The aggregators exchange verifier shares once. */
  readonly rounds: number;
  /** Bytes of the verification key, which the aggregators share and no client knows: 32. */
  readonly verifyKeySize: number;
  /** Bytes of a report's nonce, which is random and public: 16. */
  readonly nonceSize: number;

  /** @internal */
  protected constructor(steps: AnySteps<Measurement, Result>, sensitivity: Sensitivity) {
    // The package exports nothing that makes steps.
    allSteps.make(this, steps as AnySteps<never, unknown>, Prio3Steps.is(steps) ? MAKER : undefined);
    this.algorithmId = steps.algorithmId;
    this.shares = steps.shares;
    this.rounds = steps.rounds;
    this.verifyKeySize = steps.verifyKeySize;
    this.nonceSize = steps.nonceSize;
    sensitivities.set(this, Object.freeze({ ...sensitivity }));
  }

  /** By how much one client can change the result, for the budgets of `prio/dp`. */
  get sensitivity(): Sensitivity {
    return sensitivities.of(this);
  }

  /**
   * The client's step: shares of a measurement and of its proof. `ctx` names the application, the same for clients and
   * aggregators, in at most 65,527 bytes, 247 with the XOF `"hmac-aes"`; `nonce` is 16 random bytes, new for each
   * report. Throws `out-of-range`, `wrong-length` and `invalid-argument` for arguments that are none, a measurement
   * included; the error names the index and never the value.
   */
  shard(ctx: Uint8Array, measurement: Measurement, nonce: Uint8Array): Shards {
    return stepsOf(this).shard(ctx, measurement, nonce);
  }

  /**
   * An aggregator's first step, with its own input share. Aggregator 0 is the leader. Take this step once for a nonce,
   * with one key: two verifier shares of one report tell the other aggregators about the measurement. Throws
   * `malformed` for shares of another length or with elements that are not below the modulus, and in one of 2^32
   * reports at most because the report's random point is one where its verifier share would leak: refuse them all.
   * Throws `wrong-length`, `out-of-range` and `invalid-argument` for the other arguments.
   */
  verifyInit(
    verifyKey: Uint8Array,
    ctx: Uint8Array,
    aggregatorId: number,
    nonce: Uint8Array,
    publicShare: Uint8Array,
    inputShare: Uint8Array,
  ): Verification {
    return stepsOf(this).verifyInit(verifyKey, ctx, aggregatorId, nonce, publicShare, inputShare);
  }

  /**
   * The message that all verifier shares make, in the order of the aggregators; null if the proof does not hold. Throws
   * `malformed`, `wrong-length`.
   */
  verifierSharesToMessage(ctx: Uint8Array, verifierShares: readonly Uint8Array[]): Bytes | null {
    return stepsOf(this).verifierSharesToMessage(ctx, verifierShares);
  }

  /**
   * An aggregator's last step: its output share; null if the aggregators did not use the same joint randomness. The
   * proof was checked in the step before: take this one only with the message that `verifierSharesToMessage` made, here
   * or at an aggregator that you trust to have checked it. Without joint randomness, the message is empty, and nothing
   * is left to check. A state is used once. Throws `malformed`, `wrong-state`, `out-of-range`, `invalid-argument`.
   */
  verifyNext(ctx: Uint8Array, state: VerifyState, verifierMessage: Uint8Array): OutputShare | null {
    return stepsOf(this).verifyNext(ctx, state, verifierMessage) as OutputShare | null;
  }

  /**
   * The state that `toBytes` wrote. Each call makes a state that was not used, so whoever keeps the bytes must see to
   * it that a report is counted once. Throws `malformed`, `invalid-argument`.
   */
  readState(bytes: Uint8Array): VerifyState {
    return stepsOf(this).readState(bytes);
  }

  /** An aggregate share of no report. */
  aggregateInit(): AggregateShare {
    return stepsOf(this).aggregateInit();
  }

  /**
   * The aggregate share that `toBytes` wrote, of `count` reports: the bytes do not have their number. Each call makes a
   * new one, so whoever keeps the bytes must see to it that they are counted once. Throws `malformed`, `out-of-range`,
   * `invalid-argument`.
   */
  readAggregateShare(bytes: Uint8Array, count: number): AggregateShare {
    return stepsOf(this).readAggregateShare(bytes, count);
  }

  /**
   * The result of all aggregators' shares over the same reports, `measurements` of them. Throws `malformed`,
   * `wrong-length`, `out-of-range`, `invalid-argument`, and `overflow` for totals that so many measurements cannot
   * have: then the shares are not of the same reports. It throws `overflow` also where so many measurements could reach
   * the field's modulus, since a total would then stand for two.
   */
  unshard(aggregateShares: readonly Uint8Array[], measurements: number): Result {
    return stepsOf(this).unshard(aggregateShares, measurements);
  }

  /**
   * The same for shares that aggregators added noise to: elements may be below 0 and above what any measurements have,
   * so shares of different reports are not noticed. Totals from half the field's modulus on would read as negative.
   * Throws `malformed`, `wrong-length`.
   */
  unshardNoisy(aggregateShares: readonly Uint8Array[]): Result {
    return stepsOf(this).unshardNoisy(aggregateShares);
  }
}

/** The steps of an instance, for vectors and tests. No entry of the package exports this. */
export function stepsOf<Measurement, Result>(instance: Prio3<Measurement, Result>): AnySteps<Measurement, Result> {
  return allSteps.of(instance) as AnySteps<Measurement, Result>;
}
