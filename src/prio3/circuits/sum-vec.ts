// SumVec (VDAF draft, section 7.4.3): a measurement is a list of integers in [0, max], and the result has the sum of
// each.

import type { Circuit } from "../circuit.js";
import { parallelSum } from "../gadgets.js";
import { bitLength, decodeIntegers, encodeIntegers, rangeCheck, weightsOf } from "./bits.js";
import { requireInteger, requireList } from "./measurements.js";

export function sumVec(
  length: number,
  max: bigint,
  chunkLength: number,
): Circuit<ArrayLike<number | bigint>, bigint[]> {
  const bits = bitLength(max);
  const weights = weightsOf(max);
  const gadgetCalls = Math.ceil((length * bits) / chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength: length * bits,
    jointRandLength: gadgetCalls,
    evalOutputLength: 1,
    outputLength: length,
    encode(space, measurement) {
      const values = requireList(measurement, length, (x, i) => requireInteger(x, max, i));
      const meas = space.zeros(length * bits);
      encodeIntegers(meas, values, max);
      return meas;
    },
    eval: (space, meas, jointRand, shares, callGadget) => [
      rangeCheck(space, meas, jointRand, shares, chunkLength, callGadget),
    ],
    truncate: (space, meas) => decodeIntegers(space, meas, length, weights),
    decode: (totals) => totals.slice(),
  };
}
