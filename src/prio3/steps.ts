// Prio3 (VDAF draft, section 7): fully linear proofs between one client and 2 to 255 aggregators. Aggregator 0, the
// leader, gets its shares in full; each of the others, the helpers, gets a seed that its shares are expanded from.
// prio3.ts and instances.ts have what users see of it.

import { type Bytes, concat, copyOfBytes, equalBytes, kindOf, listOf } from "../core/bytes.js";
import { MAKER } from "../core/hidden.js";
import { signed } from "../core/noise.js";
import { type RandomSource, systemRandom } from "../core/random.js";
import { sharesInPlaceOf } from "../core/sharing.js";
import type { VectorSpace } from "../core/vector.js";
import { PrioError } from "../errors.js";
import { requireCount, requireTotals } from "../vdaf/totals.js";
import type { AggregateShare, OutputShare, Shards, Vdaf, Verification, VerifyState } from "../vdaf/vdaf.js";
import type { Circuit } from "./circuit.js";
import { Derivations, type MeasShare, type Tags } from "./derivations.js";
import { decodeVector, type Elements, encodeVector, joined } from "./elements.js";
import { Flp } from "./flp.js";
import { type Pending, Prio3AggregateShare, Prio3OutputShare, Prio3VerifyState, states } from "./shares.js";
import type { Xof } from "./xof.js";

const NONCE_SIZE = 16;
/** Elements of the leader's input share, at most: bounds the memory of one report, whatever the number of proofs. */
const MAX_SHARE_LENGTH = 2 ** 25;

/** What distinguishes one instance of Prio3 from another. */
export interface Prio3Parameters<V extends Elements<V>, Measurement, Result> {
  readonly algorithmId: number;
  readonly space: VectorSpace<V>;
  readonly circuit: Circuit<Measurement, Result>;
  readonly xof: Xof;
  /** Proofs of each measurement, 1 to 255. */
  readonly proofs: number;
  /** Aggregators, 2 to 255. */
  readonly shares: number;
  /** The largest element of an output: a result above it times the number of measurements is not one. */
  readonly maxOutput: bigint;
}

/** The steps of an instance. It has no state of its own: one serves all reports. */
export class Prio3Steps<V extends Elements<V>, Measurement, Result> implements Vdaf<Measurement, Result> {
  readonly algorithmId: number;
  readonly shares: number;
  readonly rounds: number = 1;
  readonly verifyKeySize: number;
  readonly nonceSize: number = NONCE_SIZE;
  /** Proofs of each measurement. */
  readonly proofs: number;
  readonly #flp: Flp<V, Measurement, Result>;
  readonly #xof: Xof;
  readonly #derive: Derivations<V>;
  readonly #maxOutput: bigint;
  /** An aggregator's share of 1. */
  readonly #one: bigint;
  readonly #parameters: Prio3Parameters<V, Measurement, Result>;

  /** Whether `x` is an object of this class. Unlike `instanceof`, this asks nothing of `x`, which may be a proxy. */
  static is(x: unknown): boolean {
    return typeof x === "object" && x !== null && #flp in x;
  }

  constructor(parameters: Prio3Parameters<V, Measurement, Result>) {
    const { algorithmId, space, circuit, xof, proofs, shares, maxOutput } = parameters;
    this.#parameters = parameters;
    this.algorithmId = algorithmId;
    this.shares = shares;
    this.proofs = proofs;
    this.verifyKeySize = xof.seedSize;
    this.#flp = new Flp(space, circuit);
    this.#xof = xof;
    this.#derive = new Derivations(xof, this.#flp, proofs, algorithmId);
    this.#maxOutput = maxOutput;
    this.#one = space.field.inv(BigInt(shares));
    if (circuit.measurementLength + this.#flp.proofLength * proofs > MAX_SHARE_LENGTH) {
      throw new PrioError(
        "out-of-range",
        `prio3: expected parameters with input shares of at most ${MAX_SHARE_LENGTH} elements, proofs included`,
      );
    }
  }

