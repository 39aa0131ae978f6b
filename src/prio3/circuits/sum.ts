// Sum (VDAF draft, section 7.4.2): a measurement is an integer in [0, max], and the result is their sum.

import type { Circuit } from "../circuit.js";
import { polyEval } from "../gadgets.js";
import { bitLength, decodeBits, encodeBits, weightsOf } from "./bits.js";
import { requireInteger } from "./measurements.js";

/** x² − x, which is 0 for bits alone. */
const RANGE = [0, -1, 1];

export function sum(max: bigint): Circuit<number | bigint, bigint> {
  const bits = bitLength(max);
  const weights = weightsOf(max);
  return {
    gadget: polyEval(RANGE),
    gadgetCalls: bits,
    measurementLength: bits,
    jointRandLength: 0,
    evalOutputLength: bits,
    outputLength: 1,
    encode(space, measurement) {
      const meas = space.zeros(bits);
      encodeBits(meas, 0, requireInteger(measurement, max), max);
      return meas;
    },
    eval: (_space, meas, _jointRand, _shares, callGadget) =>
      Array.from({ length: bits }, (_, l) => callGadget(meas.slice(l, l + 1))),
    truncate: (space, meas) => space.fromBigInts([decodeBits(space, meas, 0, weights)]),
    decode: ([total = 0n]) => total,
  };
}
