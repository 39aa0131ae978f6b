// Tasks and HPKE keys.

import { expect, test } from "vitest";
import { bytesOf, emptyStore, newTask, once } from "./support.js";

test("a task is read as it was written, and its key is not that of another", async () => {
  const store = await emptyStore();
  const keys = await once(store, async (tx) => [
    await tx.insertTask(newTask("a")),
    await tx.insertTask({ ...newTask("b"), role: "helper", document: '{"name": "ü\u{1f642}"}' }),
  ]);
  const tasks = await once(store, (tx) => tx.tasks());
  expect(tasks).toEqual([
    { ...newTask("a"), key: keys[0] },
    { ...newTask("b"), key: keys[1], role: "helper", document: '{"name": "ü\u{1f642}"}' },
  ]);
  expect(keys[0]).not.toBe(keys[1]);
  expect(Object.getPrototypeOf(tasks[0]?.id)).toBe(Uint8Array.prototype);
});

test("a second task of the same id is refused, and the first stays as it is", async () => {
  const store = await emptyStore();
  await once(store, (tx) => tx.insertTask(newTask("a")));
  expect(await once(store, (tx) => tx.insertTask({ ...newTask("a"), settings: "other" }))).toBeNull();
  expect((await once(store, (tx) => tx.tasks())).map(({ settings }) => settings)).toEqual(["{}"]);
});

test("a change of a task changes what it names alone", async () => {
  const store = await emptyStore();
  const [a, b] = await once(store, async (tx) => [
    await tx.insertTask(newTask("a")),
    await tx.insertTask(newTask("b")),
  ]);
  await once(store, (tx) => tx.updateTask(Number(a), { state: "paused" }));
  await once(store, (tx) => tx.updateTask(Number(a), { settings: "new", secrets: bytesOf("new") }));
  await once(store, (tx) => tx.updateTask(Number(a), {}));
  expect(await once(store, (tx) => tx.tasks())).toEqual([
    { ...newTask("a"), key: a, state: "paused", settings: "new", secrets: bytesOf("new") },
    { ...newTask("b"), key: b },
  ]);
});

test("HPKE keys are inserted once, change their state, and are removed", async () => {
  const store = await emptyStore();
  const key = { id: 255, state: "pending", sealed: bytesOf("sealed"), createdAt: 5, changedAt: 5 } as const;
  expect(await once(store, (tx) => tx.insertHpkeKey(key))).toBe(true);
  expect(await once(store, (tx) => tx.insertHpkeKey({ ...key, sealed: bytesOf("other") }))).toBe(false);
  expect(await once(store, (tx) => tx.insertHpkeKey({ ...key, id: 0 }))).toBe(true);
  await once(store, (tx) => tx.updateHpkeKey(255, "active", 9));
  expect(await once(store, (tx) => tx.hpkeKeys())).toEqual([
    { ...key, id: 0 },
    { ...key, state: "active", changedAt: 9 },
  ]);
  await once(store, (tx) => tx.removeHpkeKey(0));
  expect((await once(store, (tx) => tx.hpkeKeys())).map(({ id }) => id)).toEqual([255]);
});
