// Reports that wait at the leader: how they come, how jobs claim them, and how they go.

import { expect, test } from "vitest";
import type { Store, WaitingReport } from "../../src/store/store.js";
import { bytesOf, emptyStore, once, reportOf, taskOf } from "./support.js";

const upload = (store: Store, task: number, reports: readonly WaitingReport[], at = 100) =>
  once(store, (tx) =>
    tx.insertReports(
      reports.map((report) => ({ task, ...report })),
      at,
    ),
  );
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => reportOf(from + i, from + i));
const idsOf = (reports: readonly { readonly id: Uint8Array }[]) =>
  reports.map(({ id }) => Buffer.from(id).toString("hex"));
const JOB = bytesOf("job");
const OTHER_JOB = bytesOf("other job");

test("reports come back byte for byte, by time and then by id", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const reports = [reportOf("late", 9), reportOf("empty", 4, 0), reportOf("large", 4, 30_000), reportOf("early", 2)];
  expect(await upload(store, task, reports)).toBe(4);
  expect(await once(store, (tx) => tx.claimReports(task, JOB, 10))).toHaveLength(4);
  const expected = reports.toSorted((a, b) => a.time - b.time || Buffer.compare(a.id, b.id));
  expect(await once(store, (tx) => tx.reportsOf(task, JOB))).toEqual(expected);
});

test("a report that waits already is not added again, within a call and across calls", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const [first, second] = [reportOf("a", 1), { ...reportOf("a", 7), content: bytesOf("another") }];
  expect(await upload(store, task, [first, second])).toBe(1);
  expect(await upload(store, task, [second, reportOf("b", 1)])).toBe(1);
  await once(store, (tx) => tx.claimReports(task, JOB, 10));
  expect(await upload(store, task, [second])).toBe(0);
  expect(await once(store, (tx) => tx.reportsOf(task, JOB))).toContainEqual(first);
});

test("one id may wait in two tasks", async () => {
  const store = await emptyStore();
  const [a, b] = [await taskOf(store, "a"), await taskOf(store, "b")];
  const report = reportOf("same");
  const both = [
    { task: a, ...report },
    { task: b, ...report },
  ];
  expect(await once(store, (tx) => tx.insertReports(both, 1))).toBe(2);
  await once(store, (tx) => tx.claimReports(a, JOB, 10));
  expect(await once(store, (tx) => tx.countWaiting(a))).toBe(0);
  expect(await once(store, (tx) => tx.countWaiting(b))).toBe(1);
});

test("a job claims the earliest reports, in a range where it names one, and no report of another job", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await upload(store, task, numbered(0, 20));
  const early = await once(store, (tx) => tx.claimReports(task, JOB, 3));
  expect(early.map(({ time }) => time)).toEqual([0, 1, 2]);
  const ranged = await once(store, (tx) => tx.claimReports(task, OTHER_JOB, 100, { from: 1, to: 6 }));
  expect(ranged).toEqual([3, 4, 5].map((i) => ({ id: bytesOf(i), time: i })));
  expect(await once(store, (tx) => tx.claimReports(task, JOB, 100, { from: 0, to: 6 }))).toEqual([]);
  expect(await once(store, (tx) => tx.countWaiting(task))).toBe(14);
});

test("of one time, a job claims those that came first, whatever ids their clients chose", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  const byId = ["a", "b", "c", "d"].map((name) => reportOf(name, 5)).sort((a, b) => Buffer.compare(a.id, b.id));
  for (const [i, report] of byId.toReversed().entries()) await upload(store, task, [report], 100 + i);
  expect(await once(store, (tx) => tx.waiting(2))).toEqual([{ task, reports: 2, since: 100 }]);
  const claimed = await once(store, (tx) => tx.claimReports(task, JOB, 2));
  expect(idsOf(claimed)).toEqual(idsOf(byId.slice(2)));
  expect(idsOf(await once(store, (tx) => tx.reportsOf(task, JOB)))).toEqual(idsOf(byId.slice(2)));
});

