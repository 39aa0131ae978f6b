// Parameter sets: the primes that the protocols of this family compute in.

import { Field } from "./field.js";

/** The field of Prio v1: p = 2^87 + 2^19 + 1, with a subgroup of order 2^19 (WIRE.md section 1). */
export const FIELD_87: Field<"Field87"> = new Field({
  name: "Field87",
  modulus: 0x8000000000000000080001n,
  twoAdicity: 19,
  generator: 0x2597c14f48d5b65ed8dccan,
});
