// A server's share of a report while its check goes on: the scalars of the proof, the data, and the values of h, which
// are A's alone; B draws its own after its data.

import { DataShare, drawPieces } from "./data-share.js";
import { type BatchParameters, snipOf } from "./parameters.js";
import { keyOfSeed, Prg } from "./prg.js";
import type { ProofShare, ReportShare, SeededShare } from "./share.js";
import type { Evaluated, QueryPoint } from "./snip.js";

export class ServerShare {
  readonly #batch: BatchParameters;
  readonly #share: ReportShare | SeededShare;
  /** What is left of the share after the check. */
  readonly data: DataShare;

  constructor(batch: BatchParameters, share: ReportShare | SeededShare) {
    this.#batch = batch;
    this.#share = share;
    this.data = new DataShare(batch, "seed" in share ? keyOfSeed(batch, share.seed) : share.data);
  }

  get proof(): ProofShare {
    return this.#share;
  }

  /** The server's shares of f(r), g(r) and h(r). */
  evaluate(point: QueryPoint, isServerA: boolean): Evaluated {
    const share = this.#share;
    if (!("seed" in share)) return point.evaluate(share, isServerA);
    const { field } = snipOf(this.#batch).space;
    const { fields, size } = snipOf(this.#batch);
    const { coefficients, h } = point.weights;
    const prg = Prg.fromKey(this.data.source as Uint8Array);
    let [dataSum, hSum] = [0n, 0n];
    drawPieces(this.#batch, prg, fields, (piece, at) => {
      this.data.keep(piece);
      dataSum = field.add(dataSum, piece.dot(coefficients, 1 + at));
    });
    drawPieces(this.#batch, prg, size, (piece, at) => {
      hSum = field.add(hSum, piece.dot(h, at));
    });
    return point.evaluateSums(share, dataSum, hSum, isServerA);
  }
}
