// Why an aggregator verifies a report once, under one key: what its verifier shares would show to another aggregator,
// who knows the key. The library keeps no nonces, so docs/prio3.md tells its users to.

import { expect, it } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { concat } from "../../src/core/bytes.js";
import type { Field } from "../../src/core/field.js";
import { FIELD_64, FIELD_128 } from "../../src/core/fields.js";
import { decodeVector } from "../../src/prio3/elements.js";
import { Prio3Count, Prio3Histogram } from "../../src/prio3/index.js";
import { expandIntoVector, XOF_TURBO_SHAKE_128 } from "../../src/prio3/xof.js";

const ctx = Uint8Array.of(8);
const nonce = new Uint8Array(16).fill(1);
const key = new Uint8Array(32).fill(2);

/** The first element that a seed stands for, for one of the draft's usages. */
function expanded(
  field: Field,
  algorithm: number,
  usage: number,
  seed: Uint8Array,
  binder: Uint8Array,
  at = 0,
): bigint {
  const tag = concat(Uint8Array.of(18, 0, 0, 0, 0, algorithm, 0, usage), ctx);
  return expandIntoVector(XOF_TURBO_SHAKE_128, bigIntSpace(field), seed, tag, [binder], at + 1).get(at);
}

const queryBinder = concat(Uint8Array.of(1), nonce);
const [JOINT_RANDOMNESS, QUERY_RANDOMNESS] = [3, 5];
/** An element of a message. */
const elementOf = (field: Field, bytes: Uint8Array, i: number): bigint =>
  decodeVector(bigIntSpace(field), bytes, 0, i + 1)?.get(i) as bigint;

// A circuit of one gadget call has wires with two values, at 1 and −1: w(t) = seed·(1 + t)/2 + input·(1 − t)/2.

it.each([true, false])("under two keys, a helper's verifier shares show its share of a count: %s", (measurement) => {
  const vdaf = new Prio3Count();
  const field = FIELD_64;
  const { publicShare, inputShares } = vdaf.shard(ctx, measurement, nonce);
  const [inputShare, helperShare] = inputShares as [Uint8Array, Uint8Array];
  const [a, b] = [key, key.map((x) => x + 1)].map((one) => ({
    t: expanded(field, 1, QUERY_RANDOMNESS, one, queryBinder),
    wire: elementOf(field, vdaf.verifyInit(one, ctx, 1, nonce, publicShare, helperShare).verifierShare, 1),
  })) as [{ t: bigint; wire: bigint }, { t: bigint; wire: bigint }];
  // The line through both points, at −1.
  const slope = field.mul(field.sub(b.wire, a.wire), field.inv(field.sub(b.t, a.t)));
  const share = field.sub(a.wire, field.mul(slope, field.add(a.t, 1n)));
  expect(field.add(share, elementOf(field, inputShare, 0))).toBe(BigInt(measurement));
});

it("with two public shares, a helper's verifier shares show its share of a bucket under one key", () => {
  const vdaf = new Prio3Histogram({ length: 1 });
  const field = FIELD_128;
  const { publicShare, inputShares } = vdaf.shard(ctx, 0, nonce);
  const [inputShare, helperShare] = inputShares as [Uint8Array, Uint8Array];
  // The leader changes its own part, and so the joint randomness.
  const [a, b] = [publicShare, publicShare.map((x, i) => (i === 0 ? x ^ 1 : x))].map((one) => {
    const { state, verifierShare } = vdaf.verifyInit(key, ctx, 1, nonce, one, helperShare);
    const seed = state.toBytes().slice(-32); // The leader computes it, out of both parts.
    return {
      r: expanded(field, 4, JOINT_RANDOMNESS, seed, Uint8Array.of(1)),
      wire: elementOf(field, verifierShare, 1),
    };
  }) as [{ r: bigint; wire: bigint }, { r: bigint; wire: bigint }];
  // The circuit has two outputs, so that the point is the third element.
  const t = expanded(field, 4, QUERY_RANDOMNESS, key, queryBinder, 2);
  const factor = field.mul(field.sub(1n, t), field.mul(field.sub(b.r, a.r), field.inv(2n)));
  const share = field.mul(field.sub(b.wire, a.wire), field.inv(factor));
  expect(field.add(share, elementOf(field, inputShare, 0))).toBe(1n);
});
