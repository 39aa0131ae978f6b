// Integers as bits, the most significant first: the client splits integers into bits, and the totals of the bits
// become totals of the integers (WIRE.md sections 1 and 2).

import type { Field } from "../core/field.js";

/** Writes the `precision` bits of an integer in [0, 2^precision) from index `start` of `bits`. */
export function writeBits(integer: bigint, precision: number, bits: Uint8Array, start: number): void {
  for (let k = precision - 1, rest = integer; k >= 0; k--, rest >>= 1n) bits[start + k] = Number(rest & 1n);
}

/**
 * Returns the `bits.length / precision` integers, modulo p, that have these bits. A bit may be any field element:
 * these are totals, or shares of them.
 */
export function integersOfBits(field: Field, bits: readonly bigint[], precision: number): bigint[] {
  const integers: bigint[] = [];
  for (let start = 0; start < bits.length; start += precision) {
    // Horner's rule.
    const own = bits.slice(start, start + precision);
    integers.push(own.reduce((sum, bit) => field.add(field.add(sum, sum), bit), 0n));
  }
  return integers;
}
