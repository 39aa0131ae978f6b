// A body that comes in pieces. Whoever sends it chooses them: one byte at a time, each piece would be an object of some
// 400 bytes, and a body of 16 MB would take 6 GB. So small pieces are copied together as they come.

/** Pieces from this size on are kept as they are. */
const LARGE = 4096;
/** Bytes of a block that small pieces are copied into: as many as there are already, in these bounds. */
const BLOCK = { least: 1024, most: 64 << 10 };

const NOTHING = Buffer.alloc(0);

export class Pieces {
  /** In their order; those of the block that are not in it yet come last. */
  #kept: Buffer[] = [];
  #block = NOTHING;
  /** Of the block, what is not among the kept ones, from and to. */
  #from = 0;
  #to = 0;
  #length = 0;

  /** Bytes of all pieces. */
  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    // Most bodies have one piece, or few.
    if (piece.length >= LARGE || this.#length === 0) {
      this.#keepBlock();
      this.#kept.push(piece);
    } else {
      for (let at = 0; at < piece.length; ) {
        if (this.#to === this.#block.length) this.#newBlock();
        const copied = piece.copy(this.#block, this.#to, at);
        this.#to += copied;
        at += copied;
      }
    }
    this.#length += piece.length;
  }

  /** All of them together. Nothing can be added afterwards. */
  join(): Buffer {
    this.#keepBlock();
    const [only] = this.#kept;
    return this.#kept.length === 1 && only !== undefined ? only : Buffer.concat(this.#kept, this.#length);
  }

  #keepBlock(): void {
    if (this.#to > this.#from) this.#kept.push(this.#block.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }

  #newBlock(): void {
    this.#keepBlock();
    this.#block = Buffer.allocUnsafeSlow(Math.min(BLOCK.most, Math.max(BLOCK.least, this.#length)));
    this.#from = 0;
    this.#to = 0;
  }
}
