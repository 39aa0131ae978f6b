// Histogram (VDAF draft, section 7.4.4): a measurement is the number of a bucket, from 0, and the result counts each.

import type { Circuit } from "../circuit.js";
import { parallelSum } from "../gadgets.js";
import { rangeCheckCalls, setRangeCheckInputs } from "./bits.js";
import { requireInteger } from "./measurements.js";

export function histogram(length: number, chunkLength: number): Circuit<number | bigint, bigint[]> {
  const gadgetCalls = rangeCheckCalls(length, chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength: length,
    jointRandLength: gadgetCalls,
    evalOutputLength: 2,
    outputLength: length,
    encode(space, measurement) {
      const bucket = Number(requireInteger(measurement, length - 1));
      const bits = new Uint8Array(length);
      // Every element is computed, and without a branch, so that the time does not tell which one is 1.
      for (let i = 0; i < length; i++) {
        const difference = i ^ bucket;
        bits[i] = 1 + ((difference | -difference) >> 31);
      }
      return space.fromIntegers(bits);
    },
    setInputs: (space, wires, meas, jointRand, one) =>
      setRangeCheckInputs(space, wires, meas, jointRand, chunkLength, one),
    // All elements are bits, and they add up to 1.
    outputs: (space, meas, gadgetOutputs, one) =>
      space.fromBigInts([gadgetOutputs.sum(), space.field.sub(meas.sum(), one)]),
    truncate: (_space, meas) => meas,
    decode: (counts) => counts.slice(),
  };
}
