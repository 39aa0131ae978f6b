// The key stream of AES-128 in counter mode over zeros, from an all-zero counter block (WIRE.md section 4), in pieces
// of any length; and SHA-256, for the keys of streams and the digests of packets.

import { concat } from "../core/bytes.js";
import { provider } from "./provider.js";

const BLOCK_BYTES = 16;
/** The fewest blocks made at once, so that not every small piece calls the cipher. */
const MIN_BLOCKS = 64;

export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return provider().sha256(parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts));
}

export class KeyStream {
  readonly #nextBlocks: (blocks: number) => Uint8Array;
  #made: Uint8Array = new Uint8Array(0);

  /** `key`: 16 bytes. */
  constructor(key: Uint8Array) {
    this.#nextBlocks = provider().aes128Ctr(key, new Uint8Array(BLOCK_BYTES));
  }

  /**
   * The next `length` bytes of the stream. The caller may change them. `likely`, at least `length`, is how many bytes
   * the caller will probably need in all: one call of the cipher makes them.
   */
  next(length: number, likely: number = length): Uint8Array {
    if (length > this.#made.length) {
      const fresh = this.#nextBlocks(Math.max(Math.ceil((likely - this.#made.length) / BLOCK_BYTES), MIN_BLOCKS));
      this.#made = this.#made.length === 0 ? fresh : concat(this.#made, fresh);
    }
    const piece = this.#made.subarray(0, length);
    this.#made = this.#made.subarray(length);
    return piece;
  }
}
