// The pseudo-random generator of Prio v1 (WIRE.md section 4): field elements and integers from one AES-128 key stream.

import { bigIntFromBE } from "../core/bytes.js";
import { FIELD_87 } from "../core/fields.js";
import { KeyStream, sha256 } from "../crypto/stream.js";
import type { Config } from "./config.js";
import type { Vector } from "./vector.js";

/** The length of a PRG seed, of the servers' secret and of an AES-128 key. */
export const SEED_BYTES = 16;

/** p has 88 bits, so the top byte of a candidate needs no mask. */
const ELEMENT_BYTES = FIELD_87.bytes;

/** The most candidates taken from the stream at once: bounds the memory of a long draw. */
const CANDIDATES = 4096;
/** How many candidates an element takes, about: p is just above half of 2^88. */
const CANDIDATES_PER_ELEMENT = 2.1;

export class Prg {
  readonly #stream: KeyStream;

  private constructor(key: Uint8Array) {
    this.#stream = new KeyStream(key);
  }

  /** The generator of a 16-byte seed in this batch. libprio derives its key in two ways. */
  static fromSeed(config: Config, seed: Uint8Array): Prg {
    return new Prg(config.prgKey === "seed" ? seed : sha256(seed, config.batchId).subarray(0, SEED_BYTES));
  }

  /** The generator of a 16-byte AES key. */
  static fromKey(key: Uint8Array): Prg {
    return new Prg(key);
  }

  /** Draws every element of `vector`, first to last. */
  fill(vector: Vector): void {
    // As in `below`, with the bound p. The loop draws no candidate that it does not need, since each gives at most one
    // element.
    for (let i = 0; i < vector.length; ) {
      const candidates = Math.min(vector.length - i, CANDIDATES);
      const likely = Math.min(CANDIDATES, Math.ceil(CANDIDATES_PER_ELEMENT * candidates));
      const bytes = this.#stream.next(candidates * (ELEMENT_BYTES + 1), likely * (ELEMENT_BYTES + 1));
      for (let start = 0; start < bytes.length; start += ELEMENT_BYTES + 1) {
        bytes[start] = bytes[start + ELEMENT_BYTES] as number;
      }
      i = vector.readCandidates(i, bytes, ELEMENT_BYTES + 1);
    }
  }

  /** Draws an integer below `bound` > 1. */
  below(bound: bigint): bigint {
    const max = bound - 1n;
    const length = Math.ceil(max.toString(16).length / 2);
    const topBits = 32 - Math.clz32(Number(max >> BigInt(8 * length - 8)));
    for (;;) {
      const bytes = this.#stream.next(length + 1);
      // libprio draws the whole number, then draws its top byte again and masks it.
      bytes[0] = (bytes[length] as number) & (0xff >> (8 - topBits));
      const x = bigIntFromBE(bytes.subarray(0, length));
      if (x <= max) return x;
    }
  }
}
