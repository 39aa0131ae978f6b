// What a validity circuit is (VDAF draft, section 7.3.2): which vectors are encoded measurements. All circuits of Prio3
// have one gadget.

import type { VectorSpace } from "../core/vector.js";
import type { Elements } from "./elements.js";
import type { Gadget } from "./gadgets.js";

/** Calls the circuit's gadget with an input of its arity, and returns its output. */
export type CallGadget<V> = (input: V) => bigint;

export interface Circuit<Measurement, Result> {
  readonly gadget: Gadget;
  /** How often `eval` calls it. */
  readonly gadgetCalls: number;
  /** Elements of an encoded measurement. */
  readonly measurementLength: number;
  readonly jointRandLength: number;
  /** Elements that `eval` returns. */
  readonly evalOutputLength: number;
  /** Elements of what is aggregated. */
  readonly outputLength: number;

  /**
   * The measurement as a vector. It comes from the caller, and is checked: throws a PrioError that names the index of a
   * bad value and never the value.
   */
  encode<V extends Elements<V>>(space: VectorSpace<V>, measurement: Measurement): V;
  /**
   * The circuit's outputs, all 0 for an encoded measurement. Affine in `meas` but for the gadget, so that it works on
   * shares too: `shares` is how many there are, 1 for the measurement itself.
   */
  eval<V extends Elements<V>>(
    space: VectorSpace<V>,
    meas: V,
    jointRand: V,
    shares: number,
    callGadget: CallGadget<V>,
  ): readonly bigint[];
  /** What is aggregated of an encoded measurement, or of a share of one. */
  truncate<V extends Elements<V>>(space: VectorSpace<V>, meas: V): V;
  /** The result of the sum of all outputs. */
  decode(output: readonly bigint[]): Result;
}
