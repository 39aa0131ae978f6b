// Where a file's rows are, by the hashes of their ids, in memory that grows by bytes and not by objects.

const MAX_LOAD = 0.8;

/** From hashes of 32 bits to offsets below 2^40 − 1, for a number of entries known before: 11 bytes an entry. */
export class OffsetIndex {
  readonly #capacity: number;
  readonly #hashes: Uint32Array;
  /** Offset + 1, so that 0 is a free slot, in 32 and 8 bits. */
  readonly #low: Uint32Array;
  readonly #high: Uint8Array;

  constructor(entries: number) {
    this.#capacity = Math.ceil(entries / MAX_LOAD) + 1;
    this.#hashes = new Uint32Array(this.#capacity);
    this.#low = new Uint32Array(this.#capacity);
    this.#high = new Uint8Array(this.#capacity);
  }

  add(hash: number, offset: number): void {
    let slot = slotOf(hash, this.#capacity);
    while (this.#at(slot) >= 0) slot = slot + 1 === this.#capacity ? 0 : slot + 1;
    this.#hashes[slot] = hash;
    this.#low[slot] = (offset + 1) >>> 0;
    this.#high[slot] = Math.floor((offset + 1) / 2 ** 32);
  }

  /** The offsets that were added under this hash, the first one first. */
  *offsets(hash: number): Generator<number> {
    for (let slot = slotOf(hash, this.#capacity); ; slot = slot + 1 === this.#capacity ? 0 : slot + 1) {
      const offset = this.#at(slot);
      if (offset < 0) return;
      if (this.#hashes[slot] === hash) yield offset;
    }
  }

  /** −1 for a free slot. */
  #at(slot: number): number {
    return (this.#high[slot] as number) * 2 ** 32 + (this.#low[slot] as number) - 1;
  }
}

/** Spreads evenly distributed 32-bit words over the slots. */
function slotOf(word: number, capacity: number): number {
  return Math.floor((word / 2 ** 32) * capacity);
}
