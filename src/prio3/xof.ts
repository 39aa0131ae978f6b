// The XOFs of Prio3 (VDAF draft, section 6.2): how a seed, a domain separation tag and a binder become seeds and
// vectors.

import { concat } from "../core/bytes.js";
import type { VectorSpace } from "../core/vector.js";
import { type ByteStream, hmacSha256Aes128, take, turboShake128 } from "../crypto/xof.js";
import type { Elements } from "./elements.js";

/** An XOF: it starts a stream. */
export interface Xof {
  /** Bytes of a seed. */
  readonly seedSize: number;
  /** Bytes of a domain separation tag, at most: its length is part of what is hashed. */
  readonly maxTagSize: number;
  /** The stream of a seed, a domain separation tag and a binder. */
  start(seed: Uint8Array, dst: Uint8Array, binder: Uint8Array): ByteStream;
}

/** The draft's (section 6.2.1). */
export const XOF_TURBO_SHAKE_128: Xof = {
  seedSize: 32,
  maxTagSize: 0xffff,
  start(seed, dst, binder) {
    const lengthOfTag = Uint8Array.of(dst.length & 0xff, dst.length >> 8);
    return turboShake128(lengthOfTag, dst, Uint8Array.of(seed.length), seed, binder);
  },
};

/** libprio-rs's, for what is computed often. The draft does not have it. */
export const XOF_HMAC_SHA256_AES_128: Xof = {
  seedSize: 32,
  maxTagSize: 0xff,
  start: (seed, dst, binder) => hmacSha256Aes128(seed, Uint8Array.of(dst.length), dst, binder),
};

/** A new seed, out of another. */
export function deriveSeed(xof: Xof, seed: Uint8Array, dst: Uint8Array, binder: Uint8Array): Uint8Array {
  const stream = xof.start(seed, dst, binder);
  const derived = take(stream, xof.seedSize);
  stream.end();
  return derived;
}

/** The vector of `length` elements that a seed stands for. Both moduli fill their bytes, so no bit is masked. */
export function expandIntoVector<V extends Elements<V>>(
  xof: Xof,
  space: VectorSpace<V>,
  seed: Uint8Array,
  dst: Uint8Array,
  binder: readonly Uint8Array[],
  length: number,
): V {
  const stream = xof.start(seed, dst, concat(...binder));
  const vector = space.zeros(length);
  for (let i = 0; i < length; ) {
    // As many candidates as elements are missing: each gives at most one.
    const bytes = take(stream, (length - i) * space.field.bytes);
    i = vector.readLE(i, bytes, 0, bytes.length);
  }
  stream.end();
  return vector;
}
