// What an aggregator's memory holds of a report between two steps: its output share. The vectors of small reports share
// memory, and none may keep that of the others.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { Prio3Count, Prio3Histogram, Prio3Sum, type VerifyState } from "../../src/prio3/index.js";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** The bytes of arrays that are in use now. */
function held(): number {
  for (let i = 0; i < 3; i++) collect();
  return process.memoryUsage().arrayBuffers;
}

const [ctx, key, nonce] = [new Uint8Array(1), new Uint8Array(32), new Uint8Array(16)];

it.each([
  { name: "Count", vdaf: new Prio3Count(), measurement: true, elements: 1 },
  { name: "Sum of 32 bits", vdaf: new Prio3Sum({ maxMeasurement: 2 ** 32 - 1 }), measurement: 5, elements: 1 },
  { name: "Histogram of 8", vdaf: new Prio3Histogram({ length: 8 }), measurement: 3, elements: 8 },
] as const)("a state of $name holds its output share alone", ({ vdaf, measurement, elements }) => {
  const { publicShare, inputShares } = vdaf.shard(ctx, measurement as never, nonce);
  const verify = () => vdaf.verifyInit(key, ctx, 1, nonce, publicShare, inputShares[1] as Uint8Array).state;
  const states: VerifyState[] = [verify()];
  const before = held();
  for (let i = 0; i < 500; i++) states.push(verify());
  // Six doubles an element at most.
  expect((held() - before) / 500).toBeLessThan(200 + 48 * elements);
  expect(states).toHaveLength(501);
});
