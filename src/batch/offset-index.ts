// An index from hashes to offsets in a file, compact enough for millions of rows: 11 bytes for each.

const MAX_LOAD = 0.8;

/** A hash table of known size, from 32-bit hashes to offsets below 2^40 − 1. */
export class OffsetIndex {
  readonly #capacity: number;
  readonly #hashes: Uint32Array;
  // The offset plus 1, in 32 and 8 bits; 0 is a free slot.
  readonly #low: Uint32Array;
  readonly #high: Uint8Array;

  /** For at most `entries` offsets. */
  constructor(entries: number) {
    this.#capacity = Math.ceil(entries / MAX_LOAD) + 1;
    this.#hashes = new Uint32Array(this.#capacity);
    this.#low = new Uint32Array(this.#capacity);
    this.#high = new Uint8Array(this.#capacity);
  }

  /** Adds one of the `entries` of the constructor. */
  add(hash: number, offset: number): void {
    let slot = slotOf(hash, this.#capacity);
    while (this.#at(slot) >= 0) slot = slot + 1 === this.#capacity ? 0 : slot + 1;
    this.#hashes[slot] = hash;
    this.#low[slot] = (offset + 1) >>> 0;
    this.#high[slot] = Math.floor((offset + 1) / 2 ** 32);
  }

  /** The offsets that were added under a hash, in that order. */
  *offsets(hash: number): Generator<number> {
    for (let slot = slotOf(hash, this.#capacity); ; slot = slot + 1 === this.#capacity ? 0 : slot + 1) {
      const offset = this.#at(slot);
      if (offset < 0) return;
      if (this.#hashes[slot] === hash) yield offset;
    }
  }

  /** The offset in a slot, or −1 when it is free. */
  #at(slot: number): number {
    return (this.#high[slot] as number) * 2 ** 32 + (this.#low[slot] as number) - 1;
  }
}

/** Maps evenly distributed 32-bit words evenly to slots. */
function slotOf(word: number, capacity: number): number {
  return Math.floor((word / 2 ** 32) * capacity);
}
