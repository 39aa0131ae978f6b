// Extendable output functions: streams of bytes that a key and a message determine. Prio3 frames and samples what comes
// out of them (prio3/xof.ts).

import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { turboshake128 } from "@noble/hashes/sha3-addons.js";
import { concat } from "../core/bytes.js";
import { provider } from "./provider.js";

const BLOCK_BYTES = 16;

/** A stream that hands out its next `length` bytes. They are the caller's to change. */
export type ByteStream = (length: number) => Uint8Array;

/** TurboSHAKE128 of the parts, with domain separation byte 1 (RFC 9861 section 2). */
export function turboShake128(...parts: readonly Uint8Array[]): ByteStream {
  const state = turboshake128.create({ D: 1 });
  for (const part of parts) state.update(part);
  return (length) => state.xof(length);
}

/**
 * AES-128 in counter mode, with the two halves of HMAC-SHA256 of the parts as its key and its first counter. The
 * counter is one of 128 bits. libprio-rs counts in the lower 64, which is the same until they overflow: for a stream of
 * 2^24 blocks, in one of 2^40 streams.
 */
export function hmacSha256Aes128(key: Uint8Array, ...parts: readonly Uint8Array[]): ByteStream {
  const tag = hmac(sha256, key, concat(...parts));
  const nextBlocks = provider().aes128Ctr(tag.slice(0, BLOCK_BYTES), tag.slice(BLOCK_BYTES));
  let made: Uint8Array = new Uint8Array(0);
  return (length) => {
    if (length > made.length) made = concat(made, nextBlocks(Math.ceil((length - made.length) / BLOCK_BYTES)));
    const piece = made.slice(0, length);
    made = made.subarray(length);
    return piece;
  };
}
