// What a job adds to each batch bucket, and what a batch is together (DAP-18, sections 4.5.4.3 and 4.6.4): the number
// of reports, the checksum of their ids, and the aggregate share.

import type { AggregateShare, OutputShare, Vdaf } from "prio/prio3";
import type { BucketRange, PartialAggregate, StoredPartial, Transaction } from "../store/store.js";
import { bucketOf } from "./buckets.js";
import { sha256 } from "./bytes.js";
import { turn } from "./slices.js";

const CHECKSUM_SIZE = 32;
/** Partials that are read at a time, at most, and the bytes of their shares. */
const PAGE = 256;
const PAGE_BYTES = 4 << 20;

/** A verified report. */
export interface Verified {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly time: number;
  readonly output: OutputShare;
}

/**
 * Adds up verified reports by their buckets. Each output share can be added once, so this is called once for each
 * report, and the result is kept where a transaction is tried again.
 */
export function partialsOf(
  vdaf: Vdaf<unknown, unknown>,
  batch: Uint8Array | null,
  reports: readonly Verified[],
): PartialAggregate[] {
  const sums = new Map<number, { checksum: Uint8Array; share: AggregateShare; minTime: number; maxTime: number }>();
  for (const { id, time, output } of reports) {
    // A batch that the leader selects is one bucket, whatever the times.
    const key = batch === null ? time : 0;
    let sum = sums.get(key);
    if (sum === undefined) {
      sum = { checksum: new Uint8Array(CHECKSUM_SIZE), share: vdaf.aggregateInit(), minTime: time, maxTime: time };
      sums.set(key, sum);
    }
    xorInto(sum.checksum, sha256(id));
    sum.share.add(output);
    sum.minTime = Math.min(sum.minTime, time);
    sum.maxTime = Math.max(sum.maxTime, time);
  }
  return [...sums.values()].map(({ checksum, share, minTime, maxTime }) => ({
    bucket: bucketOf(minTime, batch),
    count: share.count,
    checksum,
    share: share.toBytes(),
    minTime,
    maxTime,
  }));
}

/** A batch, all of its buckets together. */
export interface BatchAggregate {
  readonly count: number;
  /** 32 bytes. */
  readonly checksum: Uint8Array;
  readonly share: AggregateShare;
  /** The smallest and the largest time of its reports; both 0 without reports. */
  readonly minTime: number;
  readonly maxTime: number;
}

/**
 * Merges what jobs added to a range of buckets. A month of minutes is thousands of partials, whose shares may be long:
 * everything else has its turn after each few of them.
 */
export async function mergePartials(
  tx: Transaction,
  task: number,
  vdaf: Vdaf<unknown, unknown>,
  range: BucketRange,
): Promise<BatchAggregate> {
  const checksum = new Uint8Array(CHECKSUM_SIZE);
  const share = vdaf.aggregateInit();
  const limit = Math.max(1, Math.min(PAGE, Math.floor(PAGE_BYTES / share.toBytes().length)));
  let [minTime, maxTime] = [Number.POSITIVE_INFINITY, 0];
  for (let last: StoredPartial | undefined; ; ) {
    const page = await tx.partials(task, range, { limit, after: last });
    for (const partial of page) {
      xorInto(checksum, partial.checksum);
      share.merge(vdaf.readAggregateShare(partial.share, partial.count));
      minTime = Math.min(minTime, partial.minTime);
      maxTime = Math.max(maxTime, partial.maxTime);
    }
    if (page.length < limit) break;
    last = page.at(-1);
    await turn();
  }
  return { count: share.count, checksum, share, minTime: share.count === 0 ? 0 : minTime, maxTime };
}

function xorInto(sum: Uint8Array, other: Uint8Array): void {
  for (let i = 0; i < CHECKSUM_SIZE; i++) sum[i] = (sum[i] as number) ^ (other[i] as number);
}
