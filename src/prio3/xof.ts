// The XOFs of Prio3 (VDAF draft, section 6.2): how a seed, a domain separation tag and a binder become seeds and
// vectors.

import { byteOf } from "../core/bytes.js";
import type { VectorSpace } from "../core/vector.js";
import { type ByteStream, hmacSha256Aes128, take, turboShake128 } from "../crypto/xof.js";
import type { Elements } from "./elements.js";

/** An XOF: it starts a stream. */
export interface Xof {
  /** Bytes of a seed. */
  readonly seedSize: number;
  /** Bytes of a domain separation tag, at most: its length is part of what is hashed. */
  readonly maxTagSize: number;
  /** The stream of a seed, a domain separation tag and a binder, which may come in parts. */
  start(seed: Uint8Array, dst: Uint8Array, ...binder: readonly Uint8Array[]): ByteStream;
}

/** The draft's (section 6.2.1). */
export const XOF_TURBO_SHAKE_128: Xof = {
  seedSize: 32,
  maxTagSize: 0xffff,
  start: (seed, dst, ...binder) =>
    turboShake128(byteOf(dst.length & 0xff), byteOf(dst.length >> 8), dst, byteOf(seed.length), seed, ...binder),
};

/** libprio-rs's, for what is computed often. The draft does not have it. */
export const XOF_HMAC_SHA256_AES_128: Xof = {
  seedSize: 32,
  maxTagSize: 0xff,
  start: (seed, dst, ...binder) => hmacSha256Aes128(seed, byteOf(dst.length), dst, ...binder),
};

/** A new seed, out of another. */
export function deriveSeed(xof: Xof, seed: Uint8Array, dst: Uint8Array, ...binder: readonly Uint8Array[]): Uint8Array {
  const stream = xof.start(seed, dst, ...binder);
  const derived = take(stream, xof.seedSize);
  stream.end();
  return derived;
}

/** The bytes of a short vector. A new array of so many would take as long as two permutations. */
const SHORT = /* @__PURE__ */ new Uint8Array(2048);

/**
 * The vector of `length` elements that a seed stands for, and its encoding in `encoded`, if that is given. Both moduli
 * fill their bytes, so no bit is masked.
 */
export function expandIntoVector<V extends Elements<V>>(
  xof: Xof,
  space: VectorSpace<V>,
  seed: Uint8Array,
  dst: Uint8Array,
  binder: readonly Uint8Array[],
  length: number,
  encoded?: Uint8Array,
): V {
  const stream = xof.start(seed, dst, ...binder);
  const vector = space.zeros(length);
  const size = length * space.field.bytes;
  const bytes = encoded ?? (size <= SHORT.length ? SHORT.subarray(0, size) : new Uint8Array(size));
  stream.fill(bytes);
  let i = vector.readLE(0, bytes, 0, size);
  if (i < length) {
    // Some were refused: once in millions of reports. As many candidates as elements are missing, since each gives at
    // most one.
    while (i < length) {
      const more = take(stream, (length - i) * space.field.bytes);
      i = vector.readLE(i, more, 0, more.length);
    }
    vector.writeLE(bytes, 0);
  }
  stream.end();
  if (bytes !== encoded) bytes.fill(0);
  return vector;
}
