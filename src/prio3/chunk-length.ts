// How many elements a gadget call of a range check takes (VDAF draft, section 7.4.3.1). Client and aggregators must
// agree on it.

import { PrioError } from "../errors.js";

/**
 * The chunk length with the shortest proof for an encoded measurement of this many elements, as libprio-rs chooses it.
 * Throws `out-of-range` for anything but an integer from 1 on.
 */
export function optimalChunkLength(measurementLength: number): number {
  if (!Number.isSafeInteger(measurementLength) || measurementLength < 1) {
    throw new PrioError("out-of-range", "chunk length: expected the length of a measurement, an integer from 1 on");
  }
  let best = { chunkLength: 1, proofLength: Number.POSITIVE_INFINITY };
  // A proof has 2·chunkLength wire seeds and, if calls + 1 is a power of 2, 2·calls + 1 values of the gadget's
  // polynomial.
  for (let log = Math.floor(Math.log2(measurementLength + 1)); log >= 1; log--) {
    const calls = 2 ** log - 1;
    const chunkLength = Math.ceil(measurementLength / calls);
    const proofLength = 2 * chunkLength + 2 * calls;
    if (proofLength < best.proofLength) best = { chunkLength, proofLength };
  }
  return best.chunkLength;
}
