// TurboSHAKE128 (RFC 9861 section 2): a sponge over Keccak-p[1600, 12]. Written for Prio3, whose shares of a vector are
// a few thousand bytes of it each: noble's takes three times as long. The tests compare it with noble's.

import { byteOf } from "../core/bytes.js";
import { permute, STATE_WORDS } from "./keccak.js";

/** Bytes of a block: what one permutation takes in or gives out. */
const RATE = 168;

interface State {
  readonly words: Int32Array;
  readonly scratch: Int32Array;
}

/**
 * A state of zeros for the next stream. To make one, and to collect it as garbage, takes as long as half a permutation,
 * and most streams take one or two.
 */
let spare: State | undefined;

/** The bytes that a message determines. */
export class TurboShake128 {
  /** Undefined after the end. */
  #state: State | undefined;
  /** How many bytes of the block were taken in, or given out. */
  #at = 0;

  /** Of the parts, one after the other, with a domain separation byte from 0x01 to 0x7f. */
  constructor(domain: number, parts: readonly Uint8Array[]) {
    const state = spare ?? { words: new Int32Array(STATE_WORDS), scratch: new Int32Array(STATE_WORDS) };
    spare = undefined;
    this.#state = state;
    for (const part of parts) this.#absorb(state, part);
    this.#absorb(state, byteOf(domain));
    (state.words[RATE / 4 - 1] as number) ^= 0x80 << 24;
    this.#at = RATE;
  }

  /** Sets all of `bytes` to the next bytes of the stream. */
  fill(bytes: Uint8Array): void {
    const state = this.#state as State;
    const { words } = state;
    const { length } = bytes;
    let at = this.#at;
    for (let i = 0; i < length; ) {
      if (at === RATE) {
        permute(words, state.scratch);
        at = 0;
      }
      if (at % 4 === 0 && length - i >= 4) {
        const end = Math.min(RATE / 4, (at + length - i) >> 2);
        for (let k = at / 4; k < end; k++, i += 4) {
          const word = words[k] as number;
          bytes[i] = word;
          bytes[i + 1] = word >>> 8;
          bytes[i + 2] = word >>> 16;
          bytes[i + 3] = word >>> 24;
        }
        at = 4 * end;
      } else {
        bytes[i++] = (words[at >> 2] as number) >>> (8 * (at & 3));
        at++;
      }
    }
    this.#at = at;
  }

  /** Wipes what the stream keeps. It is the last call. */
  end(): void {
    const state = this.#state as State;
    this.#state = undefined;
    state.words.fill(0);
    state.scratch.fill(0);
    spare = state;
  }

  #absorb(state: State, bytes: Uint8Array): void {
    const { words } = state;
    const { length } = bytes;
    let at = this.#at;
    for (let i = 0; i < length; ) {
      if (at === RATE) {
        permute(words, state.scratch);
        at = 0;
      }
      if (at % 4 === 0 && length - i >= 4) {
        const end = Math.min(RATE / 4, (at + length - i) >> 2);
        for (let k = at / 4; k < end; k++, i += 4) {
          (words[k] as number) ^=
            (bytes[i] as number) |
            ((bytes[i + 1] as number) << 8) |
            ((bytes[i + 2] as number) << 16) |
            ((bytes[i + 3] as number) << 24);
        }
        at = 4 * end;
      } else {
        (words[at >> 2] as number) ^= (bytes[i++] as number) << (8 * (at & 3));
        at++;
      }
    }
    this.#at = at;
  }
}
