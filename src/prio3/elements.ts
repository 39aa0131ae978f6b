// The vectors that Prio3 computes with: those of its two fields, whose elements are little-endian in bytes.

import type { Bytes } from "../core/bytes.js";
import type { LittleEndianElements, MatrixElements, Vector, VectorSpace } from "../core/vector.js";

/** A vector over a field of Prio3. */
export interface Elements<V extends Elements<V>> extends Vector<V>, LittleEndianElements, MatrixElements<V> {}

/** The elements one after the other, each of the field's length. */
export function encodeVector<V extends Elements<V>>(space: VectorSpace<V>, vector: V): Bytes {
  const bytes = new Uint8Array(vector.length * space.field.bytes);
  vector.writeLE(bytes, 0);
  return bytes;
}

/** The `length` elements at bytes[start…], or null when one is not below the modulus. */
export function decodeVector<V extends Elements<V>>(
  space: VectorSpace<V>,
  bytes: Uint8Array,
  start: number,
  length: number,
): V | null {
  const vector = space.zeros(length);
  const read = vector.readLE(0, bytes, start, start + length * space.field.bytes);
  return read === length ? vector : null;
}

/** One vector out of several, in order; the vector itself if there is one only. */
export function joined<V extends Elements<V>>(space: VectorSpace<V>, parts: readonly V[]): V {
  if (parts.length === 1) return parts[0] as V;
  const result = space.zeros(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.setAll(part, offset);
    offset += part.length;
  }
  return result;
}

/** The rows of two vectors of one length in turn. */
export function interleaved<V extends Elements<V>>(space: VectorSpace<V>, even: V, odd: V, columns: number): V {
  const result = space.zeros(2 * even.length);
  result.interleave(0, even, odd, columns);
  return result;
}
