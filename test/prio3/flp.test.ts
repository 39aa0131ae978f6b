// A report whose random point is a root of unity cannot be verified: the answers there would show a gadget's inputs. It
// is refused at every such point, by the bare steps and by the ping-pong topology, and at no other.

import { describe, expect, it } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { FIELD_64 } from "../../src/core/fields.js";
import { count } from "../../src/prio3/circuits/count.js";
import { sum } from "../../src/prio3/circuits/sum.js";
import { encodeVector } from "../../src/prio3/elements.js";
import { Prio3Steps } from "../../src/prio3/steps.js";
import { XOF_TURBO_SHAKE_128 } from "../../src/prio3/xof.js";
import { helperInitialize, leaderInitialize } from "../../src/vdaf/ping-pong.js";
import { codeOf } from "../support/deployment.js";

const [ctx, key, nonce] = [Uint8Array.of(1), new Uint8Array(32), new Uint8Array(16)];
const space = bigIntSpace(FIELD_64);
const QUERY_RANDOMNESS = 5;

/** An instance whose query randomness is given. */
function askedAt<M>(circuit: ReturnType<typeof sum> | ReturnType<typeof count>, queryRand: readonly bigint[]) {
  const xof: typeof XOF_TURBO_SHAKE_128 = {
    ...XOF_TURBO_SHAKE_128,
    start: (seed, dst, binder) =>
      dst[7] === QUERY_RANDOMNESS
        ? { fill: (bytes) => bytes.set(encodeVector(space, space.fromBigInts(queryRand))), end: () => undefined }
        : XOF_TURBO_SHAKE_128.start(seed, dst, binder),
  };
  const parameters = { algorithmId: 1, space, circuit: circuit as never, xof, proofs: 1, shares: 2, maxOutput: 9n };
  return new Prio3Steps<ReturnType<typeof space.zeros>, M, bigint>(parameters);
}

describe.each([
  // The wire polynomial of one call has 2 values, and of three calls 4; the gadget's polynomial twice as many.
  { name: "Count", circuit: count(), before: [], measurement: true, wireLength: 2 },
  { name: "Sum of 3 bits", circuit: sum(7n), before: [3n, 5n, 8n], measurement: 6, wireLength: 4 },
])("$name", ({ circuit, before, measurement, wireLength }) => {
  const root = FIELD_64.rootOfUnity(2 * wireLength);
  const points = Array.from({ length: 2 * wireLength }, (_, i) => ({ i, point: FIELD_64.pow(root, BigInt(i)) }));

  it.each(points)("the $i-th root of the gadget's polynomial", ({ i, point }) => {
    const vdaf = askedAt<number | boolean>(circuit, [...before, point]);
    const { publicShare, inputShares } = vdaf.shard(ctx, measurement, nonce);
    const [inputShare, helperShare] = inputShares as [Uint8Array, Uint8Array];
    const leader = () => vdaf.verifyInit(key, ctx, 0, nonce, publicShare, inputShare);
    const first = leaderInitialize(vdaf as never, key, { ctx, nonce, publicShare, inputShare });
    if (i % 2 === 0) {
      // A root of the wires' order.
      expect(codeOf(leader)).toBe("malformed");
      expect(first.status).toBe("rejected");
      return;
    }
    if (first.status !== "continued") throw new Error(first.status);
    const atHelper = { ctx, nonce, publicShare, inputShare: helperShare };
    expect(helperInitialize(vdaf as never, key, atHelper, first.message).status).toBe("finished");
  });
});
