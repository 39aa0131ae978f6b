// A server's share of a report's data until it is counted. A's came in its packet, and is there as a whole. B's is
// grown from a seed of 16 bytes when it is needed, first for the check and then for the total, and a long one in
// pieces: a packet of some 170 bytes must not hold megabytes at B until A answers.

import { type BatchParameters, snipOf } from "./parameters.js";
import { Prg } from "./prg.js";
import type { Vector } from "./vector.js";

/**
 * How many elements are grown at once, in 320 KB. Data of one piece are also kept from the check to the total: at
 * 10,000 fields, growing them again would make B an eighth slower.
 */
export const PIECE = 10240;

export class DataShare {
  readonly #batch: BatchParameters;
  /** A's n elements, or the 16-byte key of the generator whose first n draws are B's. */
  readonly source: Vector | Uint8Array;
  /** B's data after the check, if they are short. */
  #grown: Vector | undefined;

  constructor(batch: BatchParameters, source: Vector | Uint8Array) {
    this.#batch = batch;
    this.source = source;
  }

  /** Adds the data to a total. */
  addTo(total: Vector): void {
    const data = this.#grown ?? this.source;
    if (!(data instanceof Uint8Array)) total.accumulate(data);
    else drawPieces(this.#batch, Prg.fromKey(data), this.#batch.fields, (piece, at) => total.accumulateAt(piece, at));
  }

  /** Keeps B's data if a piece that was drawn for the check is all of them. */
  keep(piece: Vector): void {
    if (piece.length === this.#batch.fields) this.#grown = piece;
  }
}

/** Draws `length` elements and hands them out in pieces. A piece is there until the next one only. */
export function drawPieces(
  batch: BatchParameters,
  prg: Prg,
  length: number,
  use: (piece: Vector, offset: number) => void,
): void {
  const { space } = snipOf(batch);
  let piece: Vector | undefined;
  for (let offset = 0; offset < length; offset += PIECE) {
    const count = Math.min(PIECE, length - offset);
    if (piece?.length !== count) piece = space.zeros(count);
    prg.fill(piece);
    use(piece, offset);
  }
}