  /** The same instance over other vectors of its field, for tests. */
  over<W extends Elements<W>>(space: VectorSpace<W>): Prio3Steps<W, Measurement, Result> {
    return new Prio3Steps({ ...this.#parameters, space });
  }

  shard(ctx: Uint8Array, measurement: Measurement, nonce: Uint8Array): Shards {
    return this.shardWith(ctx, measurement, nonce, systemRandom);
  }

  verifyInit(
    verifyKey: Uint8Array,
    ctx: Uint8Array,
    aggregatorId: number,
    nonce: Uint8Array,
    publicShare: Uint8Array,
    inputShare: Uint8Array,
  ): Verification {
    const key = copyOfBytes(verifyKey, "verify key", this.verifyKeySize);
    const tags = this.#derive.tags(ctx);
    const number = copyOfBytes(nonce, "nonce", NONCE_SIZE);
    const id = this.#requireAggregatorId(aggregatorId);
    const parts = this.#readPublicShare(publicShare);
    const { meas, proofs, blind } = this.#readInputShare(tags, id, inputShare);
    const { space, circuit, proofLength, queryRandLength } = this.#flp;

    let jointRandPart: Uint8Array | undefined;
    let jointRandSeed: Uint8Array | undefined;
    let jointRands = space.zeros(0);
    if (blind !== undefined) {
      jointRandPart = this.#derive.jointRandPart(tags, id, blind, meas.bytes, number);
      // The part that this aggregator computes takes the place of the one that the client claims.
      parts[id] = jointRandPart;
      jointRandSeed = this.#derive.jointRandSeed(tags, parts);
      jointRands = this.#derive.jointRands(tags, jointRandSeed);
    }

    const queryRands = this.#derive.queryRands(tags, key, number);
    const verifiers = Array.from({ length: this.proofs }, (_, k) =>
      this.#flp.query(
        meas.vector,
        part(proofs, k, proofLength),
        part(queryRands, k, queryRandLength),
        part(jointRands, k, circuit.jointRandLength),
        this.#one,
      ),
    );
    const state = this.#stateOf(circuit.truncate(space, meas.vector), jointRandSeed);
    const answer = encodeVector(space, joined(space, verifiers));
    return { state, verifierShare: jointRandPart === undefined ? answer : concat(answer, jointRandPart) };
  }

  verifierSharesToMessage(ctx: Uint8Array, verifierShares: readonly Uint8Array[]): Bytes | null {
    const tags = this.#derive.tags(ctx);
    const { space, circuit, verifierLength } = this.#flp;
    const length = verifierLength * this.proofs;
    const size = length * space.field.bytes;
    const hasJointRand = circuit.jointRandLength > 0;
    const shares = listOf(verifierShares, "verifier shares", (bytes) =>
      requireMessage(bytes, "verifier share", size + (hasJointRand ? this.#xof.seedSize : 0)),
    );
    if (shares.length !== this.shares) {
      throw new PrioError("wrong-length", `verifier shares: expected ${this.shares} of them, got ${shares.length}`);
    }
    const verifiers = space.zeros(length);
    for (const bytes of shares) verifiers.accumulate(this.#decode(bytes, 0, length, "verifier share"));
    for (let k = 0; k < this.proofs; k++) if (!this.#flp.decide(part(verifiers, k, verifierLength))) return null;
    if (!hasJointRand) return new Uint8Array(0);
    return this.#derive
      .jointRandSeed(
        tags,
        shares.map((bytes) => bytes.slice(size)),
      )
      .slice();
  }

  verifyNext(ctx: Uint8Array, state: VerifyState, verifierMessage: Uint8Array): OutputShare | null {
    this.#derive.tags(ctx); // Only checked: the joint randomness, if there is any, binds the context.
    const pending = this.#pendingOf(state);
    const size = pending.jointRandSeed === undefined ? 0 : this.#xof.seedSize;
    const message = requireMessage(verifierMessage, "verifier message", size);
    if (pending.isUsed) throw new PrioError("wrong-state", "verifyNext: expected a state that was not used before");
    pending.isUsed = true;
    if (pending.jointRandSeed !== undefined && !equalBytes(pending.jointRandSeed, message)) return null;
    return new Prio3OutputShare(MAKER, this, pending.output);
  }

  readState(bytes: Uint8Array): VerifyState {
    const { space, circuit } = this.#flp;
    const size = circuit.outputLength * space.field.bytes;
    const seedSize = circuit.jointRandLength > 0 ? this.#xof.seedSize : 0;
    const copy = requireMessage(bytes, "verify state", size + seedSize);
    const output = this.#decode(copy, 0, circuit.outputLength, "verify state");
    return this.#stateOf(output, seedSize > 0 ? copy.slice(size) : undefined);
  }

  aggregateInit(): AggregateShare {
    const { space, circuit } = this.#flp;
    return new Prio3AggregateShare(MAKER, this, space, space.zeros(circuit.outputLength).kept(), 0);
  }

  readAggregateShare(bytes: Uint8Array, count: number): AggregateShare {
    requireCount(count, "aggregate share: expected the number of its reports");
    const { space } = this.#flp;
    const [vector] = this.#aggregateShares([bytes]);
    return new Prio3AggregateShare(MAKER, this, space, (vector as V).kept(), count);
  }

  unshard(aggregateShares: readonly Uint8Array[], measurements: number): Result {
    const { space, circuit } = this.#flp;
    const totals = this.#totals(aggregateShares);
    return circuit.decode(requireTotals(totals, this.#maxOutput, measurements, space.field));
  }

  /** The result of shares with noise, which may be below 0 and above what any measurements have. */
  unshardNoisy(aggregateShares: readonly Uint8Array[]): Result {
    const { space, circuit } = this.#flp;
    return circuit.decode(this.#totals(aggregateShares).map((x) => signed(space.field, x)));
  }

  #totals(aggregateShares: readonly Uint8Array[]): bigint[] {
    const { space, circuit } = this.#flp;
    const shares = this.#aggregateShares(aggregateShares);
    if (shares.length !== this.shares) {
      throw new PrioError("wrong-length", `aggregate shares: expected ${this.shares} of them, got ${shares.length}`);
    }
    const total = space.zeros(circuit.outputLength);
    for (const share of shares) total.accumulate(share);
    return total.toBigInts();
  }

  #aggregateShares(list: readonly Uint8Array[]): V[] {
    const { space, circuit } = this.#flp;
    const length = circuit.outputLength;
    const size = length * space.field.bytes;
    return listOf(list, "aggregate shares", (x) => requireMessage(x, "aggregate share", size)).map((bytes) =>
      this.#decode(bytes, 0, length, "aggregate share"),
    );
  }

  /** As `shard`, with randomness from a source, which is asked once: for vectors and tests. */
  shardWith(ctx: Uint8Array, measurement: Measurement, nonce: Uint8Array, random: RandomSource): Shards {
    const tags = this.#derive.tags(ctx);
    const number = copyOfBytes(nonce, "nonce", NONCE_SIZE);
    const { space, circuit, proveRandLength, proofLength } = this.#flp;
    const meas = circuit.encode(space, measurement);
    const hasJointRand = circuit.jointRandLength > 0;
    const { seedSize } = this.#xof;
    const rand = random(seedSize * this.shares * (hasJointRand ? 2 : 1));
    let taken = 0;
    const nextSeed = () => rand.slice(taken, (taken += seedSize));

    // Each helper's seed, and its blind if there is joint randomness; then the leader's blind; then the prover's seed.
    const helpers = Array.from({ length: this.shares - 1 }, () => ({
      seed: nextSeed(),
      blind: hasJointRand ? nextSeed() : undefined,
    }));
    const leaderBlind = hasJointRand ? nextSeed() : undefined;
    const proveSeed = nextSeed();

    let leaderMeas = meas;
    const helperParts = helpers.map(({ seed, blind }, j) => {
      const { vector, bytes } = this.#derive.helperMeasShare(tags, j + 1, seed);
      leaderMeas = sharesInPlaceOf(vector, leaderMeas);
      return blind && this.#derive.jointRandPart(tags, j + 1, blind, bytes, number);
    });
    const measSize = circuit.measurementLength * space.field.bytes;
    const proofsSize = proofLength * this.proofs * space.field.bytes;
    const leader = new Uint8Array(measSize + proofsSize + (leaderBlind?.length ?? 0));
    leaderMeas.writeLE(leader, 0);
    const parts: Uint8Array[] = [];
    if (leaderBlind !== undefined) {
      const leaderPart = this.#derive.jointRandPart(tags, 0, leaderBlind, leader.subarray(0, measSize), number);
      parts.push(leaderPart, ...(helperParts as Uint8Array[]));
    }
    const jointRands = hasJointRand
      ? this.#derive.jointRands(tags, this.#derive.jointRandSeed(tags, parts))
      : space.zeros(0);
    const proveRands = this.#derive.proveRands(tags, proveSeed);
    // Longer than the proofs: the first helper's share is taken from as many elements as that has.
    let leaderProofs = space.zeros(proofLength * (this.proofs - 1) + this.#flp.workLength);
    for (let k = 0; k < this.proofs; k++) {
      const jointRand = part(jointRands, k, circuit.jointRandLength);
      this.#flp.prove(meas, part(proveRands, k, proveRandLength), jointRand, leaderProofs, k * proofLength);
    }
    helpers.forEach(({ seed }, j) => {
      leaderProofs = sharesInPlaceOf(this.#derive.helperProofsShare(tags, j + 1, seed), leaderProofs);
    });

    leaderProofs.writeLE(leader, measSize);
    if (leaderBlind !== undefined) leader.set(leaderBlind, measSize + proofsSize);
    const helperShares = helpers.map(({ seed, blind }) => (blind === undefined ? seed : concat(seed, blind)));
    return { publicShare: concat(...parts), inputShares: [leader, ...helperShares] };
  }

  #stateOf(outputShare: V, jointRandSeed: Uint8Array | undefined): VerifyState {
    const { space } = this.#flp;
    const output = outputShare.kept();
    const toBytes = () => concat(encodeVector(space, output), jointRandSeed ?? new Uint8Array(0));
    return new Prio3VerifyState(MAKER, { owner: this, output, jointRandSeed, toBytes, isUsed: false });
  }

  #pendingOf(state: VerifyState): Pending<V> {
    const pending = states.has(state) ? (states.of(state) as Pending<V>) : undefined;
    if (pending?.owner !== this) {
      throw new PrioError("invalid-argument", `verifyNext: expected a state of this instance, got ${kindOf(state)}`);
    }
    return pending;
  }

  #requireAggregatorId(id: unknown): number {
    if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < this.shares) return id;
    throw new PrioError("out-of-range", `aggregator id: expected an integer from 0 to ${this.shares - 1}`);
  }

  /** The claimed parts of the joint randomness, one for each aggregator; none without joint randomness. */
  #readPublicShare(publicShare: Uint8Array): Uint8Array[] {
    const { seedSize } = this.#xof;
    const count = this.#flp.circuit.jointRandLength > 0 ? this.shares : 0;
    const bytes = requireMessage(publicShare, "public share", count * seedSize);
    return Array.from({ length: count }, (_, i) => bytes.slice(i * seedSize, (i + 1) * seedSize));
  }

  #readInputShare(
    tags: Tags,
    id: number,
    inputShare: Uint8Array,
  ): { meas: MeasShare<V>; proofs: V; blind?: Uint8Array } {
    const { space, circuit, proofLength } = this.#flp;
    const { seedSize } = this.#xof;
    const blindSize = circuit.jointRandLength > 0 ? seedSize : 0;
    const [measLength, proofsLength] = [circuit.measurementLength, proofLength * this.proofs];
    const size = id === 0 ? (measLength + proofsLength) * space.field.bytes : seedSize;
    const bytes = requireMessage(inputShare, "input share", size + blindSize);
    const blind = blindSize > 0 ? { blind: bytes.slice(size) } : {};
    if (id > 0) {
      const seed = bytes.slice(0, size);
      const meas = this.#derive.helperMeasShare(tags, id, seed);
      return { meas, proofs: this.#derive.helperProofsShare(tags, id, seed), ...blind };
    }
    const measSize = measLength * space.field.bytes;
    const meas = this.#decode(bytes, 0, measLength, "input share");
    const proofs = this.#decode(bytes, measSize, proofsLength, "input share");
    return { meas: { vector: meas, bytes: bytes.subarray(0, measSize) }, proofs, ...blind };
  }

  #decode(bytes: Uint8Array, start: number, length: number, subject: string): V {
    const vector = decodeVector(this.#flp.space, bytes, start, length);
    if (vector === null) throw new PrioError("malformed", `${subject}: expected elements below the modulus`);
    return vector;
  }
}

/** The k-th of several vectors of one length that follow each other; the vector itself if it is the only one. */
function part<V extends Elements<V>>(vector: V, k: number, length: number): V {
  return vector.length === length ? vector : vector.slice(k * length, (k + 1) * length);
}

/** A copy of a message of a fixed length. Throws `invalid-argument`, and `malformed` for another length. */
function requireMessage(x: unknown, subject: string, length: number): Uint8Array {
  const bytes = copyOfBytes(x, subject);
  if (bytes.length === length) return bytes;
  throw new PrioError("malformed", `${subject}: expected ${length} bytes, got ${bytes.length}`);
}
