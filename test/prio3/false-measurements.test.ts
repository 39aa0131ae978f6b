// A client that encodes what is no measurement, and proves it as well as it can, is refused: each condition of each
// circuit by itself, for any number of aggregators and chunks. And the same client's honest encoding is accepted.

import { describe, expect, it } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import type { Field } from "../../src/core/field.js";
import { FIELD_64, FIELD_128 } from "../../src/core/fields.js";
import type { Circuit } from "../../src/prio3/circuit.js";
import { count } from "../../src/prio3/circuits/count.js";
import { histogram } from "../../src/prio3/circuits/histogram.js";
import { l1BoundSum } from "../../src/prio3/circuits/l1-bound-sum.js";
import { multihotCountVec } from "../../src/prio3/circuits/multihot-count-vec.js";
import { sum } from "../../src/prio3/circuits/sum.js";
import { sumVec } from "../../src/prio3/circuits/sum-vec.js";
import { Prio3Steps } from "../../src/prio3/steps.js";
import { XOF_TURBO_SHAKE_128 } from "../../src/prio3/xof.js";

const [ctx, key, nonce] = [Uint8Array.of(1), new Uint8Array(32).fill(5), new Uint8Array(16).fill(6)];

// biome-ignore lint/suspicious/noExplicitAny: any circuit.
type AnyCircuit = Circuit<any, unknown>;

/** Whether a report of this encoding is accepted. */
function isAccepted(circuit: AnyCircuit, field: Field, encoded: readonly number[], shares: number, proofs: number) {
  const vdaf = new Prio3Steps({
    algorithmId: 9,
    space: bigIntSpace(field),
    // The client's encoding; aggregators do not encode.
    circuit: { ...circuit, encode: (space) => space.fromBigInts(encoded.map((x) => field.reduce(BigInt(x)))) },
    xof: XOF_TURBO_SHAKE_128,
    ...{ proofs, shares, maxOutput: 1n },
  });
  expect(encoded).toHaveLength(circuit.measurementLength);
  const { publicShare, inputShares } = vdaf.shard(ctx, undefined, nonce);
  const started = inputShares.map((share, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, share));
  const verifierShares = started.map(({ verifierShare }) => verifierShare);
  return vdaf.verifierSharesToMessage(ctx, verifierShares) !== null;
}

interface Case {
  readonly name: string;
  readonly field?: Field;
  readonly circuit: (chunkLength: number) => AnyCircuit;
  readonly honest: readonly (readonly number[])[];
  readonly lies: readonly (readonly number[])[];
}

const cases: Case[] = [
  { name: "Count", field: FIELD_64, circuit: count, honest: [[0], [1]], lies: [[2], [-1], [7]] },
  {
    name: "Sum to 6",
    field: FIELD_64,
    // Weights 1, 2 and 3.
    circuit: () => sum(6n),
    honest: [
      [0, 0, 0],
      [1, 1, 0],
      [0, 0, 1],
      [1, 1, 1],
    ],
    lies: [
      [2, 0, 0],
      [0, -1, 0],
      [0, 0, 2],
      [2, 2, 2],
      [-1, 0, 0],
    ],
  },
  {
    name: "SumVec of 2 to 3",
    circuit: (chunkLength) => sumVec(2, 3n, chunkLength),
    honest: [
      [0, 0, 0, 0],
      [1, 1, 0, 1],
    ],
    lies: [
      [2, 0, 0, 0],
      [0, 0, 0, 2],
      [0, -1, 0, 0],
      [0, 1, 3, 0],
      [-1, -1, -1, -1],
    ],
  },
  {
    name: "Histogram of 4",
    circuit: (chunkLength) => histogram(4, chunkLength),
    honest: [
      [1, 0, 0, 0],
      [0, 0, 0, 1],
    ],
    lies: [
      [0, 0, 0, 0],
      [1, 1, 0, 0],
      [0, 0, 0, 2],
      [2, -1, 0, 0],
      [1, 0, 1, -1],
      [1, 1, 1, 1],
    ],
  },
  {
    name: "MultihotCountVec of 3, weight 2",
    // Then the weight's bits, with weights 1 and 1.
    circuit: (chunkLength) => multihotCountVec(3, 2, chunkLength),
    honest: [
      [0, 0, 0, 0, 0],
      [1, 0, 1, 1, 1],
      [0, 1, 0, 0, 1],
    ],
    lies: [
      [1, 1, 1, 1, 1],
      [1, 0, 0, 0, 0],
      [0, 0, 0, 1, 0],
      [2, 0, 0, 1, 1],
      [1, 1, 1, 2, 1],
      [1, -1, 0, 0, 0],
    ],
  },
  {
    name: "L1BoundSum of 2 to 3",
    // Two bits of each, and of the sum, with weights 1 and 2.
    circuit: (chunkLength) => l1BoundSum(2, 3n, chunkLength),
    honest: [
      [0, 0, 0, 0, 0, 0],
      [1, 0, 0, 1, 1, 1],
    ],
    lies: [
      [0, 1, 0, 1, 0, 2],
      [0, 1, 0, 1, 0, 0],
      [1, 0, 0, 0, 0, 1],
      [0, 0, 1, 0, 0, 0],
      [0, 2, 0, -1, 0, 1],
    ],
  },
];

describe.each(cases)("$name", ({ field = FIELD_128, circuit, honest, lies }) => {
  it.each([
    { shares: 2, proofs: 1, chunkLength: 2 },
    { shares: 3, proofs: 1, chunkLength: 1 },
    { shares: 4, proofs: 2, chunkLength: 3 },
    { shares: 2, proofs: 1, chunkLength: 9 },
  ])("$shares aggregators, $proofs proofs, chunks of $chunkLength", ({ shares, proofs, chunkLength }) => {
    for (const encoded of honest) {
      expect([encoded, isAccepted(circuit(chunkLength), field, encoded, shares, proofs)]).toEqual([encoded, true]);
    }
    for (const encoded of lies) {
      expect([encoded, isAccepted(circuit(chunkLength), field, encoded, shares, proofs)]).toEqual([encoded, false]);
    }
  });
});
