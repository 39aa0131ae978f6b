// What a report is made of once it is shared between the two servers (WIRE.md section 2): the types alone, below everything
// that computes with them.

import type { Vector } from "../core/vector.js";

/** One of the two servers: A, which gets the long packets, and B, which gets the short ones. In messages 0 and 1. */
export type ServerId = "A" | "B";

/** A server's share of what a proof has besides the data, as scalars. h0 = f0·g0 and c = a·b when the client is honest. */
export interface ProofShare {
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
  readonly f0: bigint;
  readonly g0: bigint;
  readonly h0: bigint;
}

/** A server's share of a report. */
export interface ReportShare extends ProofShare {
  /** x_1 … x_n, length n. */
  readonly data: Vector;
  /** h at the odd 2N-th roots ω_2N^1, ω_2N^3, …, length N. */
  readonly h: Vector;
}

/** What the client sends to B in place of a {@link ReportShare}: the seed that B's shares of the data and of h grow from. */
export interface SeededShare extends ProofShare {
  /** 16 bytes. */
  readonly seed: Uint8Array;
}
