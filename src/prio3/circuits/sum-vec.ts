// SumVec (VDAF draft, section 7.4.3): a measurement is a list of integers in [0, max], and the result has the sum of
// each.

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

export function sumVec(
  length: number,
  max: bigint,
  chunkLength: number,
): Circuit<ArrayLike<number | bigint>, bigint[]> {
  const bits = bitLength(max);
  const weights = weightsOf(max);
  const gadgetCalls = rangeCheckCalls(length * bits, chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength: length * bits,
    jointRandLength: gadgetCalls,
    evalOutputLength: 1,
    outputLength: length,
    encode: (space, measurement) =>
      space.fromIntegers(encodeIntegers(wordsOf(requireIntegers(measurement, length, max)), weights)),
    setInputs: (space, wires, meas, jointRand, one) =>
      setRangeCheckInputs(space, wires, meas, jointRand, chunkLength, one),
    outputs: (space, _meas, gadgetOutputs) => space.fromBigInts([gadgetOutputs.sum()]),
    truncate: (space, meas) => decodeIntegers(space, meas, weights),
    decode: (totals) => totals.slice(),
  };
}
