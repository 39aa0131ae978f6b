// The entries of a replay record, and those that are still in memory. An entry is eight 32-bit words:
//
//   key      3 words   a keyed hash of a report key or a packet key; evenly distributed; nobody outside can aim at one
//   content  2 words   what the key stands for: the packet and point of a report, or the report of a packet
//   answer   2 words   a keyed hash of what was answered; zero until then
//   run      1 word    the last run that met the key, counted from 1
//
// Entries are only ever replaced by newer ones of the same key.

export const KEY_WORDS = 3;
export const CONTENT_WORDS = 2;
/** Where an entry's parts begin. */
export const CONTENT = 3;
export const ANSWER = 5;
export const RUN = 7;
export const ENTRY_WORDS = 8;
export const ENTRY_BYTES: number = 4 * ENTRY_WORDS;

/** Below, at or above 0 as the key at `i` of `a` comes before, is the same as or comes after the key at `j` of `b`. */
export function compareKeys(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  for (let k = 0; k < KEY_WORDS; k++) {
    const difference = (a[i + k] as number) - (b[j + k] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

const FIRST_CAPACITY = 64;
/** A table doubles when three quarters of its slots are taken. */
const MAX_LOAD = 0.75;

/**
 * Entries in memory: an open-addressing hash table that uses the beginning of a key as its hash, so that its slots are
 * almost in the order of the keys, and sorting costs one pass.
 */
export class EntryTable {
  /** 32 bytes a slot; a slot whose run is 0 is free. */
  #slots = new Uint32Array(FIRST_CAPACITY * ENTRY_WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** A copy of the entry of this key, or undefined. */
  find(key: Uint32Array): Uint32Array | undefined {
    const at = this.#slotOf(key, 0);
    return this.#slots[at + RUN] === 0 ? undefined : this.#slots.slice(at, at + ENTRY_WORDS);
  }

  /** Adds an entry, or replaces the one of the same key. */
  put(entry: Uint32Array): void {
    if ((this.#size + 1) * ENTRY_WORDS > MAX_LOAD * this.#slots.length) this.#grow();
    const at = this.#slotOf(entry, 0);
    if (this.#slots[at + RUN] === 0) this.#size++;
    this.#slots.set(entry, at);
  }

  clear(): void {
    this.#slots = new Uint32Array(FIRST_CAPACITY * ENTRY_WORDS);
    this.#size = 0;
  }

  /** All entries, one after the other, in the order of their keys. */
  sorted(): Uint32Array {
    const sorted = new Uint32Array(this.#size * ENTRY_WORDS);
    let end = 0;
    for (let at = 0; at < this.#slots.length; at += ENTRY_WORDS) {
      if (this.#slots[at + RUN] === 0) continue;
      // Collisions move an entry by a few slots (by more at the two ends of the table), so few have to make room.
      let place = end;
      while (place > 0 && compareKeys(sorted, place - ENTRY_WORDS, this.#slots, at) > 0) place -= ENTRY_WORDS;
      sorted.copyWithin(place + ENTRY_WORDS, place, end);
      sorted.set(this.#slots.subarray(at, at + ENTRY_WORDS), place);
      end += ENTRY_WORDS;
    }
    return sorted;
  }

  /** Where the entry of the key at `i` of `words` is, or the free slot where it belongs. */
  #slotOf(words: Uint32Array, i: number): number {
    const slots = this.#slots;
    const capacity = slots.length / ENTRY_WORDS;
    let at = ENTRY_WORDS * Math.floor(((words[i] as number) / 2 ** 32) * capacity);
    while (slots[at + RUN] !== 0 && compareKeys(slots, at, words, i) !== 0) {
      at = at + ENTRY_WORDS === slots.length ? 0 : at + ENTRY_WORDS;
    }
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let at = 0; at < old.length; at += ENTRY_WORDS) {
      if (old[at + RUN] === 0) continue;
      this.#slots.set(old.subarray(at, at + ENTRY_WORDS), this.#slotOf(old, at));
    }
  }
}
