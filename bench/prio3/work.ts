// The instances of Prio3 that our programs measure, each with the measurement of all reports.

import {
  Prio3Count,
  Prio3Histogram,
  Prio3MultihotCountVec,
  Prio3Sum,
  Prio3SumVec,
  Prio3SumVecWithMultiproof,
  type Vdaf,
} from "../../src/prio3/index.js";

export const ctx: Uint8Array = new TextEncoder().encode("bench");
export const key: Uint8Array = new Uint8Array(32).fill(1);

export interface Work {
  // biome-ignore lint/suspicious/noExplicitAny: of each instance its own.
  readonly vdaf: Vdaf<any, unknown>;
  readonly measurement: unknown;
  /** What one report adds to the result. */
  readonly values: readonly number[];
}

/**
 * An instance of its type and numbers (instances.mjs), and the measurement, as in libprio-rs/src/main.rs.
 * SumVecWithMultiproof is over XofHmacSha256Aes128.
 */
export function workOf(type: string, [a = 0, b = 0, chunkLength = 0, proofs = 0]: readonly number[]): Work {
  const listOf = (vdaf: Work["vdaf"], value: (i: number) => number): Work => {
    const values = Array.from({ length: a }, (_, i) => value(i));
    return { vdaf, measurement: values, values };
  };
  switch (type) {
    case "Prio3Count":
      return { vdaf: new Prio3Count(), measurement: true, values: [1] };
    case "Prio3Sum": {
      const value = Math.floor(a / 3);
      return { vdaf: new Prio3Sum({ maxMeasurement: a }), measurement: value, values: [value] };
    }
    case "Prio3Histogram": {
      const values = Array.from({ length: a }, (_, i) => Number(i === 1));
      return { vdaf: new Prio3Histogram({ length: a, chunkLength: b }), measurement: 1, values };
    }
    case "Prio3SumVec":
      return listOf(new Prio3SumVec({ length: a, maxMeasurement: b, chunkLength }), (i) => i % 2);
    case "Prio3SumVecWithMultiproof": {
      const options = { length: a, maxMeasurement: b, chunkLength, proofs, xof: "hmac-aes", algorithmId: 0xffff1003 };
      return listOf(new Prio3SumVecWithMultiproof(options as typeof options & { xof: "hmac-aes" }), (i) => i % 2);
    }
    case "Prio3MultihotCountVec":
      return listOf(new Prio3MultihotCountVec({ length: a, maxWeight: b, chunkLength }), (i) => Number(i < b));
    default:
      throw new Error(`bench: no instance ${type}`);
  }
}
