// A VDAF in the few words that operators write and read.

import type { VdafDescription } from "prio/dap";

/** A VDAF for people, in the same words. */
export function vdafText(vdaf: VdafDescription): string {
  switch (vdaf.type) {
    case "Prio3Count":
      return "count";
    case "Prio3Sum":
      return `sum:${vdaf.maxMeasurement}`;
    case "Prio3SumVec":
      return `sumvec:${vdaf.length}:${vdaf.maxMeasurement}`;
    case "Prio3Histogram":
      return `histogram:${vdaf.length}`;
    case "Prio3MultihotCountVec":
      return `multihot:${vdaf.length}:${vdaf.maxWeight}`;
    case "Prio3L1BoundSum":
      return `l1:${vdaf.length}:${vdaf.maxValue}`;
    case "Prio3SumVecWithMultiproof":
      return `sumvec:${vdaf.length}:${vdaf.maxMeasurement}, ${vdaf.proofs} proofs`;
    default:
      return "fields" in vdaf ? `prio1:${vdaf.fields}` : `prio1:${vdaf.count}x${vdaf.precision}`;
  }
}
