// A server's running total of data shares, and what is published of it (WIRE.md section 2).

import { type Config, snipOf } from "./config.js";
import { integersOfBits } from "./integers.js";
import type { Vector } from "./vector.js";

export class RunningTotal {
  readonly vector: Vector;
  reports = 0;

  constructor(vector: Vector) {
    this.vector = vector;
  }

  add(data: Vector): void {
    this.vector.accumulate(data);
    this.reports++;
  }

  merge(other: RunningTotal): void {
    this.vector.accumulate(other.vector);
    this.reports += other.reports;
  }
}

/** What is published of a total of bits: the total itself for booleans, the sums of the count integers for integers. */
export function publishedTotals(config: Config, total: Vector): Vector {
  const { precision } = config;
  if (precision === undefined) return total;
  const { space } = snipOf(config);
  return space.fromBigInts(integersOfBits(space.field, total.toBigInts(), precision));
}
