// What an aggregator holds of a report while it is verified, once it is verified, and of all reports together. Each
// object belongs to the instance that made it, its `owner`, and keeps its insides out of reach.

import { type Bytes, kindOf } from "../../core/bytes.js";
import { Hidden, type MAKER, requireMaker } from "../../core/hidden.js";
import { drawNoise, type Noise } from "../../core/noise.js";
import { PrioError } from "../../errors.js";
import type { AggregateShare, OutputShare, VerifyState } from "../../vdaf/vdaf.js";
import type { DataShare } from "../data-share.js";
import { type BatchParameters, snipOf } from "../parameters.js";
import { integersOfTotal } from "../running-total.js";
import type { Vector } from "../vector.js";
import { type Pending, writeAggregateShare, writeState } from "./messages.js";

/** An instance of the VDAF, and the batch by whose size it reads and writes. */
export interface Owner {
  readonly size: BatchParameters;
}

const states = /* @__PURE__ */ new Hidden<{ readonly owner: Owner; readonly pending: Pending; isUsed: boolean }>(
  "VerifyState",
);
const outputs = /* @__PURE__ */ new Hidden<{ readonly owner: Owner; data: DataShare | undefined }>("OutputShare");
const aggregates = /* @__PURE__ */ new Hidden<{ readonly owner: Owner; readonly total: Total }>("AggregateShare");

interface Total {
  /** The sum of the data shares, and what is added to the totals made of them: noise, and totals that were written. */
  readonly bits: Vector;
  readonly onTotals: Vector;
  count: number;
}

/** A report's state between two steps. */
export class Prio1VerifyState implements VerifyState {
  constructor(maker: typeof MAKER, owner: Owner, pending: Pending) {
    states.make(this, { owner, pending, isUsed: false }, maker);
  }

  toBytes(): Bytes {
    const { owner, pending } = states.of(this);
    return writeState(owner.size, pending);
  }
}

/** What an instance has in a state of its own, and how to mark it as used. Throws `invalid-argument`, `wrong-state`. */
export function takeState(owner: Owner, state: unknown): { readonly pending: Pending; readonly use: () => void } {
  const own = states.has(state) ? states.of(state as VerifyState) : undefined;
  if (own?.owner !== owner) {
    throw new PrioError("invalid-argument", `verifyNext: expected a state of this instance, got ${kindOf(state)}`);
  }
  if (own.isUsed) throw new PrioError("wrong-state", "verifyNext: expected a state that was not used before");
  const use = () => {
    own.isUsed = true;
  };
  return { pending: own.pending, use };
}

/** What an aggregator holds of a verified report, until it is added. */
export class Prio1OutputShare implements OutputShare {
  readonly kind = "output share";

  constructor(maker: typeof MAKER, owner: Owner, data: DataShare) {
    outputs.make(this, { owner, data }, maker);
  }
}

/** What an aggregator holds of all reports that were added. */
export class Prio1AggregateShare implements AggregateShare {
  /** With the totals that were written, and the number of their reports, if there are some. */
  constructor(maker: typeof MAKER, owner: Owner, written?: { readonly totals: Vector; readonly count: number }) {
    requireMaker(maker, "AggregateShare");
    const { fields, count = fields } = owner.size;
    const { space } = snipOf(owner.size);
    const onTotals = space.zeros(count);
    if (written !== undefined) onTotals.accumulate(written.totals);
    const total = { bits: space.zeros(fields), onTotals, count: written?.count ?? 0 };
    aggregates.make(this, { owner, total }, maker);
  }

  get count(): number {
    return aggregates.of(this).total.count;
  }

  add(output: OutputShare): void {
    const { owner, total } = aggregates.of(this);
    const share = outputs.has(output) ? outputs.of(output) : undefined;
    if (share?.owner !== owner) {
      throw new PrioError("invalid-argument", `add: expected an output share of this instance, got ${kindOf(output)}`);
    }
    if (share.data === undefined) throw new PrioError("wrong-state", "add: expected an output share not counted yet");
    share.data.addTo(total.bits);
    share.data = undefined;
    total.count++;
  }

  merge(other: AggregateShare): void {
    const { owner, total } = aggregates.of(this);
    const share = aggregates.has(other) ? aggregates.of(other) : undefined;
    if (share?.owner !== owner || share.total === total) {
      throw new PrioError("invalid-argument", "merge: expected another aggregate share of this instance");
    }
    total.bits.accumulate(share.total.bits);
    total.onTotals.accumulate(share.total.onTotals);
    total.count += share.total.count;
  }

  addNoise(noise: Noise): void {
    const { owner, total } = aggregates.of(this);
    const { space } = snipOf(owner.size);
    total.onTotals.accumulate(space.fromBigInts(drawNoise(noise, total.onTotals.length, space.field)));
  }

  toBytes(): Bytes {
    const { owner, total } = aggregates.of(this);
    return writeAggregateShare(owner.size, integersOfTotal(owner.size, total.bits).add(total.onTotals));
  }
}
