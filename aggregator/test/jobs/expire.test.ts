// What goes when it is not needed any more, and that nothing is counted twice for it; and tasks that take no part.

import { encodeReport, type Report, ReportError } from "prio/dap";
import { describe, expect, test } from "vitest";
import { expire } from "../../src/jobs/expire.js";
import { initRequest } from "../../src/jobs/init-request.js";
import { createAggregationJob } from "../../src/protocol/helper/create-aggregation-job.js";
import { beginReports } from "../../src/protocol/leader/turns.js";
import { Pair } from "../support/pair.js";

const DAY = 86_400;

async function cleanAll(pair: Pair): Promise<void> {
  for (const role of ["leader", "helper"] as const) while (await expire(pair[role].ctx));
}

/** Sends a report to the helper, as a leader does that has forgotten it. */
async function sendAgain(pair: Pair, report: Report): Promise<void> {
  const { leader, helper } = pair;
  const row = {
    id: report.reportMetadata.reportId,
    time: Number(report.reportMetadata.time),
    content: encodeReport(report),
  };
  const { inits } = await beginReports(leader.ctx, leader.task, [row, { ...row, ...idOf(pair.report(true)) }], null);
  await createAggregationJob(helper.ctx, helper.task, initRequest(null, inits));
}

const idOf = (report: Report) => ({ id: report.reportMetadata.reportId, content: encodeReport(report) });

describe("reports that are too old", () => {
  test("are refused before their ids are forgotten, and after, at both", async () => {
    const pair = await Pair.make({ limits: { reportExpiry: 10 * DAY, maxJobDelay: 0 } });
    const reports = [pair.report(true), pair.report(true), pair.report(true)];
    await pair.upload(...reports);
    while (await pair.round());
    pair.now += 11 * DAY;
    expect(await pair.upload(...reports)).toEqual(new Array(3).fill(ReportError.reportDropped));
    await cleanAll(pair);
    await sendAgain(pair, reports[0] as Report);
    expect(await pair.counters("helper")).toEqual({ aggregated: 4, "refused:report_dropped": 1 });
  });

  test("stay refused where the clock goes back, or the operator keeps reports for longer", async () => {
    const pair = await Pair.make({ limits: { reportExpiry: 10 * DAY, maxJobDelay: 0 } });
    const reports = [pair.report(true), pair.report(true), pair.report(true)];
    await pair.upload(...reports);
    while (await pair.round());
    pair.now += 11 * DAY;
    await cleanAll(pair);
    pair.now -= 11 * DAY;
    for (const side of [pair.leader, pair.helper]) {
      side.task = { ...side.task, limits: { ...side.task.limits, reportExpiry: null } };
    }
    expect(await pair.upload(...reports)).toEqual([null, null, null]);
    while (await pair.round());
    await sendAgain(pair, reports[0] as Report);
    expect(await pair.counters("leader")).toEqual({ aggregated: 3, "refused:report_replayed": 3 });
    expect((await pair.counters("helper"))["refused:report_replayed"]).toBeGreaterThan(0);
  });

  test("that still wait are removed, and counted", async () => {
    const pair = await Pair.make({ limits: { reportExpiry: 10 * DAY } });
    await pair.upload(pair.report(true), pair.report(true, { time: pair.time - 100n }));
    pair.now += 10 * DAY - 3000;
    await cleanAll(pair);
    expect(await pair.counters("leader")).toEqual({ "refused:report_dropped": 1 });
    expect(await pair.leader.ctx.store.run("test", (tx) => tx.countWaiting(1))).toBe(1);
  });

  test("and were claimed a moment before are refused when a job is made", async () => {
    const pair = await Pair.make({ limits: { reportExpiry: 10 * DAY } });
    await pair.upload(pair.report(true));
    pair.now += 11 * DAY;
    await pair.run(1);
    expect(await pair.counters("leader")).toEqual({ "refused:report_dropped": 1 });
    expect(pair.requests).toEqual([]);
  });

  test("what was aggregated can be collected all the same", async () => {
    const pair = await Pair.make({ limits: { reportExpiry: 10 * DAY, maxJobDelay: 0 } });
    await pair.upload(pair.report(true), pair.report(true), pair.report(false));
    while (await pair.round());
    pair.now += 100 * DAY;
    await cleanAll(pair);
    expect(await pair.collect()).toMatchObject({ count: 3, result: 2n });
  });
});

test("ids of a task whose interval has ended are forgotten a week later, and its reports refused", async () => {
  const pair = await Pair.make({ interval: { start: 30_000_000 - 10, duration: 20 }, limits: { maxJobDelay: 0 } });
  const reports = [pair.report(true), pair.report(true), pair.report(true)];
  await pair.upload(...reports);
  while (await pair.round());
  pair.now += 3600;
  // Late, but in time.
  expect(await pair.upload(pair.report(true, { time: 30_000_000n }))).toEqual([null]);
  pair.now += 8 * DAY;
  expect(await pair.upload(pair.report(true, { time: 30_000_000n }))).toEqual([ReportError.reportDropped]);
  await cleanAll(pair);
  await sendAgain(pair, reports[0] as Report);
  expect(await pair.counters("helper")).toEqual({
    aggregated: 3,
    "refused:report_dropped": 1,
    "refused:task_expired": 1,
  });
});

test("jobs that ended are kept for two weeks, and collections for ever", async () => {
  const pair = await Pair.make();
  await pair.upload(pair.report(true), pair.report(true), pair.report(true));
  const collected = await pair.collect();
  pair.now += 13 * DAY;
  await cleanAll(pair);
  expect([await pair.states("leader", "aggregate"), await pair.states("helper", "verify")]).toEqual([
    { done: 1 },
    { done: 1 },
  ]);
  pair.now += 2 * DAY;
  await cleanAll(pair);
  expect([await pair.states("leader", "aggregate"), await pair.states("helper", "verify")]).toEqual([{}, {}]);
  expect(await pair.states("leader", "collect")).toEqual({ done: 1 });
  expect(await pair.states("helper", "share")).toEqual({ done: 1 });
  expect(await pair.collect()).toEqual(collected);
});

test.each(["paused", "ended"] as const)(
  "a leader whose task is %s begins no jobs, and ends those that go on",
  async (state) => {
    const pair = await Pair.make({ limits: { maxJobDelay: 0 } });
    await pair.upload(pair.report(true), pair.report(true), pair.report(true));
    await pair.driver("leader").create();
    pair.leader.task = { ...pair.leader.task, state };
    await pair.upload(pair.report(true));
    await pair.run(30);
    expect(await pair.counters("leader")).toEqual({ aggregated: 3 });
    expect(await pair.leader.ctx.store.run("test", (tx) => tx.countWaiting(1))).toBe(1);
    pair.leader.task = { ...pair.leader.task, state: "active" };
    await pair.run(5);
    expect(await pair.counters("leader")).toEqual({ aggregated: 4 });
  },
);
