// A run that watches: it takes up days as they come, looks after the days before, and ends by its signal.

import { afterEach, expect, test } from "vitest";
import { type Clock, systemClock } from "../../src/process/clock.js";
import { type DayResult, watchDays } from "../../src/process/run.js";
import { openStores } from "../../src/process/side-stores.js";
import { Deployment, SIDES } from "./deployment.js";

let deployment: Deployment;
afterEach(() => deployment.remove());

/** A clock that stands still, but for what the test lets pass: whoever waits looks again a few milliseconds later. */
function standing(): Clock & { set: (date: string) => void } {
  let [now, time] = [0, Date.parse("2026-03-01T12:00:00Z")];
  return {
    now: () => now,
    date: () => new Date(time),
    sleep: (_milliseconds, signal) => systemClock.sleep(5, signal),
    set: (date) => {
      now += Date.parse(date) - time;
      time = Date.parse(date);
    },
  };
}

test("each day is published when its shares come, and a day without shares keeps none waiting", async () => {
  const d = new Deployment([{ batch_id: "visits", n_data: 3 }]);
  deployment = d;
  // Yesterday was not processed, today is, and tomorrow comes; the day before yesterday has no shares.
  const days = ["2026-02-28", "2026-03-01", "2026-03-02"];
  for (const [i, date] of days.entries()) {
    d.date = date;
    d.share({ visits: [[[1, 0, i === 0 ? 1 : 0]]] });
  }
  const stop = new AbortController();
  const results = { A: new Map<string, DayResult>(), B: new Map<string, DayResult>() };
  const isPublished = ({ batches }: DayResult) => batches.every(({ state }) => state === "published");
  const clock = standing();
  const watching = SIDES.map((side) => {
    const config = d.config(side, { config: { deadline: 360_000 } });
    return watchDays(
      {
        config,
        stores: openStores(config, {}, () => undefined),
        keys: { privateKeys: [d.keys[side].privateKey.toHex()], secret: d.secret },
        env: {},
        clock,
        signal: stop.signal,
        version: "1.2.3",
        onEvent: () => undefined,
        onProgress: () => undefined,
      },
      (result) => {
        if (isPublished(result)) results[side].set(result.date, result);
        const isDone = (some: readonly string[]) => SIDES.every((id) => some.every((date) => results[id].has(date)));
        if (isDone(days)) stop.abort(new Error("enough"));
        else if (isDone(days.slice(0, 2))) clock.set("2026-03-02T00:00:01Z");
      },
    );
  });
  for (const ended of await Promise.allSettled(watching)) {
    expect(ended).toMatchObject({ status: "rejected", reason: { message: "enough" } });
  }
  for (const date of days) {
    d.date = date;
    const payload = [1, 0, date === "2026-02-28" ? 1 : 0];
    for (const side of SIDES) expect(d.published(side)["batch_id=visits"], date).toMatchObject({ payload, total: 1 });
  }
  // The locks are given back.
  expect(Object.keys(d.files("A", "private")).filter((name) => name.includes("_locks"))).toEqual([]);
});
