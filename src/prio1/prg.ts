// The pseudo-random generator of Prio v1 (WIRE.md section 4): field elements and integers from one AES-128 key stream.

import { bigIntFromBE } from "../core/bytes.js";
import { FIELD_87 } from "../core/fields.js";
import { KeyStream, sha256 } from "../crypto/stream.js";
import { type BatchParameters, batchIdOf } from "./parameters.js";
import type { Vector } from "./vector.js";

/** The length of a PRG seed, of the servers' secret and of an AES-128 key. */
export const SEED_BYTES = 16;

/** p has 88 bits, so the top byte of a candidate needs no mask. */
const ELEMENT_BYTES = FIELD_87.bytes;
/** A candidate: an element, and its top byte drawn again. */
const STRIDE = ELEMENT_BYTES + 1;

/** The most candidates taken from the stream at once: bounds the memory of a long draw. */
const CANDIDATES = 4096;
/** How many candidates an element takes, about: p is just above half of 2^88. */
const CANDIDATES_PER_ELEMENT = 2.1;

export class Prg {
  readonly #stream: KeyStream;

  private constructor(key: Uint8Array) {
    this.#stream = new KeyStream(key);
  }

  /** The generator of a 16-byte seed in this batch. */
  static fromSeed(batch: BatchParameters, seed: Uint8Array): Prg {
    return new Prg(keyOfSeed(batch, seed));
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
      const start = this.#stream.take(candidates * STRIDE, likely * STRIDE);
      const end = start + candidates * STRIDE;
      const { bytes } = this.#stream;
      for (let at = start; at < end; at += STRIDE) bytes[at] = bytes[at + ELEMENT_BYTES] as number;
      i = vector.readCandidates(i, bytes, start, end, STRIDE);
    }
  }

  /** Draws an integer of the range. */
  below({ bound, length, topMask }: Range): bigint {
    for (;;) {
      const start = this.#stream.take(length + 1);
      const { bytes } = this.#stream;
      // libprio draws the whole number, then draws its top byte again and masks it.
      bytes[start] = (bytes[start + length] as number) & topMask;
      const x = bigIntFromBE(bytes, start, start + length);
      if (x < bound) return x;
    }
  }
}

/** The AES key of a 16-byte seed in this batch, 16 bytes. libprio derives it in two ways. */
export function keyOfSeed(batch: BatchParameters, seed: Uint8Array): Uint8Array {
  return batch.prgKey === "seed" ? seed : sha256(seed, batchIdOf(batch)).subarray(0, SEED_BYTES);
}

/** The integers from 0 up to a bound, and how a candidate for one is drawn. */
export interface Range {
  readonly bound: bigint;
  /** The bytes of the largest one. */
  readonly length: number;
  /** Keeps as many bits of a candidate's top byte as the largest one has there. */
  readonly topMask: number;
}

/** The integers below `bound` > 1. */
export function rangeBelow(bound: bigint): Range {
  const max = bound - 1n;
  const length = Math.ceil(max.toString(16).length / 2);
  const topBits = 32 - Math.clz32(Number(max >> BigInt(8 * length - 8)));
  return { bound, length, topMask: 0xff >> (8 - topBits) };
}
