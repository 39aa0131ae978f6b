// Integers as bits, the most significant first: how the client splits them up and how the totals of their bits become totals
// of the integers again (WIRE.md sections 1 and 2).

import type { Field } from "../core/field.js";

/** Writes the `precision` bits of an integer in [0, 2^precision) from index `start` of `bits`. */
export function writeBits(integer: bigint, precision: number, bits: Uint8Array, start: number): void {
  for (let k = precision - 1, rest = integer; k >= 0; k--, rest >>= 1n) bits[start + k] = Number(rest & 1n);
}

/** The integers modulo p of which `bits` are the bits, each one any field element: `bits.length / precision` of them. */
export function integersOfBits(field: Field, bits: readonly bigint[], precision: number): bigint[] {
  const integers: bigint[] = [];
  for (let start = 0; start < bits.length; start += precision) {
    // Horner's rule.
    const own = bits.slice(start, start + precision);
    integers.push(own.reduce((sum, bit) => field.add(field.add(sum, sum), bit), 0n));
  }
  return integers;
}
