// What several processes do at once. Here they are several stores of one place, each with connections of its own.

import { expect, test } from "vitest";
import type { Store, Transaction } from "../../src/store/store.js";
import { bucketAt, bucketsIn, bytesOf, emptyPlace, newJob, once, partialOf, reportOf, taskOf } from "./support.js";

const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Two stores of one place, and a task. */
async function twoStores(): Promise<{ stores: [Store, Store]; task: number }> {
  const place = emptyPlace();
  const stores: [Store, Store] = [await place.open(), await place.open()];
  return { stores, task: await taskOf(stores[0]) };
}

/** Carries out many transactions at once, in turn on the one and the other store. */
function atOnce<T>(stores: readonly Store[], count: number, body: (tx: Transaction, i: number) => Promise<T>) {
  return Promise.all(
    Array.from({ length: count }, (_, i) => (stores[i % stores.length] as Store).run("test", (tx) => body(tx, i))),
  );
}

test("workers claim disjoint reports, and all of them", async () => {
  const { stores, task } = await twoStores();
  const reports = Array.from({ length: 100 }, (_, i) => ({ task, ...reportOf(i, i % 7) }));
  await once(stores[0], (tx) => tx.insertReports(reports, 1));
  const claimed = await atOnce(stores, 12, (tx, i) => tx.claimReports(task, bytesOf(`job ${i}`), 9));
  const ids = claimed.flat().map(({ id }) => hexOf(id));
  expect(new Set(ids).size).toBe(ids.length);
  const rest = await once(stores[0], (tx) => tx.claimReports(task, bytesOf("rest"), 1000));
  expect(ids.length + rest.length).toBe(100);
});

test("workers acquire disjoint jobs, and all of them", async () => {
  const { stores, task } = await twoStores();
  await once(stores[0], async (tx) => {
    for (let i = 0; i < 40; i++) await tx.insertJob(newJob(task, i), 1);
  });
  const acquired = await atOnce(stores, 14, (tx) => tx.acquireJobs(["aggregate"], 3, 10, 100));
  const rest = await once(stores[1], (tx) => tx.acquireJobs(["aggregate"], 100, 10, 100));
  const ids = [...acquired.flat(), ...rest].map(({ id }) => hexOf(id));
  expect(ids).toHaveLength(40);
  expect(new Set(ids).size).toBe(40);
});

test("of several that insert a job, one does", async () => {
  const { stores, task } = await twoStores();
  const inserted = await atOnce(stores, 8, (tx, i) => tx.insertJob(newJob(task, "same", { step: i }), 1));
  expect(inserted.filter(Boolean)).toHaveLength(1);
});

test("of several that add an id to the replay record, one does, in whatever order their ids come", async () => {
  const { stores, task } = await twoStores();
  const names = Array.from({ length: 30 }, (_, i) => i);
  const wins = await atOnce(stores, 10, async (tx, i) => {
    const mine = i % 2 === 0 ? names.slice(0, 20) : names.slice(10).reverse();
    const keys = mine.map((name) => ({ id: bytesOf(name), time: 1 }));
    const seen = new Set((await tx.insertReplayKeys(task, keys)).map(hexOf));
    return keys.map(({ id }) => hexOf(id)).filter((id) => !seen.has(id));
  });
  expect(wins.flat().sort()).toEqual(names.map((name) => hexOf(bytesOf(name))).sort());
});

test("a transaction that is taken back leaves its ids to the other", async () => {
  const { stores, task } = await twoStores();
  const keys = [{ id: bytesOf("id"), time: 1 }];
  const ends = await Promise.allSettled(
    stores.map((store, i) =>
      store.run("test", async (tx) => {
        const seen = await tx.insertReplayKeys(task, keys);
        if (i === 0) throw new Error("taken back");
        return seen;
      }),
    ),
  );
  expect(ends).toMatchObject([{ status: "rejected" }, { status: "fulfilled", value: [] }]);
});

test("nothing is added to a batch after whoever holds its task exclusively has closed it", async () => {
  const { stores, task } = await twoStores();
  const bucket = bucketAt(1);
  const add = async (tx: Transaction, name: number) => {
    await tx.lockTask(task, "shared");
    const isClosed = await tx.isCollected(task, bucketsIn(1, 2));
    if (!isClosed) await tx.insertPartials(task, bytesOf(name), [partialOf(bucket)]);
    return !isClosed;
  };
  const close = async (tx: Transaction) => {
    await tx.lockTask(task, "exclusive");
    const found = await tx.partials(task, bucketsIn(1, 2));
    await tx.insertCollected(task, bucketsIn(1, 2), 1);
    return found.length;
  };
  const ends = await atOnce<boolean | number>(stores, 21, (tx, i) => (i === 10 ? close(tx) : add(tx, i)));
  const added = ends.filter((end) => end === true).length;
  expect(ends[10]).toBe(added);
  expect(await once(stores[0], (tx) => tx.partials(task, bucketsIn(1, 2)))).toHaveLength(added);
});

test("counters of many transactions at once add up", async () => {
  const { stores, task } = await twoStores();
  await atOnce(stores, 60, (tx, i) =>
    tx.addCounters((i % 2 === 0 ? ["a", "b", "c"] : ["c", "b", "a"]).map((name) => ({ task, name, n: 1 }))),
  );
  const expected = ["a", "b", "c"].map((name) => ({ name, n: 60 }));
  expect(await once(stores[1], (tx) => tx.counters(task))).toEqual(expected);
});

test("two that hold each other's job both end, where the database takes one of them back first", async () => {
  const { stores, task } = await twoStores();
  await once(stores[0], async (tx) => {
    for (const name of ["a", "b"]) await tx.insertJob(newJob(task, name), 1);
  });
  await atOnce(stores, 2, async (tx, i) => {
    for (const name of i === 0 ? ["a", "b"] : ["b", "a"]) {
      const job = await tx.lockJob(task, "aggregate", bytesOf(name));
      await tx.updateJob({ task, kind: "aggregate", id: bytesOf(name) }, { step: (job?.step ?? 0) + 1 }, 2);
    }
  });
  const jobs = await once(stores[0], (tx) => tx.jobs(task, "aggregate", 9));
  expect(jobs.map(({ step }) => step)).toEqual([2, 2]);
});

test("a locked job is read as its last holder left it", async () => {
  const { stores, task } = await twoStores();
  const { id } = newJob(task, "job");
  await once(stores[0], (tx) => tx.insertJob(newJob(task, "job", { answer: new Uint8Array([0]) }), 1));
  await atOnce(stores, 20, async (tx) => {
    const job = await tx.lockJob(task, "aggregate", id);
    await tx.updateJob(
      { task, kind: "aggregate", id },
      { step: (job?.step ?? 0) + 1, answer: new Uint8Array([(job?.answer?.[0] ?? 0) + 1]) },
      2,
    );
  });
  const job = await once(stores[0], (tx) => tx.job(task, "aggregate", id));
  expect(job).toMatchObject({ step: 20, answer: new Uint8Array([20]) });
});
