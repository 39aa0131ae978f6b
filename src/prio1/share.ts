// The types of a report's shares (WIRE.md section 2), below everything that computes with them.

import type { Vector } from "./vector.js";

/**
 * One of the two servers: A, which receives the long packets, or B, which receives the short ones. In messages 0 and
 * 1.
 */
export type ServerId = "A" | "B";

/** A server's share of the six scalars of a proof. If the client is honest, h0 = f0·g0 and c = a·b. */
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

/**
 * What the client sends to B instead of a {@link ReportShare}: the seed that B's shares of the data and of h are
 * expanded from.
 */
export interface SeededShare extends ProofShare {
  /** 16 bytes. */
  readonly seed: Uint8Array;
}
