// A server's running total of data shares, and what is published of it (WIRE.md section 2).

import type { Bytes } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { DataShare } from "./data-share.js";
import { integersOfBits } from "./integers.js";
import { type BatchParameters, snipOf } from "./parameters.js";
import type { Vector } from "./vector.js";

export class RunningTotal {
  readonly #vector: Vector;
  /** The ids of the sessions that counted what is in the total. */
  readonly sessions: Set<string>;
  reports: number;
  /**
   * The total share with noise, once there is one. From then on it is all that leaves: the total itself, a second draw
   * of noise or a total of some more reports beside it would tell what the noise hides.
   */
  noisyShare: Bytes | undefined;

  constructor(vector: Vector, sessions: Iterable<string>, reports = 0) {
    this.#vector = vector;
    this.sessions = new Set(sessions);
    this.reports = reports;
  }

  /** For everything that reads the total or adds to it. Throws `wrong-state` if there is a share with noise. */
  get vector(): Vector {
    if (this.noisyShare === undefined) return this.#vector;
    throw new PrioError("wrong-state", "server: expected a session that has given no total share with noise");
  }

  add(data: DataShare): void {
    data.addTo(this.vector);
    this.reports++;
  }

  /** Whether a session counted a part of this total and of `other`. Their sum would count its reports twice. */
  overlaps(other: RunningTotal): boolean {
    for (const session of other.sessions) if (this.sessions.has(session)) return true;
    return false;
  }

  merge(other: RunningTotal): void {
    this.vector.accumulate(other.vector);
    this.reports += other.reports;
    for (const session of other.sessions) this.sessions.add(session);
  }
}

/** What is published of a total of bits: the total itself for booleans, the sums of the count integers for integers. */
export function integersOfTotal(config: BatchParameters, total: Vector): Vector {
  const { precision } = config;
  if (precision === undefined) return total;
  const { space } = snipOf(config);
  return space.fromBigInts(integersOfBits(space.field, total.toBigInts(), precision));
}
