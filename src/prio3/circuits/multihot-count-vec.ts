// MultihotCountVec (VDAF draft, section 7.4.5): a measurement is a list of booleans of which at most `maxWeight` are
// true, and the result counts each.

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
  const gadgetCalls = rangeCheckCalls(measurementLength, chunkLength);
  return {
    gadget: parallelSum(chunkLength),
    gadgetCalls,
    measurementLength,
    jointRandLength: gadgetCalls,
    evalOutputLength: 2,
    outputLength: length,
    encode(space, measurement) {
      const values = requireList(measurement, length, requireBit);
      const weight = values.reduce((sum, x) => sum + x, 0);
      if (weight > maxWeight) {
        throw new PrioError("out-of-range", `measurement: expected at most ${maxWeight} true values, got more`);
      }
      return space.fromIntegers([...values, ...encodeIntegers(wordsOf([weight]), weights)]);
    },
    setInputs: (space, wires, meas, jointRand, one) =>
      setRangeCheckInputs(space, wires, meas, jointRand, chunkLength, one),
    outputs(space, meas, gadgetOutputs) {
      // All elements are bits, and the weight is the one that is claimed.
      const weight = decodeIntegers(space, meas.slice(length, measurementLength), weights).get(0);
      return space.fromBigInts([gadgetOutputs.sum(), space.field.sub(meas.sum(0, length), weight)]);
    },
    truncate: (_space, meas) => meas.slice(0, length),
    decode: (counts) => counts.slice(),
  };
}
