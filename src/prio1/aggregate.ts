// A server's running total of data shares, and what it says of it in the end (WIRE.md section 2).

import type { Vector } from "../core/vector.js";
import type { Config } from "./config.js";

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

/** What is published of a total of bits: itself for booleans, count elements for integers. */
export function publishedTotals(config: Config, total: Vector): Vector {
  const { count, precision } = config;
  if (count === undefined || precision === undefined) return total;
  const { field } = config.snip.space;
  const bits = total.toBigInts();
  const integers: bigint[] = [];
  for (let i = 0; i < count; i++) {
    // Horner's rule: the most significant bit comes first.
    const own = bits.slice(i * precision, (i + 1) * precision);
    integers.push(own.reduce((sum, bit) => field.add(field.add(sum, sum), bit), 0n));
  }
  return config.snip.space.fromBigInts(integers);
}
