// HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869) over the SHA-256 of the provider. Where the platform has an HMAC,
// it takes as long, and in Node 24 three times as long.

import type { Bytes } from "../core/bytes.js";
import { provider } from "./provider.js";

/** Bytes of a block of SHA-256, which a key of HMAC is filled up to. */
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

/** What is hashed, the inner one if it is short: the same memory each time, which costs less than new, and is wiped. */
const short = new Uint8Array(256);
const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);

/** HMAC-SHA256 of the parts, one after the other. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const block = key.length > BLOCK_BYTES ? provider().sha256(key) : key;
  let length = BLOCK_BYTES;
  for (const part of parts) length += part.length;
  const inner = length <= short.length ? short.subarray(0, length) : new Uint8Array(length);
  inner.fill(0x36, 0, BLOCK_BYTES);
  outer.fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < block.length; i++) {
    inner[i] = (block[i] as number) ^ 0x36;
    outer[i] = (block[i] as number) ^ 0x5c;
  }
  let at = BLOCK_BYTES;
  for (const part of parts) {
    inner.set(part, at);
    at += part.length;
  }
  outer.set(provider().sha256(inner), BLOCK_BYTES);
  const tag = provider().sha256(outer);
  inner.fill(0);
  outer.fill(0);
  return tag;
}

/** HKDF-Extract of the parts of the input keying material, one after the other: 32 bytes. */
export function hkdfExtract(salt: Uint8Array, ...input: readonly Uint8Array[]): Uint8Array {
  return hmacSha256(salt, ...input);
}

/** HKDF-Expand to at most 255 · 32 bytes; the parts of `info` follow one another. */
export function hkdfExpand(key: Uint8Array, length: number, ...info: readonly Uint8Array[]): Bytes {
  const bytes = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let start = 0, counter = 1; start < length; start += HASH_BYTES, counter++) {
    block = hmacSha256(key, block, ...info, Uint8Array.of(counter));
    bytes.set(block.subarray(0, length - start), start);
  }
  return bytes;
}
