// Jobs, their messages, and leases.

import { expect, test } from "vitest";
import { ENDED, type JobKind, LeaseLost, type NewJob, type Store } from "../../src/store/store.js";
import { bytesOf, emptyStore, nameOf, newJob, once, taskOf } from "./support.js";

const insert = (store: Store, job: NewJob, at = 10) => once(store, (tx) => tx.insertJob(job, at));
const read = (store: Store, job: NewJob) => once(store, (tx) => tx.job(job.task, job.kind, job.id));
const acquire = (store: Store, at: number, until: number, limit = 10, kinds: readonly JobKind[] = ["aggregate"]) =>
  once(store, (tx) => tx.acquireJobs(kinds, limit, at, until));

test("a job is read as it was written, with its messages byte for byte", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const full = newJob(task, "full", {
    kind: "collect",
    state: "merging",
    step: 3,
    requestHash: bytesOf("hash", 32),
    request: new Uint8Array(50_000).fill(7),
    answer: new Uint8Array(0),
    detail: '{"x": "é"}',
    times: { from: 5, to: 9 },
    batch: bytesOf("batch", 32),
    notBefore: 77,
  });
  const bare = newJob(task, "bare");
  expect(await insert(store, full)).toBe(true);
  expect(await insert(store, bare)).toBe(true);
  const made = { attempts: 0, problem: null, createdAt: 10, changedAt: 10 };
  expect(await read(store, full)).toEqual({ ...full, ...made });
  expect(await once(store, (tx) => tx.lockJob(task, "collect", full.id))).toEqual({ ...full, ...made });
  expect(await read(store, bare)).toEqual({ ...bare, ...made });
  expect(await read(store, newJob(task, "none"))).toBeNull();
  expect(await once(store, (tx) => tx.lockJob(task, "collect", bytesOf("none")))).toBeNull();
});

test("a second job of the same task, kind and id is refused, and the first stays as it is", async () => {
  const store = await emptyStore();
  const [task, other] = [await taskOf(store, "a"), await taskOf(store, "b")];
  await insert(store, newJob(task, 1, { request: bytesOf("first") }));
  expect(await insert(store, newJob(task, 1, { request: bytesOf("second") }))).toBe(false);
  expect((await read(store, newJob(task, 1)))?.request).toEqual(bytesOf("first"));
  expect(await insert(store, newJob(task, 1, { kind: "verify" }))).toBe(true);
  expect(await insert(store, newJob(other, 1))).toBe(true);
});

test("a change writes what it names alone", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const job = newJob(task, 1, { request: bytesOf("request"), answer: bytesOf("answer"), times: { from: 1, to: 2 } });
  await insert(store, job);
  await once(store, (tx) => tx.updateJob(nameOf(job), { state: "requested", attempts: 2, problem: "p" }, 20));
  await once(store, (tx) => tx.updateJob(nameOf(job), { answer: bytesOf("new"), requestHash: bytesOf("h") }, 21));
  const changed = { state: "requested", attempts: 2, problem: "p", answer: bytesOf("new"), requestHash: bytesOf("h") };
  expect(await read(store, job)).toEqual({ ...job, ...changed, createdAt: 10, changedAt: 21 });
  const cleared = { request: null, answer: null, requestHash: null, problem: null, times: null } as const;
  await once(store, (tx) => tx.updateJob(nameOf(job), cleared, 22));
  expect(await read(store, job)).toEqual({ ...job, ...changed, ...cleared, createdAt: 10, changedAt: 22 });
});

test("messages are put in later where a job began without", async () => {
  const store = await emptyStore();
  const job = newJob(await taskOf(store), 1);
  await insert(store, job);
  await once(store, (tx) => tx.updateJob(nameOf(job), { answer: bytesOf("answer") }, 20));
  expect(await read(store, job)).toMatchObject({ request: null, answer: bytesOf("answer") });
});

test("a change of a job that is not there is an error", async () => {
  const store = await emptyStore();
  const job = newJob(await taskOf(store), 1);
  await expect(once(store, (tx) => tx.updateJob(nameOf(job), { step: 1 }, 20))).rejects.toThrow("is not there");
});

