// A set of keys of a few 32-bit words each. The keys are in typed arrays, not in objects, and memory grows a little at
// a time: the set is made of hash tables of staggered sizes, which grow one after another and never all at once.

import type { RandomSource } from "./random.js";

/** A table grows by half when it is 85 % full, so a key takes 1.45 slots on average. */
const MAX_LOAD = 0.85;
const GROWTH = 1.5;
/** 2^6 tables. */
const TABLE_BITS = 6;
const FIRST_CAPACITY = 8;

/** An open-addressing table of `capacity` slots, of which `size` are taken. An all-zero slot is free. */
interface Table {
  slots: Uint32Array;
  capacity: number;
  size: number;
  /** The capacity before it was rounded up. The ratios between the tables' sizes stay the same as they grow. */
  unrounded: number;
}

export class KeySet {
  readonly #words: number;
  /** Secret odd numbers, so that nobody can choose keys that all hash to one slot. */
  readonly #multipliers: Uint32Array;
  readonly #tables: readonly Table[];
  /** Whether the all-zero key is in the set. In a table it would look like a free slot. */
  #hasZero = false;

  /** A set of keys of `words` 32-bit words. Draws 4·words bytes from `random`. */
  constructor(words: number, random: RandomSource) {
    this.#words = words;
    this.#multipliers = new Uint32Array(random(4 * words).slice().buffer).map((x) => x | 1);
    this.#tables = Array.from({ length: 2 ** TABLE_BITS }, (_, k) => {
      const unrounded = FIRST_CAPACITY * GROWTH ** (k / 2 ** TABLE_BITS);
      const capacity = Math.ceil(unrounded);
      return { slots: new Uint32Array(capacity * words), capacity, size: 0, unrounded };
    });
  }

  /** Adds a key of exactly `words` numbers in [0, 2^32). Returns false when it is already there. */
  add(key: ArrayLike<number>): boolean {
    return this.addAll([key]) < 0;
  }

  /**
   * Adds several different keys, or none of them when one is already there or there is no memory for them. Returns the
   * index of the first key that is already there, or −1 when all are new.
   */
  addAll(keys: readonly ArrayLike<number>[]): number {
    const known = keys.findIndex((key) => this.#has(key));
    if (known >= 0) return known;
    for (const key of keys) this.#makeRoom(this.#tableOf(this.#hash(key, 0)), keys.length);
    for (const key of keys) this.#put(key);
    return -1;
  }

  #has(key: ArrayLike<number>): boolean {
    if (isZero(key)) return this.#hasZero;
    const hash = this.#hash(key, 0);
    return this.#find(this.#tableOf(hash), hash, key, 0) >= 0;
  }

  /** Adds a key that is not there to a table that has room. */
  #put(key: ArrayLike<number>): void {
    if (isZero(key)) {
      this.#hasZero = true;
      return;
    }
    const hash = this.#hash(key, 0);
    const table = this.#tableOf(hash);
    this.#insert(table, hash, key, 0);
    table.size++;
  }

  #insert(table: Table, hash: number, keys: ArrayLike<number>, offset: number): void {
    const start = this.#words * (-1 - this.#find(table, hash, keys, offset));
    for (let k = 0; k < this.#words; k++) table.slots[start + k] = keys[offset + k] as number;
  }

  /** The slot of a key or, when it is not there, −1 − the free slot that it would take. */
  #find({ slots, capacity }: Table, hash: number, keys: ArrayLike<number>, offset: number): number {
    const words = this.#words;
    const first = Math.floor((((hash << TABLE_BITS) >>> 0) / 2 ** 32) * capacity);
    for (let slot = first; ; slot = slot + 1 === capacity ? 0 : slot + 1) {
      let free = true;
      let same = true;
      for (let k = 0; k < words; k++) {
        const word = slots[slot * words + k];
        free &&= word === 0;
        same &&= word === keys[offset + k];
      }
      if (same) return slot;
      if (free) return -1 - slot;
    }
  }

  #tableOf(hash: number): Table {
    return this.#tables[hash >>> (32 - TABLE_BITS)] as Table;
  }

  /** Grows a table until it takes `keys` more. */
  #makeRoom(table: Table, keys: number): void {
    while (table.size + keys > MAX_LOAD * table.capacity) this.#grow(table);
  }

  /** The upper bits choose the table, and the other bits choose the slot in it. */
  #hash(keys: ArrayLike<number>, offset: number): number {
    let hash = 0;
    for (let k = 0; k < this.#words; k++) {
      hash = (hash + Math.imul(keys[offset + k] as number, this.#multipliers[k] as number)) | 0;
    }
    return hash >>> 0;
  }

  #grow(table: Table): void {
    const words = this.#words;
    const { slots, capacity } = table;
    const unrounded = table.unrounded * GROWTH;
    // Nothing changes before the memory is allocated.
    table.slots = new Uint32Array(Math.ceil(unrounded) * words);
    table.unrounded = unrounded;
    table.capacity = Math.ceil(unrounded);
    for (let offset = 0; offset < capacity * words; offset += words) {
      let free = true;
      for (let k = 0; k < words; k++) free &&= slots[offset + k] === 0;
      if (!free) this.#insert(table, this.#hash(slots, offset), slots, offset);
    }
  }
}

/** Whether a key looks like a free slot. */
function isZero(key: ArrayLike<number>): boolean {
  return Array.prototype.every.call(key, (word) => word === 0);
}
