// A server's share of a report while its check goes on. A's came in its packet, and is there as a whole. B's is grown
// from a seed of 16 bytes when it is needed, first for the check and then for the total, and a long one in pieces: a
// packet of some 170 bytes must not hold megabytes at B until A answers.

import { type Config, snipOf } from "./config.js";
import { Prg } from "./prg.js";
import type { ProofShare, ReportShare, SeededShare } from "./share.js";
import type { Evaluated, QueryPoint } from "./snip.js";
import type { Vector } from "./vector.js";

/**
 * How many elements are grown at once, in 320 KB. Data of one piece are also kept from the check to the total: at
 * 10,000 fields, growing them again would make B an eighth slower.
 */
export const PIECE = 10240;

export class ServerShare {
  readonly #config: Config;
  readonly #share: ReportShare | SeededShare;
  /** B's data after the check, if they are short. */
  #grown: Vector | undefined;

  constructor(config: Config, share: ReportShare | SeededShare) {
    this.#config = config;
    this.#share = share;
  }

  get proof(): ProofShare {
    return this.#share;
  }

  /** The server's shares of f(r), g(r) and h(r). */
  evaluate(point: QueryPoint, isServerA: boolean): Evaluated {
    const share = this.#share;
    if (!("seed" in share)) return point.evaluate(share, isServerA);
    const { space, fields, size } = snipOf(this.#config);
    const { coefficients, h } = point.weights;
    const prg = Prg.fromSeed(this.#config, share.seed);
    let dataSum = 0n;
    this.#grow(prg, fields, (piece, offset) => {
      if (piece.length === fields) this.#grown = piece;
      dataSum = space.field.add(dataSum, piece.dot(coefficients, 1 + offset));
    });
    let hSum = 0n;
    this.#grow(prg, size, (piece, offset) => {
      hSum = space.field.add(hSum, piece.dot(h, offset));
    });
    return point.evaluateSums(share, dataSum, hSum, isServerA);
  }

  /** Adds the data to a total. */
  addTo(total: Vector): void {
    const share = this.#share;
    if (!("seed" in share)) {
      total.accumulate(share.data);
    } else if (this.#grown !== undefined) {
      total.accumulate(this.#grown);
    } else {
      const prg = Prg.fromSeed(this.#config, share.seed);
      this.#grow(prg, this.#config.fields, (piece, offset) => total.accumulateAt(piece, offset));
    }
  }

  /** Draws `length` elements and hands them out in pieces. A piece is there until the next one only. */
  #grow(prg: Prg, length: number, use: (piece: Vector, offset: number) => void): void {
    const { space } = snipOf(this.#config);
    let piece: Vector | undefined;
    for (let offset = 0; offset < length; offset += PIECE) {
      const count = Math.min(PIECE, length - offset);
      if (piece?.length !== count) piece = space.zeros(count);
      prg.fill(piece);
      use(piece, offset);
    }
  }
}
