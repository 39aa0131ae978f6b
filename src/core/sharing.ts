// Additive sharing between two: a + b ≡ value. The caller draws one share uniformly, and the other is the difference.
// Each share alone is uniform and reveals nothing about the value.

import type { Field } from "./field.js";
import type { Vector } from "./vector.js";

/** The share that adds up to `value` with the random share `other`. */
export function shareOf(field: Field, value: bigint, other: bigint): bigint {
  return field.sub(value, other);
}

/** The same for each element, in place: the shares replace the random ones in `others`. */
export function sharesInPlaceOf<V extends Vector<V>>(others: V, values: V): V {
  others.subtractFrom(values);
  return others;
}

/** The value that two shares add up to. */
export function combine(field: Field, a: bigint, b: bigint): bigint {
  return field.add(a, b);
}
