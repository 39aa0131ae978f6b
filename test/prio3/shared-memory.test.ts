// Instances share scratch memory, tables and small arrays among all reports. Nothing of it shows: not to code that runs
// in the middle of a step, because a measurement has getters, and not in the bytes that are handed out.

import { describe, expect, it } from "vitest";
import { Prio1 } from "../../src/prio1/vdaf/index.js";
import * as prio3 from "../../src/prio3/index.js";
import { stepsOf } from "../../src/prio3/prio3.js";

const ctx = Uint8Array.of(1, 2);
const nonce = new Uint8Array(16).fill(3);
type AnyVdaf = prio3.Vdaf<never, unknown>;

const sumVec = new prio3.Prio3SumVec({ length: 4, maxMeasurement: 255 });
const histogram = new prio3.Prio3Histogram({ length: 4 });
const aes = new prio3.Prio3SumVecWithMultiproof({ length: 4, maxMeasurement: 255, proofs: 3, xof: "hmac-aes" });
const sum = new prio3.Prio3Sum({ maxMeasurement: 1000 });
const prio1 = new Prio1({ fields: 4 });

const CASES: readonly (readonly [string, AnyVdaf, unknown, string])[] = [
  ["SumVec", sumVec, [1, 2, 3, 255], "1,2,3,255"],
  ["Histogram", histogram, 2, "0,0,1,0"],
  ["SumVecWithMultiproof", aes, [255, 0, 7, 8], "255,0,7,8"],
  ["Sum", sum, 1000, "1000"],
  ["Prio v1", prio1, [true, false, true, true], "1,0,1,1"],
];

/** Carries a report through all steps, and hands every array of bytes to `see`. */
function resultOf(vdaf: AnyVdaf, measurement: unknown, see?: (bytes: Uint8Array) => void): string {
  const key = new Uint8Array(vdaf.verifyKeySize).fill(5);
  const { publicShare, inputShares } = vdaf.shard(ctx, measurement as never, nonce);
  let steps = inputShares.map((share, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, share));
  for (const bytes of [publicShare, ...inputShares]) see?.(bytes);
  const totals = inputShares.map(() => vdaf.aggregateInit());
  for (let round = 1; ; round++) {
    const states = steps.map(({ state }) => state);
    for (const state of states) see?.(state.toBytes());
    const shares = steps.map(({ verifierShare }) => verifierShare);
    const message = vdaf.verifierSharesToMessage(ctx, shares) as Uint8Array;
    for (const bytes of shares) see?.(bytes);
    const next = states.map((state) => vdaf.verifyNext(ctx, state, message));
    see?.(message);
    if (round < vdaf.rounds) {
      steps = next as prio3.Verification[];
      continue;
    }
    for (const [id, output] of next.entries()) totals[id]?.add(output as prio3.OutputShare);
    for (const total of totals) see?.(total.toBytes());
    const aggregateShares = totals.map((total) => total.toBytes());
    return `${vdaf.unshard(aggregateShares, 1)}`;
  }
}

/** A list whose elements, when they are read, carry reports of all instances through all steps. */
function disturbing(values: readonly unknown[]): ArrayLike<number> {
  const list = { length: values.length };
  values.forEach((value, i) => {
    const get = () => {
      for (const [, vdaf, measurement] of CASES) resultOf(vdaf, measurement);
      shardOther();
      return value;
    };
    Object.defineProperty(list, i, { get });
  });
  return list as ArrayLike<number>;
}

/** The same instance, with another context and nonce. */
const shardOther = () => sumVec.shard(Uint8Array.of(9, 9), [9, 9, 9, 9], new Uint8Array(16).fill(9));

describe("a measurement whose getters carry out other reports", () => {
  it.each(CASES.filter(([, , measurement]) => Array.isArray(measurement)))("counts as its values: %s", (...given) => {
    const [, vdaf, measurement, result] = given;
    expect(resultOf(vdaf, disturbing(measurement as unknown[]))).toBe(result);
  });

  it("has the shares that its values have", () => {
    const steps = stepsOf(sumVec);
    const random = (length: number) => Uint8Array.from({ length }, (_, i) => i);
    const values = [1, 2, 3, 255];
    expect(steps.shardWith(ctx, disturbing(values), nonce, random)).toEqual(
      steps.shardWith(ctx, values, nonce, random),
    );
  });
});

describe("bytes that are handed out", () => {
  it.each(CASES)("are all of their buffer, which nothing else has: %s", (...given) => {
    const [, vdaf, measurement] = given;
    const buffers = new Set<ArrayBufferLike>();
    let count = 0;
    resultOf(vdaf, measurement, (bytes) => {
      expect(bytes.constructor).toBe(Uint8Array);
      expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
      buffers.add(bytes.buffer);
      count++;
    });
    expect(buffers.size).toBe(count);
  });

  it.each(CASES)("may be overwritten as soon as they were used: %s", (...given) => {
    const [, vdaf, measurement, result] = given;
    expect(resultOf(vdaf, measurement, (bytes) => bytes.fill(0xa5))).toBe(result);
  });
});