test("jobs that are due are acquired, the longest due first, and by one worker alone", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  for (const [name, notBefore] of [
    ["b", 20],
    ["a", 10],
    ["c", 30],
    ["later", 101],
  ] as const) {
    await insert(store, newJob(task, name, { notBefore }));
  }
  await insert(store, newJob(task, "other kind", { kind: "collect" }));
  for (const state of ENDED) await insert(store, newJob(task, state, { state }));
  const first = await acquire(store, 100, 200, 2);
  expect(first.map(({ id }) => id)).toEqual([bytesOf("a"), bytesOf("b")]);
  expect((await acquire(store, 100, 200)).map(({ id }) => id)).toEqual([bytesOf("c")]);
  expect(await acquire(store, 100, 200)).toEqual([]);
  expect(await acquire(store, 100, 200, 0, ["collect"])).toEqual([]);
  expect(await acquire(store, 100, 200, 5, [])).toEqual([]);
  expect(await acquire(store, 100, 200, 5, ["aggregate", "collect", "verify"])).toHaveLength(1);
});

test("an acquired job comes with its messages", async () => {
  const store = await emptyStore();
  const job = newJob(await taskOf(store), 1, { request: bytesOf("request"), times: { from: 3, to: 4 } });
  await insert(store, job);
  const [acquired] = await acquire(store, 100, 200);
  expect(acquired).toMatchObject(job);
  expect(acquired?.lease.token).toHaveLength(16);
});

test("a lease that ended is another's, and the first worker's change throws LeaseLost and writes nothing", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const job = newJob(task, 1);
  await insert(store, job);
  const [slow] = await acquire(store, 100, 200);
  expect(await acquire(store, 199, 299)).toEqual([]);
  const [quick] = await acquire(store, 200, 300);
  if (slow === undefined || quick === undefined) throw new Error("nothing was acquired");
  const finish = (lease: typeof slow.lease) =>
    once(store, async (tx) => {
      await tx.addCounters([{ task, name: "done", n: 1 }]);
      await tx.updateJob(nameOf(job), { state: "done" }, 250, { lease, release: true });
    });
  await expect(finish(slow.lease)).rejects.toThrow(LeaseLost);
  expect(await once(store, (tx) => tx.renewLease(slow.lease, 900))).toBe(false);
  expect(await once(store, (tx) => tx.counters(task))).toEqual([]);
  await finish(quick.lease);
  expect(await once(store, (tx) => tx.counters(task))).toEqual([{ name: "done", n: 1 }]);
  await expect(finish(quick.lease)).rejects.toThrow(LeaseLost);
});

test("a lease is prolonged, kept over a change, and given back", async () => {
  const store = await emptyStore();
  const job = newJob(await taskOf(store), 1);
  await insert(store, job);
  const [acquired] = await acquire(store, 100, 200);
  if (acquired === undefined) throw new Error("nothing was acquired");
  const { lease } = acquired;
  expect(await once(store, (tx) => tx.renewLease(lease, 500))).toBe(true);
  await once(store, (tx) => tx.updateJob(nameOf(job), { state: "requested" }, 150, { lease, release: false }));
  expect(await acquire(store, 499, 600)).toEqual([]);
  await once(store, (tx) => tx.updateJob(nameOf(job), { notBefore: 300 }, 150, { lease, release: true }));
  expect(await acquire(store, 299, 600)).toEqual([]);
  expect(await acquire(store, 300, 600)).toHaveLength(1);
});

