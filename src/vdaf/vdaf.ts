// What a VDAF is (VDAF draft, section 5): a verifiable distributed aggregation function. Clients shard measurements,
// aggregators verify and add up their shares, and a collector puts the aggregate shares together. What drives one
// drives all.

import type { Bytes } from "../core/bytes.js";
import type { Noise } from "../core/noise.js";

/** What an aggregator keeps of a report between two steps of its verification. It is a secret of that aggregator. */
export interface VerifyState {
  /** The state in bytes of this library's own form, for a database; {@link Vdaf.readState} reads it. */
  toBytes(): Bytes;
}

/** What a client makes of a measurement. */
export interface Shards {
  /** For all aggregators; empty for instances without joint randomness. */
  readonly publicShare: Bytes;
  /** For each aggregator its own, in their order. */
  readonly inputShares: Bytes[];
}

/** What an aggregator has of a report in the middle of its verification. */
export interface Verification {
  /** Kept for this aggregator's next step. */
  readonly state: VerifyState;
  /** For the other aggregators. */
  readonly verifierShare: Bytes;
}

/** An aggregator's share of what a verified report adds. Only {@link Vdaf.verifyNext} makes one; it is counted once. */
export interface OutputShare {
  /** Distinguishes the type from others. */
  readonly kind: "output share";
}

/** An aggregator's share of a total. It remembers how many reports it holds. */
export interface AggregateShare {
  /** How many reports were added, those of merged shares included. */
  readonly count: number;
  /** Counts an output share. Throws `wrong-state` the second time, and `invalid-argument` for one of another VDAF. */
  add(output: OutputShare): void;
  /**
   * Adds the reports of another share of the same VDAF and aggregator, which stays as it is, so that it may be part of
   * several totals. Merging it twice counts its reports twice, which `count` shows. Throws `invalid-argument`.
   */
  merge(other: AggregateShare): void;
  /**
   * Adds a fresh draw of noise, such as one of `prio/dp`, to each element of the total. If every aggregator does this,
   * one honest aggregator is enough to hide a client. The collector then uses `unshardNoisy`.
   */
  addNoise(noise: Noise): void;
  /** The draft's encoding, for the collector. */
  toBytes(): Bytes;
}

/** A verifiable distributed aggregation function without an aggregation parameter. */
export interface Vdaf<Measurement, Result> {
  /** The draft's identifier of the algorithm, 32 bits. */
  readonly algorithmId: number;
  /** The number of aggregators. */
  readonly shares: number;
  /** How often the aggregators exchange verifier shares. */
  readonly rounds: number;
  /** Bytes of the verification key, which the aggregators share and no client knows. */
  readonly verifyKeySize: number;
  /** Bytes of a report's nonce, which is random and public. */
  readonly nonceSize: number;

  /** The client's step: the public share for all aggregators, and for each aggregator its input share. */
  shard(ctx: Uint8Array, measurement: Measurement, nonce: Uint8Array): Shards;
  /** An aggregator's first step: its state, and its verifier share for the others. */
  verifyInit(
    verifyKey: Uint8Array,
    ctx: Uint8Array,
    aggregatorId: number,
    nonce: Uint8Array,
    publicShare: Uint8Array,
    inputShare: Uint8Array,
  ): Verification;
  /** The message that all aggregators' verifier shares of a round make; null if the report does not hold. */
  verifierSharesToMessage(ctx: Uint8Array, verifierShares: readonly Uint8Array[]): Bytes | null;
  /**
   * An aggregator's next step: its output share after the last round, otherwise the next round's state and verifier
   * share; null if the report does not hold. A state is used once: throws `wrong-state` the second time.
   */
  verifyNext(ctx: Uint8Array, state: VerifyState, verifierMessage: Uint8Array): OutputShare | Verification | null;
  /** The state that `toBytes` wrote, as one that was not used. Throws `malformed`. */
  readState(bytes: Uint8Array): VerifyState;
  /** An aggregate share of no report. */
  aggregateInit(): AggregateShare;
  /**
   * The aggregate share that `toBytes` wrote, with the number of reports in it, which its bytes do not have. It can be
   * merged and added to. Throws `malformed`.
   */
  readAggregateShare(bytes: Uint8Array, count: number): AggregateShare;
  /** The result of the aggregate shares of all aggregators over the same reports, `measurements` of them. */
  unshard(aggregateShares: readonly Uint8Array[], measurements: number): Result;
}
