// L1BoundSum (draft-ietf-ppm-l1-bound-sum): a measurement is a list of integers from 0 on whose sum is at most `max`,
// and the result has the sum of each.

import { PrioError } from "../../errors.js";
import type { Circuit } from "../circuit.js";
import { parallelSum } from "../gadgets.js";
import { bitLength, decodeBits, decodeIntegers, encodeIntegers, rangeCheck, weightsOf } from "./bits.js";
import { requireInteger, requireList } from "./measurements.js";

export function l1BoundSum(
  length: number,
  max: bigint,
  chunkLength: number,
): Circuit<ArrayLike<number | bigint>, bigint[]> {
  const bits = bitLength(max);
  const weights = weightsOf(max);
  const measurementLength = (length + 1) * bits;
  const gadgetCalls = Math.ceil(measurementLength / chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength,
    jointRandLength: gadgetCalls,
    evalOutputLength: 2,
    outputLength: length,
    encode(space, measurement) {
      const values = requireList(measurement, length, (x, i) => requireInteger(x, max, i));
      const norm = values.reduce((sum, x) => sum + x, 0n);
      if (norm > max) {
        throw new PrioError("out-of-range", `measurement: expected a sum of at most ${max}, got more`);
      }
      const meas = space.zeros(measurementLength);
      encodeIntegers(meas, [...values, norm], max);
      return meas;
    },
    eval(space, meas, jointRand, shares, callGadget) {
      const { field } = space;
      // All elements are bits, and the sum is the one that is claimed.
      const areBits = rangeCheck(space, meas, jointRand, shares, chunkLength, callGadget);
      const observed = decodeIntegers(space, meas, length, weights).sum();
      return [areBits, field.sub(observed, decodeBits(space, meas, length * bits, weights))];
    },
    truncate: (space, meas) => decodeIntegers(space, meas, length, weights),
    decode: (totals) => totals.slice(),
  };
}
