// The digest of a set of reports, whatever their order and whichever parts they are in: the sum modulo 2^256 of a keyed
// hash of each. Two servers compare what they counted by it. Clients choose ids but do not know the key, so they cannot
// make two sets that differ and have one digest.

import { hash } from "node:crypto";

const BYTES = 32;
const WORDS = 8;

/** Adds reports up to a digest. Each is given by the replay key of its id, which both servers compute alike. */
export class ReportSet {
  /** How many reports there are. */
  count = 0;
  readonly #input: Buffer;
  /** The sum, little-endian. */
  readonly #sum = new Uint32Array(WORDS);

  constructor(key: Uint8Array) {
    this.#input = Buffer.concat([key, Buffer.alloc(BYTES)]);
  }

  /** `id` has 32 bytes. */
  add(id: Uint8Array): void {
    this.#input.set(id, this.#input.length - BYTES);
    const digest = hash("sha256", this.#input, "buffer");
    let carry = 0;
    for (let i = 0; i < WORDS; i++) {
      const word = (this.#sum[i] as number) + digest.readUInt32LE(4 * i) + carry;
      this.#sum[i] = word;
      carry = word > 0xffffffff ? 1 : 0;
    }
    this.count++;
  }

  /** 64 hex digits. */
  digest(): string {
    return Array.from(this.#sum, (word) => word.toString(16).padStart(8, "0")).join("");
  }
}
