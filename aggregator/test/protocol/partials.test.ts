// A batch of many parts, merged.

import { expect, test } from "vitest";
import { bucketOfTime, bucketsOfInterval } from "../../src/protocol/buckets.js";
import { mergePartials } from "../../src/protocol/partials.js";
import { Pair } from "../support/pair.js";

test("a batch of many long shares is read a few at a time, and everything else has its turn between them", async () => {
  const pair = await Pair.make({ vdaf: { type: "Prio3Histogram", length: 50_000, chunkLength: 224 } });
  const { ctx, task } = pair.leader;
  const share = task.vdaf.aggregateInit().toBytes();
  const partial = { count: 2, checksum: new Uint8Array(32).fill(3), share, minTime: 7, maxTime: 8 };
  const partials = Array.from({ length: 23 }, (_, i) => ({ ...partial, bucket: bucketOfTime(BigInt(i)) }));
  await ctx.store.run("test", (tx) => tx.insertPartials(1, new Uint8Array(16), partials));
  let [turns, isOver] = [0, false];
  const others = (): void => {
    turns++;
    if (!isOver) setImmediate(others);
  };
  const pages: number[] = [];
  const merged = await ctx.store.run("test", (tx) => {
    turns = 0;
    setImmediate(others);
    const read: typeof tx.partials = async (...args) => {
      const page = await tx.partials(...args);
      pages.push(page.length);
      return page;
    };
    return mergePartials({ ...tx, partials: read }, 1, task.vdaf, bucketsOfInterval({ start: 0n, duration: 100n }));
  });
  isOver = true;
  expect(merged).toMatchObject({ count: 46, checksum: new Uint8Array(32).fill(3), minTime: 7, maxTime: 8 });
  // Of 800 KB each.
  expect(pages).toEqual([5, 5, 5, 5, 3]);
  expect(turns).toBeGreaterThanOrEqual(4);
});
