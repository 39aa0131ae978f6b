// Sum (VDAF draft, section 7.4.2): a measurement is an integer in [0, max], and the result is their sum.

import type { Circuit } from "../circuit.js";
import { polyEval } from "../gadgets.js";
import { bitLength, decodeIntegers, encodeIntegers, weightsOf, wordsOf } from "./bits.js";
import { requireInteger } from "./measurements.js";

/** x² − x, which is 0 for bits alone. */
const RANGE = [-1];

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
    encode: (space, measurement) =>
      space.fromIntegers(encodeIntegers(wordsOf([requireInteger(measurement, max)]), weights)),
    setInputs: (_space, wires, meas) => wires.setAll(meas, 1),
    outputs: (_space, _meas, gadgetOutputs) => gadgetOutputs,
    truncate: (space, meas) => decodeIntegers(space, meas, weights),
    decode: ([total = 0n]) => total,
  };
}
