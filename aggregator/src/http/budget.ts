// A bound on what waits, in bytes and in number, so that a crowd gets "come later" and not the process's whole memory.

export class Budget {
  readonly #maxBytes: number;
  readonly #maxCount: number;
  #bytes = 0;
  #count = 0;

  constructor(maxBytes: number, maxCount: number) {
    this.#maxBytes = maxBytes;
    this.#maxCount = maxCount;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** Whether nothing more is let in. */
  get isFull(): boolean {
    return this.#bytes >= this.#maxBytes || this.#count >= this.#maxCount;
  }

  /** Takes room, and says whether there was any. One thing may exceed the bound, or a large one would never get in. */
  take(bytes: number, count: number): boolean {
    if (this.isFull) return false;
    this.#bytes += bytes;
    this.#count += count;
    return true;
  }

  give(bytes: number, count: number): void {
    this.#bytes -= bytes;
    this.#count -= count;
  }
}
