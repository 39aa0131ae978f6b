// Two workers that have one job, because the first one took longer than its lease.

import { expect, test } from "vitest";
import type { PeerResponse } from "../../src/jobs/peer.js";
import { Pair, respond } from "../support/pair.js";

const signal = new AbortController().signal;
/** Seconds: longer than a lease. */
const LONG = 130;

test("what a worker keeps of a request that another has gone on from is not used", async () => {
  const pair = await Pair.make({ vdaf: { type: "Prio1", fields: 2 }, helperMode: "async", minBatchSize: 1 });
  const [helper, leader] = [pair.peer, () => pair.driver("leader")];
  await pair.upload(pair.report([1, 0]), pair.report([1, 1]));
  pair.now += 20;
  await leader().create();
  const step = async (driver = leader()): Promise<void> => {
    for (const job of await driver.acquire(1)) await driver.step(job, signal);
  };
  pair.peer = { send: () => Promise.resolve(respond(503)) };
  await step();
  expect(await pair.states("leader", "aggregate")).toEqual({ requested: 1 });

  // The first worker's request is on its way for a long time.
  pair.now += LONG;
  let answerFirst: (() => void) | undefined;
  pair.peer = {
    send: (...request) =>
      new Promise<PeerResponse>((resolve) => {
        answerFirst = () => void helper.send(...request).then(resolve);
      }),
  };
  const first = step();
  await expect.poll(() => answerFirst).toBeDefined();

  // Meanwhile the second one gets as far as the continuation, which the helper has not worked on.
  pair.now += LONG;
  pair.peer = helper;
  await step();
  for (const job of await pair.driver("helper").acquire(1)) await pair.driver("helper").step(job, signal);
  pair.now += LONG;
  await step();
  expect(await pair.states("leader", "aggregate")).toEqual({ continuing: 1 });
  expect(await pair.states("helper", "verify")).toEqual({ continued: 1 });

  // The first request arrives, and the helper says that it is not ready: of the step that it is at.
  answerFirst?.();
  await first;
  const { count, result } = await pair.collect();
  expect(count).toBe(2);
  expect(result).toEqual([2n, 1n]);
  expect(await pair.counters("leader")).not.toHaveProperty("abandoned");
});