test("whoever changes the state of a job without a lease takes it from the worker that has one", async () => {
  const store = await emptyStore();
  const job = newJob(await taskOf(store), 1, { kind: "collect" });
  await insert(store, job);
  const [acquired] = await acquire(store, 100, 200, 1, ["collect"]);
  if (acquired === undefined) throw new Error("nothing was acquired");
  const holder = { lease: acquired.lease, release: true };
  await once(store, (tx) => tx.updateJob(nameOf(job), { detail: "[]" }, 110));
  await once(store, (tx) => tx.updateJob(nameOf(job), { step: 1 }, 110, { ...holder, release: false }));
  await once(store, (tx) => tx.updateJob(nameOf(job), { state: "deleted" }, 120));
  const late = once(store, (tx) => tx.updateJob(nameOf(job), { state: "done" }, 130, holder));
  await expect(late).rejects.toThrow(LeaseLost);
  expect(await read(store, job)).toMatchObject({ state: "deleted", changedAt: 120 });
});

test("open jobs are counted by the times and the batch that they touch", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const batch = bytesOf("batch", 32);
  await insert(store, newJob(task, 1, { times: { from: 10, to: 20 } }));
  await insert(store, newJob(task, 2, { times: { from: 10, to: 20 }, state: "done" }));
  await insert(store, newJob(task, 3, { batch }));
  await insert(store, newJob(task, 4, { times: { from: 10, to: 20 }, kind: "verify" }));
  const count = (where: Parameters<Parameters<Parameters<Store["run"]>[1]>[0]["countOpenJobs"]>[2]) =>
    once(store, (tx) => tx.countOpenJobs(task, "aggregate", where));
  expect(await count({})).toBe(2);
  expect(await count({ batch })).toBe(1);
  expect(await count({ batch: bytesOf("none", 32) })).toBe(0);
  expect(await count({ state: newJob(task, 1, {}).state })).toBe(2);
  expect(await count({ batch, state: newJob(task, 1, {}).state })).toBe(1);
  expect(await count({ state: "none" })).toBe(0);
  const ranges: [number, number, number][] = [
    [0, 10, 0],
    [0, 11, 1],
    [19, 30, 1],
    [20, 30, 0],
    [12, 13, 1],
  ];
  for (const [from, to, expected] of ranges) expect(await count({ times: { from, to } })).toBe(expected);
  expect(await count({ times: { from: 0, to: 99 }, batch })).toBe(0);
});

test("jobs are listed newest first without their messages, and counted by state", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  for (const i of [1, 2, 3]) await insert(store, newJob(task, i, { request: bytesOf("request") }));
  await insert(store, newJob(task, 4, { state: "done" }));
  await insert(store, newJob(task, 5, { kind: "collect" }));
  const listed = await once(store, (tx) => tx.jobs(task, "aggregate", 3));
  expect(listed.map(({ id }) => id)).toEqual([4, 3, 2].map((i) => bytesOf(i)));
  expect(listed[0]).not.toHaveProperty("request");
  expect(await once(store, (tx) => tx.jobStates(task))).toEqual([
    { kind: "aggregate", state: "created", count: 3 },
    { kind: "aggregate", state: "done", count: 1 },
    { kind: "collect", state: "created", count: 1 },
  ]);
});

test("aggregation jobs that ended long ago are forgotten with their messages, and deleted collections", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const answer = bytesOf("answer");
  for (let i = 0; i < 249; i++) await insert(store, newJob(task, i, { state: "done", answer }), 10);
  await insert(store, newJob(task, "deleted", { kind: "collect", state: "deleted" }), 10);
  const kept = [
    newJob(task, "open", { answer }),
    newJob(task, "collection", { kind: "collect", state: "done", answer }),
    newJob(task, "share", { kind: "share", state: "done", answer }),
  ];
  for (const job of kept) await insert(store, job, 10);
  const young = newJob(task, "young", { kind: "verify", state: "done" });
  await insert(store, young, 20);
  const forget = (before: number, limit: number) => once(store, (tx) => tx.forgetJobs(task, before, limit));
  expect(await forget(10, 1000)).toBe(0);
  expect(await forget(20, 240)).toBe(240);
  expect(await forget(20, 240)).toBe(10);
  for (const job of [...kept, young]) expect(await read(store, job)).toMatchObject(job);
  // An id that is used again does not bring the old messages back.
  await insert(store, newJob(task, 0), 30);
  expect((await read(store, newJob(task, 0)))?.answer).toBeNull();
});
