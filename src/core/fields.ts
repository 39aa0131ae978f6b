// Parameter sets: the primes that protocols of this family compute in. Others join here.

import { Field } from "./field.js";

/** Prio v1: p = 2^87 + 2^19 + 1, with a subgroup of order 2^19 (WIRE.md section 1). */
export const FIELD_87: Field = new Field({
  modulus: 0x8000000000000000080001n,
  twoAdicity: 19,
  generator: 0x2597c14f48d5b65ed8dccan,
});
