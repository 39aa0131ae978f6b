// Histogram (VDAF draft, section 7.4.4): a measurement is the number of a bucket, from 0, and the result counts each.

import type { Circuit } from "../circuit.js";
import { parallelSum } from "../gadgets.js";
import { rangeCheck } from "./bits.js";
import { requireInteger } from "./measurements.js";

export function histogram(length: number, chunkLength: number): Circuit<number | bigint, bigint[]> {
  const gadgetCalls = Math.ceil(length / chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength: length,
    jointRandLength: gadgetCalls,
    evalOutputLength: 2,
    outputLength: length,
    encode(space, measurement) {
      const bucket = Number(requireInteger(measurement, BigInt(length - 1)));
      // Every element is computed, so that the time does not tell which one is 1.
      return space.fromIntegers(Array.from({ length }, (_, i) => Number(i === bucket)));
    },
    eval(space, meas, jointRand, shares, callGadget) {
      const { field } = space;
      // All elements are bits, and they add up to 1.
      const areBits = rangeCheck(space, meas, jointRand, shares, chunkLength, callGadget);
      return [areBits, field.sub(meas.sum(), field.inv(BigInt(shares)))];
    },
    truncate: (_space, meas) => meas,
    decode: (counts) => counts.slice(),
  };
}
