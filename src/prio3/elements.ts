// The vectors that Prio3 computes with: those of its two fields, whose elements are little-endian in bytes.

import type { Bytes } from "../core/bytes.js";
import type { LittleEndianElements, Vector, VectorSpace } from "../core/vector.js";

/** A vector over a field of Prio3. */
export interface Elements<V extends Elements<V>> extends Vector<V>, LittleEndianElements {}

/** The elements one after the other, each of the field's length. */
export function encodeVector<V extends Elements<V>>(space: VectorSpace<V>, vector: V): Bytes {
  const { bytes: size } = space.field;
  const bytes = new Uint8Array(vector.length * size);
  for (let i = 0; i < vector.length; i++) vector.writeLE(i, bytes, i * size);
  return bytes;
}

/** The `length` elements at bytes[start…], or null when one is not below the modulus. */
export function decodeVector<V extends Elements<V>>(
  space: VectorSpace<V>,
  bytes: Uint8Array,
  start: number,
  length: number,
): V | null {
  const { bytes: size } = space.field;
  const vector = space.zeros(length);
  for (let i = 0; i < length; i++) if (!vector.readLE(i, bytes, start + i * size)) return null;
  return vector;
}

/** One vector out of several, in order. */
export function joined<V extends Elements<V>>(space: VectorSpace<V>, parts: readonly V[]): V {
  const result = space.zeros(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.setAll(part, offset);
    offset += part.length;
  }
  return result;
}
