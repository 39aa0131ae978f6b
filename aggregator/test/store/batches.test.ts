// Batches: partial aggregates, buckets that were collected, and batches that the leader fills.

import { expect, test } from "vitest";
import { bucketAt, bucketsIn, bytesOf, emptyStore, once, partialOf, taskOf } from "./support.js";

test("partials come back byte for byte, by bucket and job, from ≤ bucket < to", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  const [early, late] = [bytesOf(1), bytesOf(2)].sort(Buffer.compare) as [Uint8Array, Uint8Array];
  const of = (start: number, count: number) => ({ ...partialOf(bucketAt(start), count), share: bytesOf(count, 60) });
  await once(store, async (tx) => {
    await tx.insertPartials(task, late, [of(10, 1), of(11, 2)]);
    await tx.insertPartials(task, early, [of(11, 3), of(12, 4), of(255, 5), of(256, 6)]);
    await tx.insertPartials(other, early, [of(11, 7)]);
    await tx.insertPartials(task, bytesOf("nothing"), []);
  });
  const all = [
    { ...of(10, 1), job: late },
    { ...of(11, 3), job: early },
    { ...of(11, 2), job: late },
    { ...of(12, 4), job: early },
    { ...of(255, 5), job: early },
    { ...of(256, 6), job: early },
  ];
  expect(await once(store, (tx) => tx.partials(task, bucketsIn(10, 256)))).toEqual(all.slice(0, 5));
  const first = await once(store, (tx) => tx.partials(task, bucketsIn(11, 1000), { limit: 2 }));
  expect(first).toEqual(all.slice(1, 3));
  const rest = await once(store, (tx) => tx.partials(task, bucketsIn(11, 1000), { limit: 9, after: first[1] }));
  expect(rest).toEqual(all.slice(3));
  const counted = (from: number, to: number) => once(store, (tx) => tx.countAggregated(task, bucketsIn(from, to)));
  expect([await counted(10, 256), await counted(11, 12), await counted(300, 400)]).toEqual([15, 5, 0]);
  expect(await once(store, (tx) => tx.countAggregated(task, bucketsIn(11, 256)))).toBe(3 + 2 + 4 + 5);
  expect(await once(store, (tx) => tx.countAggregated(task, bucketsIn(500, 600)))).toBe(0);
  await once(store, (tx) => tx.removePartials(task, bucketsIn(11, 256)));
  expect(await once(store, (tx) => tx.partials(task, bucketsIn(0, 1000)))).toEqual([all[0], all[5]]);
  expect(await once(store, (tx) => tx.partials(other, bucketsIn(0, 1000)))).toHaveLength(1);
});

test("a job adds to a bucket once", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const insert = () => once(store, (tx) => tx.insertPartials(task, bytesOf("job"), [partialOf(bucketAt(1))]));
  await insert();
  await expect(insert()).rejects.toThrow();
  expect(await once(store, (tx) => tx.partials(task, bucketsIn(0, 9)))).toHaveLength(1);
});

test("a partial counts at least one report", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const insert = once(store, (tx) => tx.insertPartials(task, bytesOf("job"), [partialOf(bucketAt(1), 0)]));
  await expect(insert).rejects.toThrow();
});

test("buckets sum up their partials, the earliest first, without those that were collected", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await once(store, async (tx) => {
    await tx.insertPartials(task, bytesOf(1), [
      partialOf(bucketAt(7), 5, [70, 75]),
      partialOf(bucketAt(8), 1, [80, 81]),
    ]);
    await tx.insertPartials(task, bytesOf(2), [
      partialOf(bucketAt(7), 2, [72, 79]),
      partialOf(bucketAt(3), 4, [30, 31]),
    ]);
    await tx.insertPartials(task, bytesOf(3), [partialOf(bucketAt(9), 9, [90, 91])]);
    await tx.insertCollected(task, bucketsIn(8, 9), 5);
  });
  const expected = [
    { bucket: bucketAt(3), count: 4, jobs: 1, minTime: 30, maxTime: 31 },
    { bucket: bucketAt(7), count: 7, jobs: 2, minTime: 70, maxTime: 79 },
    { bucket: bucketAt(9), count: 9, jobs: 1, minTime: 90, maxTime: 91 },
  ];
  expect(await once(store, (tx) => tx.buckets(task, 10))).toEqual(expected);
  expect(await once(store, (tx) => tx.buckets(task, 2))).toEqual(expected.slice(0, 2));
});

test("collected ranges are known by each of their buckets, and by every range that touches them", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  await once(store, async (tx) => {
    await tx.insertCollected(task, bucketsIn(20, 30), 1);
    await tx.insertCollected(task, bucketsIn(5, 10), 1);
  });
  const among = await once(store, (tx) => tx.collectedAmong(task, [4, 5, 9, 10, 19, 20, 29, 30].map(bucketAt)));
  expect(among).toEqual([5, 9, 20, 29].map(bucketAt));
  expect(await once(store, (tx) => tx.collectedAmong(other, [bucketAt(5)]))).toEqual([]);
  const ranges: [number, number, boolean][] = [
    [0, 5, false],
    [0, 6, true],
    [9, 11, true],
    [10, 20, false],
    [0, 99, true],
    [22, 23, true],
    [30, 99, false],
  ];
  for (const [from, to, expected] of ranges) {
    expect(await once(store, (tx) => tx.isCollected(task, bucketsIn(from, to)))).toBe(expected);
  }
});

test("a range that overlaps a collected one is not collected", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const collect = (from: number, to: number) => once(store, (tx) => tx.insertCollected(task, bucketsIn(from, to), 1));
  await collect(10, 20);
  for (const [from, to] of [
    [10, 20],
    [0, 11],
    [19, 25],
    [12, 13],
    [0, 99],
  ] as const) {
    await expect(collect(from, to)).rejects.toThrow("collected before");
  }
  await collect(20, 25);
  await collect(0, 10);
});

test("the leader's batches are filled, drained and removed, the oldest first", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  const [a, b] = [bytesOf("a", 32), bytesOf("b", 32)];
  await once(store, async (tx) => {
    await tx.insertBatch(task, b, 7);
    await tx.insertBatch(task, a, 3);
    await tx.insertBatch(other, a, 1);
    await tx.addToBatch(task, a, 500);
    await tx.addToBatch(task, a, -3);
  });
  expect(await once(store, (tx) => tx.openBatches(task))).toEqual([
    { id: a, assigned: 497, createdAt: 3 },
    { id: b, assigned: 0, createdAt: 7 },
  ]);
  await once(store, (tx) => tx.removeBatch(task, a));
  expect((await once(store, (tx) => tx.openBatches(task))).map(({ id }) => id)).toEqual([b]);
  expect(await once(store, (tx) => tx.openBatches(other))).toHaveLength(1);
});
