// Count (VDAF draft, section 7.4.1): a measurement is 0 or 1, and the result is their sum.

import type { Circuit } from "../circuit.js";
import { MUL } from "../gadgets.js";
import { requireBit } from "./measurements.js";

export function count(): Circuit<boolean | number, bigint> {
  return {
    gadget: MUL,
    gadgetCalls: 1,
    measurementLength: 1,
    jointRandLength: 0,
    evalOutputLength: 1,
    outputLength: 1,
    encode: (space, measurement) => space.fromIntegers([requireBit(measurement)]),
    setInputs(_space, wires, meas) {
      // x·x
      wires.setAll(meas, 2);
      wires.setAll(meas, 3);
    },
    outputs: (_space, meas, gadgetOutputs) => gadgetOutputs.sub(meas),
    truncate: (_space, meas) => meas,
    decode: ([sum = 0n]) => sum,
  };
}
