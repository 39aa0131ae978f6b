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
  /** The part of the stream that was made last. */
  #made: Uint8Array = new Uint8Array(0);
  /** How many of its bytes were taken. */
  #taken = 0;

  /** `key`: 16 bytes. */
  constructor(key: Uint8Array) {
    this.#nextBlocks = provider().aes128Ctr(key, new Uint8Array(BLOCK_BYTES));
  }

  /**
   * Takes the next `length` bytes of the stream: returns where they start in `bytes`. The caller may change them there.
   * `likely`, at least `length`, is how many bytes the caller will probably need in all: one call of the cipher makes
   * them.
   */
  take(length: number, likely: number = length): number {
    const left = this.#made.length - this.#taken;
    if (length > left) {
      const fresh = this.#nextBlocks(Math.max(Math.ceil((likely - left) / BLOCK_BYTES), MIN_BLOCKS));
      this.#made = left === 0 ? fresh : concat(this.#made.subarray(this.#taken), fresh);
      this.#taken = 0;
    }
    const start = this.#taken;
    this.#taken += length;
    return start;
  }

  /** Where the bytes are that `take` took last. A view for every few bytes would cost more than their use. */
  get bytes(): Uint8Array {
    return this.#made;
  }
}
