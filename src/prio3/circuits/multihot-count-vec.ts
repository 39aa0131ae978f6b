// MultihotCountVec (VDAF draft, section 7.4.5): a measurement is a list of booleans of which at most `maxWeight` are
// true, and the result counts each.

import { PrioError } from "../../errors.js";
import type { Circuit } from "../circuit.js";
import { joined } from "../elements.js";
import { parallelSum } from "../gadgets.js";
import { bitLength, decodeBits, encodeBits, rangeCheck, weightsOf } from "./bits.js";
import { requireBit, requireList } from "./measurements.js";

export function multihotCountVec(
  length: number,
  maxWeight: number,
  chunkLength: number,
): Circuit<ArrayLike<boolean | number>, bigint[]> {
  const max = BigInt(maxWeight);
  const bits = bitLength(max);
  const weights = weightsOf(max);
  const measurementLength = length + bits;
  const gadgetCalls = Math.ceil(measurementLength / chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength,
    jointRandLength: gadgetCalls,
    evalOutputLength: 2,
    outputLength: length,
    encode(space, measurement) {
      const values = requireList(measurement, length, requireBit);
      const weight = values.reduce((sum, x) => sum + x, 0n);
      if (weight > max) {
        throw new PrioError("out-of-range", `measurement: expected at most ${maxWeight} true values, got more`);
      }
      const weightBits = space.zeros(bits);
      encodeBits(weightBits, 0, weight, max);
      return joined(space, [space.fromBigInts(values), weightBits]);
    },
    eval(space, meas, jointRand, shares, callGadget) {
      // All elements are bits, and the weight is the one that is claimed.
      const areBits = rangeCheck(space, meas, jointRand, shares, chunkLength, callGadget);
      return [areBits, space.field.sub(meas.sum(0, length), decodeBits(space, meas, length, weights))];
    },
    truncate: (_space, meas) => meas.slice(0, length),
    decode: (counts) => counts.slice(),
  };
}
