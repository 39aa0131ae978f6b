// An index from fingerprints to offsets in a file, compact enough for millions of rows: 16 bytes for each.

const MAX_LOAD = 0.8;

/** A hash table of known size, from 64-bit fingerprints to offsets below MAX_OFFSET. */
export class OffsetIndex {
  static readonly MAX_OFFSET = 2 ** 40 - 1;
  readonly #entries: number;
  readonly #capacity: number;
  readonly #words: readonly [Uint32Array, Uint32Array];
  // The offset plus 1, in 32 and 8 bits; 0 is a free slot.
  readonly #low: Uint32Array;
  readonly #high: Uint8Array;
  #size = 0;

  /** For at most `entries` fingerprints. */
  constructor(entries: number) {
    this.#entries = entries;
    this.#capacity = Math.ceil(entries / MAX_LOAD) + 1;
    this.#words = [new Uint32Array(this.#capacity), new Uint32Array(this.#capacity)];
    this.#low = new Uint32Array(this.#capacity);
    this.#high = new Uint8Array(this.#capacity);
  }

  /**
   * Adds a fingerprint of two evenly distributed 32-bit words. Of offsets with one fingerprint, only the first is
   * kept: so no number of equal rows makes it slow. Returns false when it was full.
   */
  add(words: readonly [number, number], offset: number): boolean {
    const slot = this.#find(words);
    if (this.#at(slot) >= 0) return true;
    if (this.#size === this.#entries) return false;
    this.#size++;
    for (const i of [0, 1] as const) this.#words[i][slot] = words[i];
    this.#low[slot] = (offset + 1) >>> 0;
    this.#high[slot] = Math.floor((offset + 1) / 2 ** 32);
    return true;
  }

  /** The first offset that was added under a fingerprint, or undefined. */
  get(words: readonly [number, number]): number | undefined {
    const offset = this.#at(this.#find(words));
    return offset < 0 ? undefined : offset;
  }

  /** The slot of a fingerprint, or the free one where it would be. */
  #find([first, second]: readonly [number, number]): number {
    let slot = Math.floor((first / 2 ** 32) * this.#capacity);
    while (this.#at(slot) >= 0 && (this.#words[0][slot] !== first || this.#words[1][slot] !== second)) {
      slot = slot + 1 === this.#capacity ? 0 : slot + 1;
    }
    return slot;
  }

  /** The offset in a slot, or −1 when it is free. */
  #at(slot: number): number {
    return (this.#high[slot] as number) * 2 ** 32 + (this.#low[slot] as number) - 1;
  }
}
