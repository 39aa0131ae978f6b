// The arithmetic of a report's check, one server's half (WIRE.md section 2):
//
//   verify1   [d] = w·[f(r)] − [a], [e] = [g(r)] − [b]
//   verify2   [out] = d·e/2 + d·[b] + e·[a] + [c] − w·[h(r)]
//   check     out = w·(f(r)·g(r) − h(r)) + (c − a·b) = 0
//
// The weight w is 1 with libprio's points and r with ours (query-points.ts).

import { type BatchParameters, snipOf } from "./parameters.js";
import type { WeightedPoint } from "./query-points.js";
import type { ServerShare } from "./server-share.js";
import type { ServerId } from "./share.js";
import type { Verify1 } from "./wire.js";

/** What a server keeps of its share's proof after the first message. */
export interface Half {
  /** This server's first message. */
  readonly mine: Verify1;
  /** [a] and [b]. */
  readonly a: bigint;
  readonly b: bigint;
  /** [c] − w·[h(r)] */
  readonly rest: bigint;
}

/** Evaluates a server's share at a point. */
export function evaluate(
  batch: BatchParameters,
  id: ServerId,
  share: ServerShare,
  { point, weight }: WeightedPoint,
): Half {
  const { field } = snipOf(batch).space;
  const { f, g, h } = share.evaluate(point, id === "A");
  const { a, b, c } = share.proof;
  return {
    mine: { d: field.sub(field.mul(weight, f), a), e: field.sub(g, b) },
    a,
    b,
    rest: field.sub(c, field.mul(weight, h)),
  };
}

/** The server's [out], given the sums of both servers' first messages. */
export function outOf(batch: BatchParameters, { a, b, rest }: Half, { d, e }: Verify1): bigint {
  const { half, space } = snipOf(batch);
  // Each server adds half of d·e.
  return space.field.reduce(d * e * half + d * b + e * a + rest);
}

/** The sums of both servers' first messages: d and e. */
export function sumOfFirst(batch: BatchParameters, fromA: Verify1, fromB: Verify1): Verify1 {
  const { field } = snipOf(batch).space;
  return { d: field.add(fromA.d, fromB.d), e: field.add(fromA.e, fromB.e) };
}
