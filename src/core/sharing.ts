// Additive sharing in two: a + b ≡ value. One share is uniform and given by the caller; the other is the difference. Each
// alone is uniform and says nothing of the value.

import type { Field } from "./field.js";
import type { Vector } from "./vector.js";

/** The share that belongs to the random share `other`. */
export function shareOf(field: Field, value: bigint, other: bigint): bigint {
  return field.sub(value, other);
}

/** The same for each element. */
export function sharesOf(values: Vector, others: Vector): Vector {
  return values.sub(others);
}

/** The value of two shares. */
export function combine(field: Field, a: bigint, b: bigint): bigint {
  return field.add(a, b);
}
