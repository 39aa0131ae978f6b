// The replay record.

import { expect, test } from "vitest";
import { bytesOf, emptyStore, once, taskOf } from "./support.js";

const keysOf = (names: readonly (string | number)[], time = 1) => names.map((name) => ({ id: bytesOf(name), time }));

test("an id is added once, whatever its time, and those that were there are named", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  expect(await once(store, (tx) => tx.insertReplayKeys(task, keysOf(["a", "b", "c"])))).toEqual([]);
  const seen = await once(store, (tx) => tx.insertReplayKeys(task, keysOf(["c", "d", "a"], 9)));
  expect(seen).toEqual([bytesOf("c"), bytesOf("a")]);
  expect(await once(store, (tx) => tx.insertReplayKeys(task, keysOf(["d"])))).toEqual([bytesOf("d")]);
  expect(await once(store, (tx) => tx.insertReplayKeys(task, []))).toEqual([]);
});

test("an id that comes twice in one call is there the second time", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  expect(await once(store, (tx) => tx.insertReplayKeys(task, keysOf(["a", "b", "a"])))).toEqual([bytesOf("a")]);
});

test("tasks have records of their own", async () => {
  const store = await emptyStore();
  const [a, b] = [await taskOf(store, "a"), await taskOf(store, "b")];
  await once(store, (tx) => tx.insertReplayKeys(a, keysOf(["x"])));
  expect(await once(store, (tx) => tx.insertReplayKeys(b, keysOf(["x"])))).toEqual([]);
});

test("keys before a time are removed, up to a limit, the earliest first", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  await once(store, async (tx) => {
    for (let time = 0; time < 10; time++) await tx.insertReplayKeys(task, keysOf([time], time));
    await tx.insertReplayKeys(other, keysOf([0], 0));
  });
  expect(await once(store, (tx) => tx.removeReplayKeys(task, 5, 3))).toBe(3);
  expect(await once(store, (tx) => tx.removeReplayKeys(task, 5, 3))).toBe(2);
  expect(await once(store, (tx) => tx.removeReplayKeys(task, 5, 3))).toBe(0);
  // Under a later time, only what is still in the record is there.
  const kept = await once(store, (tx) => tx.insertReplayKeys(task, keysOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 5)));
  expect(kept).toEqual([5, 6, 7, 8, 9].map((time) => bytesOf(time)));
  expect(await once(store, (tx) => tx.insertReplayKeys(other, keysOf([0])))).toHaveLength(1);
});

test("what is older than anything that was removed is never added, whether it was there or not", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  await once(store, (tx) => tx.insertReplayKeys(task, keysOf(["old"], 3)));
  expect(await once(store, (tx) => tx.removeReplayKeys(task, 5, 0))).toBe(0);
  expect(await once(store, (tx) => tx.removeReplayKeys(task, 4, 10))).toBe(1);
  const seen = await once(store, (tx) =>
    tx.insertReplayKeys(task, [...keysOf(["old", "new"], 4), ...keysOf(["x"], 5)]),
  );
  expect(seen).toEqual([bytesOf("old"), bytesOf("new")]);
  expect(await once(store, (tx) => tx.insertReplayKeys(other, keysOf(["old"], 3)))).toEqual([]);
});
