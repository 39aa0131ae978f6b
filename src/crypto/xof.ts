// Extendable output functions: streams of bytes that a key and a message determine. Prio3 frames and samples what comes
// out of them (prio3/xof.ts).

import { hmacSha256 } from "./hkdf.js";
import { provider } from "./provider.js";
import { TurboShake128 } from "./turboshake.js";

const BLOCK_BYTES = 16;

/** A stream of bytes, which are handed out in pieces of any length. */
export interface ByteStream {
  /** Sets all of `bytes` to the next bytes of the stream. */
  fill(bytes: Uint8Array): void;
  /** Wipes what would outlive the stream. It is the last call. */
  end(): void;
}

/** The next `length` bytes of a stream. */
export function take(stream: ByteStream, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  stream.fill(bytes);
  return bytes;
}

/** TurboSHAKE128 of the parts, with domain separation byte 1 (RFC 9861 section 2). */
export function turboShake128(...parts: readonly Uint8Array[]): ByteStream {
  return new TurboShake128(1, parts);
}

/**
 * AES-128 in counter mode, with the two halves of HMAC-SHA256 of the parts as its key and its first counter; `key` has
 * at most 64 bytes. The counter is one of 128 bits. libprio-rs counts in the lower 64, which is the same until they
 * overflow: for a stream of 2^24 blocks, in one of 2^40 streams.
 */
export function hmacSha256Aes128(key: Uint8Array, ...parts: readonly Uint8Array[]): ByteStream {
  const tag = hmacSha256(key, ...parts);
  const nextBlocks = provider().aes128Ctr(tag.slice(0, BLOCK_BYTES), tag.slice(BLOCK_BYTES));
  let made: Uint8Array = new Uint8Array(0);
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; ) {
        if (made.length === 0) made = nextBlocks(Math.ceil((bytes.length - i) / BLOCK_BYTES));
        const piece = made.subarray(0, bytes.length - i);
        bytes.set(piece, i);
        made = made.subarray(piece.length);
        i += piece.length;
      }
    },
    end() {
      // Nothing of it outlives the stream.
    },
  };
}
