// What a validity circuit is (VDAF draft, section 7.3.2): which vectors are encoded measurements. All circuits of Prio3
// have one gadget, and no call of it depends on another's output. So what the draft calls eval is two steps here, and
// all calls are made between them.

import type { VectorSpace } from "../core/vector.js";
import type { Elements } from "./elements.js";
import type { Gadget } from "./gadgets.js";

export interface Circuit<Measurement, Result> {
  readonly gadget: Gadget;
  /** How often the circuit calls it. */
  readonly gadgetCalls: number;
  /** Elements of an encoded measurement. */
  readonly measurementLength: number;
  readonly jointRandLength: number;
  /** Elements that `outputs` returns. */
  readonly evalOutputLength: number;
  /** Elements of what is aggregated. */
  readonly outputLength: number;

  /**
   * The measurement as a vector. It comes from the caller, and is checked: throws a PrioError that names the index of a
   * bad value and never the value.
   */
  encode<V extends Elements<V>>(space: VectorSpace<V>, measurement: Measurement): V;
  /**
   * In place: sets the rows of `wires` to the inputs of the gadget's calls, that of the first call to row 1. Affine in
   * `meas`, so that it works on shares too: `one` is the share of 1, which is 1 for the measurement itself.
   */
  setInputs<V extends Elements<V>>(space: VectorSpace<V>, wires: V, meas: V, jointRand: V, one: bigint): void;
  /** The circuit's outputs, all 0 for an encoded measurement. Affine in `meas` and in the outputs of all calls. */
  outputs<V extends Elements<V>>(space: VectorSpace<V>, meas: V, gadgetOutputs: V, one: bigint): V;
  /** What is aggregated of an encoded measurement, or of a share of one. */
  truncate<V extends Elements<V>>(space: VectorSpace<V>, meas: V): V;
  /** The result of the sum of all outputs. */
  decode(output: readonly bigint[]): Result;
}
