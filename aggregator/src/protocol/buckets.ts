// Batch buckets (DAP-18, sections 4.5.4.3, 5.1 and 5.2) and their names: of a time interval the start in 8 bytes,
// big-endian; of a batch that the leader selects its id.

import type { Interval } from "prio/dap";
import type { BucketRange, TimeRange } from "../store/store.js";

/** The first time that is none: times are 64 bits. */
const END_OF_TIME = 2n ** 64n;

/** The bucket of a time. */
export function bucketOfTime(time: bigint): Uint8Array {
  const name = Buffer.alloc(8);
  name.writeBigUInt64BE(time);
  return name;
}

/** The bucket of a report: of its batch, if the leader selects batches. */
export function bucketOf(time: number, batch: Uint8Array | null): Uint8Array {
  return batch ?? bucketOfTime(BigInt(time));
}

/**
 * Whether an interval names buckets: it has a duration, and its end is a time. However long it is, nothing here goes
 * over its buckets one by one.
 */
export function isInterval({ start, duration }: Interval): boolean {
  return duration > 0n && start + duration < END_OF_TIME;
}

/** The buckets of such an interval. */
export function bucketsOfInterval({ start, duration }: Interval): BucketRange {
  return { from: bucketOfTime(start), to: bucketOfTime(start + duration) };
}

/** The one bucket of a batch: up to the next name in the order of bytes. */
export function bucketOfBatch(batch: Uint8Array): BucketRange {
  return { from: batch, to: Buffer.concat([batch, Buffer.of(0)]) };
}

/** The times of such an interval in which reports can be: those that the store keeps are safe integers. */
export function timesOfInterval({ start, duration }: Interval): TimeRange {
  return { from: safe(start), to: safe(start + duration) };
}

function safe(time: bigint): number {
  return Number(time > BigInt(Number.MAX_SAFE_INTEGER) ? BigInt(Number.MAX_SAFE_INTEGER) : time);
}

/** The range from the smallest to the largest time; null of none. */
export function timesOf(reports: readonly { readonly time: number }[]): TimeRange | null {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { time } of reports) {
    from = Math.min(from, time);
    to = Math.max(to, time + 1);
  }
  return reports.length === 0 ? null : { from, to };
}
