// Prio v1's pseudo-random generator (WIRE.md section 4): field elements and integers from one AES-128 key stream.

import { bigIntFromBE } from "../core/bytes.js";
import { FIELD_87 } from "../core/fields.js";
import { KeyStream, sha256 } from "../crypto/stream.js";
import type { Config } from "./config.js";
import type { Vector } from "./vector.js";

/** Length of a PRG seed, of the servers' secret and of an AES-128 key. */
export const SEED_BYTES = 16;

/** p fills its 11 bytes, so a candidate's top byte needs no mask. */
const ELEMENT_BYTES = FIELD_87.bytes;

/** Most candidates that one piece of the stream holds: bounds the memory of a long draw. */
const CANDIDATES = 4096;

export class Prg {
  readonly #stream: KeyStream;

  private constructor(key: Uint8Array) {
    this.#stream = new KeyStream(key);
  }

  /** The generator of a 16-byte seed in this batch: libprio has two ways to its key. */
  static fromSeed(config: Config, seed: Uint8Array): Prg {
    return new Prg(config.prgKey === "seed" ? seed : sha256(seed, config.batchId).subarray(0, SEED_BYTES));
  }

  /** The generator of a 16-byte AES key. */
  static fromKey(key: Uint8Array): Prg {
    return new Prg(key);
  }

  /** Draws every element of `vector`, first to last. */
  fill(vector: Vector): void {
    // As `below` does, with p as the bound: readBE refuses what is not below it. Every candidate that a piece of the stream
    // holds is needed, since at most one element comes out of each.
    for (let i = 0; i < vector.length; ) {
      const bytes = this.#stream.next(Math.min(vector.length - i, CANDIDATES) * (ELEMENT_BYTES + 1));
      for (let start = 0; start < bytes.length; start += ELEMENT_BYTES + 1) {
        bytes[start] = bytes[start + ELEMENT_BYTES] as number;
        if (vector.readBE(i, bytes, start, start + ELEMENT_BYTES)) i++;
      }
    }
  }

  /** Draws an integer below `bound` > 1. */
  below(bound: bigint): bigint {
    const max = bound - 1n;
    const length = Math.ceil(max.toString(16).length / 2);
    const topBits = max.toString(2).length - 8 * (length - 1);
    for (;;) {
      const bytes = this.#stream.next(length + 1);
      // libprio draws the whole number and then its masked top byte anew.
      bytes[0] = (bytes[length] as number) & (0xff >> (8 - topBits));
      const x = bigIntFromBE(bytes.subarray(0, length));
      if (x <= max) return x;
    }
  }
}
