// What an aggregator holds of a report while it is verified, once it is verified, and of all reports together. Each
// object belongs to the instance that made it, its `owner`, and keeps its insides out of reach.

import { type Bytes, kindOf } from "../core/bytes.js";
import { Hidden, type MAKER } from "../core/hidden.js";
import { drawNoise, type Noise } from "../core/noise.js";
import type { VectorSpace } from "../core/vector.js";
import { PrioError } from "../errors.js";
import type { AggregateShare, OutputShare, VerifyState } from "../vdaf/vdaf.js";
import { type Elements, encodeVector } from "./elements.js";

/** What an aggregator holds of a report while it is verified. */
export interface Pending<V> {
  readonly owner: object;
  readonly output: V;
  readonly jointRandSeed: Uint8Array | undefined;
  readonly toBytes: () => Bytes;
  isUsed: boolean;
}

export const states: Hidden<Pending<unknown>> = /* @__PURE__ */ new Hidden("VerifyState");
const outputs = /* @__PURE__ */ new Hidden<{ readonly owner: object; vector: unknown }>("OutputShare");
const aggregates = /* @__PURE__ */ new Hidden<{ readonly owner: object; readonly vector: unknown; count: number }>(
  "AggregateShare",
);

/** A report's state between verifyInit and verifyNext. */
export class Prio3VerifyState implements VerifyState {
  constructor(maker: typeof MAKER, pending: Pending<unknown>) {
    states.make(this, pending, maker);
  }

  toBytes(): Bytes {
    return states.of(this).toBytes();
  }
}

/** What an aggregator holds of a verified report, until it is added. */
export class Prio3OutputShare implements OutputShare {
  readonly kind = "output share";

  constructor(maker: typeof MAKER, owner: object, vector: unknown) {
    outputs.make(this, { owner, vector }, maker);
  }
}

/** What an aggregator holds of all reports that were added. */
export class Prio3AggregateShare<V extends Elements<V>> implements AggregateShare {
  readonly #space: VectorSpace<V>;

  constructor(maker: typeof MAKER, owner: object, space: VectorSpace<V>, vector: V, count: number) {
    aggregates.make(this, { owner, vector, count }, maker);
    this.#space = space;
  }

  get count(): number {
    return aggregates.of(this).count;
  }

  add(output: OutputShare): void {
    const own = aggregates.of(this);
    const share = outputs.has(output) ? outputs.of(output) : undefined;
    if (share?.owner !== own.owner) {
      throw new PrioError("invalid-argument", `add: expected an output share of this instance, got ${kindOf(output)}`);
    }
    if (share.vector === undefined) throw new PrioError("wrong-state", "add: expected an output share not counted yet");
    (own.vector as V).accumulate(share.vector as V);
    share.vector = undefined;
    own.count++;
  }

  merge(other: AggregateShare): void {
    const own = aggregates.of(this);
    const share = aggregates.has(other) ? aggregates.of(other) : undefined;
    if (share?.owner !== own.owner || share === own) {
      throw new PrioError("invalid-argument", "merge: expected another aggregate share of this instance");
    }
    (own.vector as V).accumulate(share.vector as V);
    own.count += share.count;
  }

  addNoise(noise: Noise): void {
    const vector = aggregates.of(this).vector as V;
    vector.accumulate(this.#space.fromBigInts(drawNoise(noise, vector.length, this.#space.field)));
  }

  toBytes(): Bytes {
    const { vector } = aggregates.of(this);
    return encodeVector(this.#space, vector as V);
  }
}
