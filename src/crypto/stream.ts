// The key stream of AES-128 in counter mode over zeros, from an all-zero counter block (WIRE.md section 4), handed out in
// pieces of any length. Also SHA-256, which the streams' keys and the digests of packets come from.

import { concat } from "../core/bytes.js";
import { provider } from "./provider.js";

const BLOCK = 16;
/** Bytes made at least at once, so that small pieces do not each set up a cipher. */
const CHUNK = 512;

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return provider().sha256(parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts));
}

export class KeyStream {
  readonly #key: Uint8Array;
  #blocks = 0;
  #made: Uint8Array = new Uint8Array(0);

  /** `key`: 16 bytes. */
  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The next `length` bytes of the stream. They are the caller's to change. */
  next(length: number): Uint8Array {
    if (length > this.#made.length) {
      const count = Math.ceil(Math.max(length - this.#made.length, CHUNK) / BLOCK);
      const fresh = provider().aes128Ctr(this.#key, counterBlock(this.#blocks), count * BLOCK);
      this.#made = this.#made.length === 0 ? fresh : concat(this.#made, fresh);
      this.#blocks += count;
    }
    const piece = this.#made.subarray(0, length);
    this.#made = this.#made.subarray(length);
    return piece;
  }
}

/** The 128-bit big-endian counter of block `index` < 2^53. */
function counterBlock(index: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  for (let i = BLOCK - 1, rest = index; rest > 0; i--, rest = Math.floor(rest / 256)) block[i] = rest % 256;
  return block;
}
