// The VDAF of a task as an instance. This file alone of the room imports all VDAFs: a page whose program makes its own
// instance does not get them.

import { requireObject } from "../core/bytes.js";
import { Prio1 } from "../prio1/vdaf/index.js";
import {
  Prio3Count,
  Prio3Histogram,
  Prio3L1BoundSum,
  Prio3MultihotCountVec,
  Prio3Sum,
  Prio3SumVec,
  Prio3SumVecWithMultiproof,
} from "../prio3/index.js";
import { decodeVdafConfiguration, encodeVdafConfiguration, type VdafDescription } from "./vdaf-configuration.js";

/** Any VDAF that a task can have. */
export type DapVdaf =
  | Prio3Count
  | Prio3Sum
  | Prio3SumVec
  | Prio3SumVecWithMultiproof
  | Prio3Histogram
  | Prio3MultihotCountVec
  | Prio3L1BoundSum
  | Prio1;

const classes: Readonly<Record<VdafDescription["type"], new (options: never) => DapVdaf>> = {
  Prio3Count,
  Prio3Sum,
  Prio3SumVec,
  Prio3SumVecWithMultiproof,
  Prio3Histogram,
  Prio3MultihotCountVec,
  Prio3L1BoundSum,
  Prio1,
};

/** The chunk length may be missing: then it is the optimal one. */
export type VdafOptions<T = VdafDescription> =
  T extends Readonly<Record<"chunkLength", number>>
    ? Omit<T, "chunkLength"> & {
        /** Elements that one gadget call checks; the optimal number by default. */
        readonly chunkLength?: number;
      }
    : T;

/**
 * The instance of a description, for two aggregators. Throws `invalid-argument`, `out-of-range`.
 *
 * @example
 * ```js
 * import { describeVdaf, vdafFromJSON } from "prio/dap";
 *
 * const vdaf = vdafFromJSON({ type: "Prio3Histogram", length: 100 });
 * console.log(describeVdaf(vdaf)); // { type: 'Prio3Histogram', length: 100, chunkLength: 7 }
 * ```
 */
export function vdafFromJSON(description: VdafOptions): DapVdaf {
  requireObject(description, "vdaf");
  // Checks the names and types of all members.
  const whole = { ...("length" in description ? { chunkLength: 1 } : {}), ...description } as VdafDescription;
  const { vdafType } = encodeVdafConfiguration(whole);
  const { type, ...options } = description as { readonly type: VdafDescription["type"]; readonly xof?: string };
  const entries = Object.entries(options).map(([name, value]) => {
    return [name, typeof value === "string" && name !== "xof" ? BigInt(value) : value];
  });
  const algorithmId = type === "Prio3SumVecWithMultiproof" ? { algorithmId: vdafType } : {};
  return new classes[type]({ ...Object.fromEntries(entries), ...algorithmId } as never);
}

/**
 * The instance of a task's `vdafType` and `vdafConfiguration`. Throws `malformed`, `invalid-argument`, `out-of-range`.
 */
export function vdafFromConfiguration(vdafType: number, vdafConfiguration: Uint8Array): DapVdaf {
  return vdafFromJSON(decodeVdafConfiguration(vdafType, vdafConfiguration));
}
