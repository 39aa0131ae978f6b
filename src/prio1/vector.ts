// The vectors that Prio v1 computes with: packed vectors over its field.

import { bigIntSpace } from "../core/bigint-vector.js";
import { FIELD_87 } from "../core/fields.js";
import type { Packed87Vector } from "../core/packed87.js";
import type { VectorSpace as SpaceOf } from "../core/vector.js";

export type Vector = Packed87Vector;
export type VectorSpace = SpaceOf<Vector>;

/**
 * BigInt vectors in the place of the packed ones, so that tests can run the whole protocol on the reference. The types
 * deny it, since the two must never mix. They do not: every vector of a configuration comes from its one space.
 */
export function referenceSpace(): VectorSpace {
  return bigIntSpace(FIELD_87) as unknown as VectorSpace;
}