test("waiting counts up to a limit, names when the first of them came, and leaves out tasks without any", async () => {
  const store = await emptyStore();
  const [a, b, c] = [await taskOf(store, "a"), await taskOf(store, "b"), await taskOf(store, "c")];
  await upload(store, a, numbered(10, 14), 200);
  await upload(store, a, numbered(5, 6), 300);
  await upload(store, b, numbered(0, 1), 50);
  await once(store, (tx) => tx.claimReports(b, JOB, 1));
  await upload(store, c, numbered(0, 1), 60);
  expect(await once(store, (tx) => tx.waiting(100))).toEqual([
    { task: a, reports: 5, since: 200 },
    { task: c, reports: 1, since: 60 },
  ]);
  expect(await once(store, (tx) => tx.waiting(1))).toEqual([
    { task: a, reports: 1, since: 300 },
    { task: c, reports: 1, since: 60 },
  ]);
});

test("countWaiting counts what is in no job, from ≤ time < to, up to a limit", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await upload(store, task, numbered(0, 10));
  await once(store, (tx) => tx.claimReports(task, JOB, 2));
  expect(await once(store, (tx) => tx.countWaiting(task))).toBe(8);
  expect(await once(store, (tx) => tx.countWaiting(task, { from: 1, to: 4 }))).toBe(2);
  expect(await once(store, (tx) => tx.countWaiting(task, { from: 4, to: 4 }))).toBe(0);
  expect(await once(store, (tx) => tx.countWaiting(task, { from: 0, to: 100 }, 5))).toBe(5);
});

test("reports are removed from their job alone, those that are named or all", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await upload(store, task, numbered(0, 8));
  await once(store, (tx) => tx.claimReports(task, JOB, 4));
  await once(store, (tx) => tx.claimReports(task, OTHER_JOB, 2));
  await once(store, (tx) => tx.removeReports(task, JOB, [bytesOf(1), bytesOf(4), bytesOf(7), bytesOf("none")]));
  expect(idsOf(await once(store, (tx) => tx.reportsOf(task, JOB)))).toEqual(idsOf([0, 2, 3].map((i) => reportOf(i))));
  expect(await once(store, (tx) => tx.reportsOf(task, OTHER_JOB))).toHaveLength(2);
  await once(store, (tx) => tx.removeReports(task, JOB));
  expect(await once(store, (tx) => tx.reportsOf(task, JOB))).toEqual([]);
  expect(await once(store, (tx) => tx.countWaiting(task))).toBe(2);
  expect(await upload(store, task, numbered(0, 8))).toBe(4);
});

test("reports are given to another job, if they are in the first", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await upload(store, task, numbered(0, 6));
  await once(store, (tx) => tx.claimReports(task, JOB, 4));
  await once(store, (tx) => tx.moveReports(task, JOB, OTHER_JOB, [bytesOf(1), bytesOf(3), bytesOf(5)]));
  await once(store, (tx) => tx.moveReports(task, JOB, OTHER_JOB, []));
  expect(await once(store, (tx) => tx.reportsOf(task, OTHER_JOB))).toEqual([reportOf(1, 1), reportOf(3, 3)]);
  expect(await once(store, (tx) => tx.reportsOf(task, JOB))).toEqual([reportOf(0, 0), reportOf(2, 2)]);
  expect(await once(store, (tx) => tx.countWaiting(task))).toBe(2);
});

test("times may be as large as safe integers are", async () => {
  const store = await emptyStore();
  const task = await taskOf(store);
  await upload(store, task, [reportOf("far", Number.MAX_SAFE_INTEGER - 1)]);
  expect((await once(store, (tx) => tx.claimReports(task, JOB, 1)))[0]?.time).toBe(Number.MAX_SAFE_INTEGER - 1);
});
