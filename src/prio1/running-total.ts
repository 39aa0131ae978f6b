// A server's running total of data shares, and what is published of it (WIRE.md section 2).

import { type Config, snipOf } from "./config.js";
import { integersOfBits } from "./integers.js";
import type { ServerShare } from "./server-share.js";
import type { Vector } from "./vector.js";

export class RunningTotal {
  readonly vector: Vector;
  /** The ids of the sessions that counted what is in the total. */
  readonly sessions: Set<string>;
  reports: number;

  constructor(vector: Vector, sessions: Iterable<string>, reports = 0) {
    this.vector = vector;
    this.sessions = new Set(sessions);
    this.reports = reports;
  }

  add(share: ServerShare): void {
    share.addTo(this.vector);
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
export function integersOfTotal(config: Config, total: Vector): Vector {
  const { precision } = config;
  if (precision === undefined) return total;
  const { space } = snipOf(config);
  return space.fromBigInts(integersOfBits(space.field, total.toBigInts(), precision));
}
