// Parameter sets: the primes that the protocols of this family compute in.

import { Field } from "./field.js";

/** The first field of Prio3: p = 2^64 − 2^32 + 1, with a subgroup of order 2^32 (VDAF draft, section 6.1.4). */
export const FIELD_64: Field<"Field64"> = /* @__PURE__ */ new Field({
  name: "Field64",
  modulus: 0xffffffff00000001n,
  twoAdicity: 32,
  // 7^(2^32 − 1)
  generator: 1753635133440165772n,
});

/** The second: p = 2^128 − 7·2^66 + 1, with a subgroup of order 2^66. */
export const FIELD_128: Field<"Field128"> = /* @__PURE__ */ new Field({
  name: "Field128",
  modulus: 0xffffffffffffffe40000000000000001n,
  twoAdicity: 66,
  // 7^4611686018427387897
  generator: 145091266659756586618791329697897684742n,
});

/** The field of Prio v1: p = 2^87 + 2^19 + 1, with a subgroup of order 2^19 (WIRE.md section 1). */
export const FIELD_87: Field<"Field87"> = /* @__PURE__ */ new Field({
  name: "Field87",
  modulus: 0x8000000000000000080001n,
  twoAdicity: 19,
  generator: 0x2597c14f48d5b65ed8dccan,
});
