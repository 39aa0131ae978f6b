// What a transaction promises: all of it or nothing, and none of its operations after its end.

import { expect, test } from "vitest";
import { openStore } from "../../src/store/open.js";
import { LeaseLost, type Transaction } from "../../src/store/store.js";
import {
  bucketAt,
  bytesOf,
  emptyPlace,
  emptyStore,
  newJob,
  newTask,
  once,
  partialOf,
  reportOf,
  taskOf,
} from "./support.js";

test("a body that throws leaves nothing, and its error is the caller's", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const error = new Error("no");
  const everything = store.run("test", async (tx) => {
    await tx.insertTask(newTask("another"));
    await tx.insertReports([{ task, ...reportOf(1) }], 5);
    await tx.claimReports(task, bytesOf("job"), 1);
    await tx.insertReplayKeys(task, [{ id: bytesOf(1), time: 1 }]);
    await tx.insertJob(newJob(task, "job", { answer: bytesOf("answer") }), 5);
    await tx.insertPartials(task, bytesOf("job"), [partialOf(bucketAt(1))]);
    await tx.addCounters([{ task, name: "uploaded", n: 1 }]);
    throw error;
  });
  await expect(everything).rejects.toBe(error);
  await once(store, async (tx) => {
    expect(await tx.tasks()).toHaveLength(1);
    expect(await tx.countWaiting(task)).toBe(0);
    expect(await tx.reportsOf(task, bytesOf("job"))).toEqual([]);
    expect(await tx.job(task, "aggregate", bytesOf("job"))).toBeNull();
    expect(await tx.buckets(task, 1)).toEqual([]);
    expect(await tx.counters(task)).toEqual([]);
    expect(await tx.insertReplayKeys(task, [{ id: bytesOf(1), time: 1 }])).toEqual([]);
  });
});

test("a failed operation fails the transaction, and the store goes on", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const twice = store.run("test", async (tx) => {
    await tx.insertAudit({ at: 1, what: "first", task });
    await tx.insertPartials(task, bytesOf("job"), [partialOf(bucketAt(1)), partialOf(bucketAt(1))]);
  });
  await expect(twice).rejects.toThrow();
  expect(await once(store, (tx) => tx.audit(9))).toEqual([]);
  await once(store, (tx) => tx.insertAudit({ at: 1, what: "second", task }));
  expect(await once(store, (tx) => tx.audit(9))).toHaveLength(1);
});

test("a failed operation fails the transaction, even where the body goes on", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const job = newJob(task, "job");
  await once(store, (tx) => tx.insertJob(job, 1));
  const stubborn = store.run("test", async (tx) => {
    await tx.insertAudit({ at: 1, what: "first", task });
    const lease = { task, kind: job.kind, id: job.id, token: bytesOf("token") };
    await tx.updateJob(job, { state: "done" }, 2, { lease, release: true }).catch(() => undefined);
    await tx.insertAudit({ at: 1, what: "second", task }).catch(() => undefined);
  });
  await expect(stubborn).rejects.toThrow(LeaseLost);
  expect(await once(store, (tx) => tx.audit(9))).toEqual([]);
});

test("an operation that the body does not wait for is part of the transaction", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await once(store, (tx) => {
    for (let i = 0; i < 5; i++) void tx.insertAudit({ at: i, what: "not waited for", task });
    return Promise.resolve();
  });
  expect(await once(store, (tx) => tx.audit(9))).toHaveLength(5);
});

test("what else the process does has its turn between transactions", async () => {
  const store = await emptyStore();
  let hadTurn = false;
  setImmediate(() => {
    hadTurn = true;
  });
  for (let i = 0; i < 3; i++) await once(store, (tx) => tx.tasks());
  expect(hadTurn).toBe(true);
});

test("an operation after the end throws, and changes nothing", async () => {
  const store = await emptyStore();
  let kept: Transaction | undefined;
  const task = await store.run("test", (tx) => {
    kept = tx;
    return tx.insertTask(newTask("task"));
  });
  const late = async () => kept?.insertReports([{ task: Number(task), ...reportOf(1) }], 1);
  await expect(late()).rejects.toThrow("the transaction has ended");
  await expect(async () => kept?.tasks()).rejects.toThrow("the transaction has ended");
  expect(await once(store, (tx) => tx.countWaiting(Number(task)))).toBe(0);
});

test("transactions that are asked for at once are carried out one and all", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const add = async (i: number) => {
    await store.run("test", async (tx) => {
      await tx.addCounters([{ task, name: "n", n: 1 }]);
      if (i % 5 === 0) throw new Error("every fifth");
    });
  };
  const ends = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => add(i)));
  expect(ends.filter(({ status }) => status === "fulfilled")).toHaveLength(40);
  expect(await once(store, (tx) => tx.counters(task))).toEqual([{ name: "n", n: 40 }]);
});

test("what was committed is there when the store is opened again", async () => {
  const place = emptyPlace();
  const store = await place.open();
  const task = await taskOf(store);
  await once(store, (tx) => tx.insertReports([{ task, ...reportOf(1) }], 5));
  await store.close();
  expect(await once(await place.open(), (tx) => tx.countWaiting(task))).toBe(1);
});

test("a store that closes ends what runs, and refuses what comes after", async () => {
  const place = emptyPlace();
  const store = await place.open();
  const running = taskOf(store);
  const closing = store.close();
  expect(await running).toBeGreaterThan(0);
  await closing;
  await store.close();
  await expect(taskOf(store, "late")).rejects.toThrow("the store is closed");
  expect(await once(await place.open(), (tx) => tx.tasks())).toHaveLength(1);
});

test("space is given back without harm, and there is an end to it", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await once(store, (tx) => tx.insertReports([{ task, ...reportOf(1) }], 5));
  while (await store.compact());
  expect(await once(store, (tx) => tx.countWaiting(task))).toBe(1);
});

test("a URL of another kind is refused", async () => {
  for (const url of ["", "sqlite:", "mysql://host/db", "/a/path"]) {
    await expect(openStore(url)).rejects.toThrow("expected sqlite:PATH or postgres://");
  }
});
