// L1BoundSum (draft-ietf-ppm-l1-bound-sum): a measurement is a list of integers from 0 on whose sum is at most `max`,
// and the result has the sum of each.

import { PrioError } from "../../errors.js";
import type { Circuit } from "../circuit.js";
import { parallelSum } from "../gadgets.js";
import {
  bitLength,
  decodeIntegers,
  encodeIntegers,
  rangeCheckCalls,
  setRangeCheckInputs,
  weightsOf,
  wordsOf,
} from "./bits.js";
import { requireIntegers } from "./measurements.js";

export function l1BoundSum(
  length: number,
  max: bigint,
  chunkLength: number,
): Circuit<ArrayLike<number | bigint>, bigint[]> {
  const bits = bitLength(max);
  const weights = weightsOf(max);
  const measurementLength = (length + 1) * bits;
  const gadgetCalls = rangeCheckCalls(measurementLength, chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength,
    jointRandLength: gadgetCalls,
    evalOutputLength: 2,
    outputLength: length,
    encode(space, measurement) {
      const values = requireIntegers(measurement, length, max);
      const norm = sumOf(wordsOf(values));
      if (norm > max) {
        throw new PrioError("out-of-range", `measurement: expected a sum of at most ${max}, got more`);
      }
      return space.fromIntegers(encodeIntegers(wordsOf([...values, norm]), weights));
    },
    setInputs: (space, wires, meas, jointRand, one) =>
      setRangeCheckInputs(space, wires, meas, jointRand, chunkLength, one),
    outputs(space, meas, gadgetOutputs) {
      // All elements are bits, and the sum is the one that is claimed.
      const integers = decodeIntegers(space, meas, weights);
      const excess = space.field.sub(integers.sum(0, length), integers.get(length));
      return space.fromBigInts([gadgetOutputs.sum(), excess]);
    },
    truncate: (space, meas) => decodeIntegers(space, meas.slice(0, length * bits), weights),
    decode: (totals) => totals.slice(),
  };
}

/** The sum of integers, given by their words. That of all low words, or of all high ones, is below 2^53. */
function sumOf(words: Uint32Array): bigint {
  let low = 0;
  let high = 0;
  for (let i = 0; i < words.length; i += 2) {
    low += words[i] as number;
    high += words[i + 1] as number;
  }
  return (BigInt(high) << 32n) + BigInt(low);
}
