// The steps compute no more of the XOF than the draft asks for: half of a verification is its permutations.

import { expect, test, vi } from "vitest";
import { Prio3Count, Prio3Histogram, Prio3Sum, Prio3SumVec, type Vdaf } from "../../src/prio3/index.js";

const counter = vi.hoisted(() => ({ permutations: 0 }));

vi.mock(import("../../src/crypto/keccak.js"), async (importOriginal) => {
  const { permute, ...rest } = await importOriginal();
  return {
    ...rest,
    permute(...args) {
      counter.permutations++;
      permute(...args);
    },
  };
});

const RATE = 168;
const SEED = 32;
const ctx = new Uint8Array(5);
/** The length of the tag, the tag, the length of the seed, the seed. */
const PREFIX = 2 + 8 + ctx.length + 1 + SEED;

/** Of one stream: the blocks of what is hashed, a padding byte included, and the blocks of `output` bytes after one. */
const stream = (binder: number, output: number) =>
  Math.floor((PREFIX + binder) / RATE) + 1 + Math.max(0, Math.ceil(output / RATE) - 1);

interface Lengths {
  /** Bytes of an element, and elements of each vector. */
  readonly element: number;
  readonly meas: number;
  readonly proof: number;
  readonly prove: number;
  readonly query: number;
  readonly joint: number;
}

// The shares are two. Wires of 32 bits: 64 values, so 127 of the gadget's polynomial.
test.each<[string, Vdaf<never, unknown>, unknown, Lengths]>([
  ["Count", new Prio3Count(), true, { element: 8, meas: 1, proof: 5, prove: 2, query: 1, joint: 0 }],
  [
    "Sum of 32 bits",
    new Prio3Sum({ maxMeasurement: 2 ** 32 - 1 }),
    5,
    { element: 8, meas: 32, proof: 1 + 127, prove: 1, query: 33, joint: 0 },
  ],
  [
    "SumVec of 1,000 bits",
    new Prio3SumVec({ length: 1000, maxMeasurement: 1, chunkLength: 33 }),
    new Array(1000).fill(1),
    { element: 16, meas: 1000, proof: 66 + 63, prove: 66, query: 1, joint: 31 },
  ],
  [
    "Histogram of 100",
    new Prio3Histogram({ length: 100, chunkLength: 7 }),
    3,
    { element: 16, meas: 100, proof: 14 + 31, prove: 14, query: 3, joint: 15 },
  ],
])("%s", (_name, vdaf, measurement, lengths) => {
  const { element: size, meas, proof, prove, query, joint } = lengths;
  const helperShares = stream(1, meas * size) + stream(2, proof * size);
  const hasJoint = joint > 0;
  const part = hasJoint ? stream(1 + 16 + meas * size, SEED) : 0;
  const jointRand = hasJoint ? stream(2 * SEED, SEED) + stream(1, joint * size) : 0;

  const permutations = <T>(step: () => T): [number, T] => {
    counter.permutations = 0;
    const result = step();
    return [counter.permutations, result];
  };
  const [key, nonce] = [new Uint8Array(SEED), new Uint8Array(16)];
  const [sharding, report] = permutations(() => vdaf.shard(ctx, measurement as never, nonce));
  const init = (id: number) =>
    permutations(() => vdaf.verifyInit(key, ctx, id, nonce, report.publicShare, report.inputShares[id] as Uint8Array));
  const [[leading], [helping]] = [init(0), init(1)];

  expect(sharding).toBe(helperShares + 2 * part + jointRand + stream(1, prove * size));
  expect(leading).toBe(part + jointRand + stream(1 + 16, query * size));
  expect(helping).toBe(helperShares + part + jointRand + stream(1 + 16, query * size));
});
