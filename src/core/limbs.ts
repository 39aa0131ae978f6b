// What the packed vectors of packed-vector.ts compute with: the loops over the limbs of one prime field.

import type { Field } from "./field.js";

/**
 * The loops over packed limbs of one field (limbs64.ts and limbs128.ts), and those between limbs and bytes. All
 * positions, steps and counts are of elements, except in bytes.
 */
export interface Limbs<Name extends string> {
  readonly field: Field<Name>;
  /** Doubles of an element. */
  readonly size: number;
  /** x[start, end), brought to the usual form. */
  readonly carryAll: (x: Float64Array, start: number, end: number) => void;
  /** out[to + toStep·i] = a[from + i] + sign·b[at + bStep·i] for i < count. */
  readonly addAll: (
    out: Float64Array,
    to: number,
    toStep: number,
    a: Float64Array,
    from: number,
    sign: 1 | -1,
    b: Float64Array,
    at: number,
    bStep: number,
    count: number,
  ) => void;
  /** out[to + toStep·i] = a[from + i]·b[at + bStep·i] for i < count. */
  readonly multiplyAll: (
    out: Float64Array,
    to: number,
    toStep: number,
    a: Float64Array,
    from: number,
    b: Float64Array,
    at: number,
    bStep: number,
    count: number,
  ) => void;
  /** out[to] = Σ a[from + aStep·i]·b[at + bStep·i] over i < count. */
  readonly dotInto: (
    out: Float64Array,
    to: number,
    a: Float64Array,
    from: number,
    aStep: number,
    b: Float64Array,
    at: number,
    bStep: number,
    count: number,
  ) => void;
  /** The butterflies with the twiddle at `w` of elements `half` apart: `columns` pairs in each of the blocks. */
  readonly butterflies: (
    x: Float64Array,
    first: number,
    half: number,
    columns: number,
    blocks: number,
    twiddles: Float64Array,
    w: number,
  ) => void;
  /** As `LittleEndianElements.readLE`, to x[i…]. */
  readonly readAll: (x: Float64Array, i: number, bytes: DataView, start: number, end: number) => number;
  /** As `LittleEndianElements.writeLE`, of x[from, to). */
  readonly writeAll: (x: Float64Array, from: number, to: number, bytes: DataView, start: number) => void;
}
