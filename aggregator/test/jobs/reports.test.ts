// One client's report spoils one report: whatever is wrong with it, the others are counted. And a report is counted
// once, however often it comes.

import { encodeReport, HpkeKeyPair, type Report, ReportError } from "prio/dap";
import { describe, expect, test } from "vitest";
import { initRequest } from "../../src/jobs/init-request.js";
import { createAggregationJob as helperJob } from "../../src/protocol/helper/create-aggregation-job.js";
import { beginReports } from "../../src/protocol/leader/turns.js";
import { Pair, type ReportFaults } from "../support/pair.js";

const flip = (bytes: Uint8Array, at = 0) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)) as typeof bytes;

/** Faults, and by which counter both sides count them; null where the report does not reach the helper. */
const FAULTS: Record<
  string,
  { readonly faults: (pair: Pair) => ReportFaults; readonly reason: string; readonly reachesHelper: boolean }
> = {
  "a leader's share that does not open": {
    faults: () => ({
      change: (report) => ({
        ...report,
        leaderEncryptedInputShare: {
          ...report.leaderEncryptedInputShare,
          payload: flip(report.leaderEncryptedInputShare.payload) as Report["publicShare"],
        },
      }),
    }),
    ...{ reason: "hpke_decrypt_error", reachesHelper: false },
  },
  "a helper's share that does not open": {
    faults: () => ({
      change: (report) => ({
        ...report,
        helperEncryptedInputShare: {
          ...report.helperEncryptedInputShare,
          enc: flip(report.helperEncryptedInputShare.enc) as Report["publicShare"],
        },
      }),
    }),
    ...{ reason: "hpke_decrypt_error", reachesHelper: true },
  },
  "a helper's share for another key": {
    faults: () => ({
      change: (report) => ({
        ...report,
        helperEncryptedInputShare: { ...report.helperEncryptedInputShare, configId: 200 },
      }),
    }),
    ...{ reason: "hpke_decrypt_error", reachesHelper: true },
  },
  "metadata that the shares were not sealed with": {
    faults: (pair) => ({
      change: (report) => ({ ...report, reportMetadata: { ...report.reportMetadata, time: pair.time - 1n } }),
    }),
    ...{ reason: "hpke_decrypt_error", reachesHelper: false },
  },
  "a leader's share of another length": {
    faults: (pair) => {
      const shards = pair.shard(1);
      return {
        shards: { ...shards, inputShares: [shards.inputShares[0]?.slice(1) as never, shards.inputShares[1] as never] },
      };
    },
    ...{ reason: "invalid_message", reachesHelper: false },
  },
  "a helper's share of another length": {
    faults: (pair) => {
      const shards = pair.shard(1);
      return {
        shards: { ...shards, inputShares: [shards.inputShares[0] as never, shards.inputShares[1]?.slice(1) as never] },
      };
    },
    ...{ reason: "invalid_message", reachesHelper: true },
  },
  "shares of two measurements": {
    faults: (pair) => {
      const [one, other] = [pair.shard(1), pair.shard(0)];
      return { shards: { ...one, inputShares: [one.inputShares[0] as never, other.inputShares[1] as never] } };
    },
    ...{ reason: "vdaf_verify_error", reachesHelper: true },
  },
  "an extension that nobody knows": {
    faults: () => ({ publicExtensions: [{ extensionType: 23, extensionData: new Uint8Array(0) }] }),
    ...{ reason: "invalid_message", reachesHelper: false },
  },
  "a private extension that nobody knows": {
    faults: () => ({ privateExtensions: { leader: [{ extensionType: 23, extensionData: new Uint8Array(0) }] } }),
    ...{ reason: "invalid_message", reachesHelper: false },
  },
};

describe.each([
  ["Prio3Sum", { type: "Prio3Sum", maxMeasurement: "3" }, (x: number) => x, 3n],
  ["Prio1", { type: "Prio1", fields: 1 }, (x: number) => [x], [3n]],
] as const)("%s", (name, vdaf, measurementOf, total) => {
  test.each(Object.entries(FAULTS))("%s", async (_name, { faults, reason, reachesHelper }) => {
    const pair = await Pair.make({ vdaf });
    const good = [1, 1, 0, 1].map((x) => pair.report(measurementOf(x)));
    good.splice(2, 0, pair.report(measurementOf(1), faults(pair)));
    await pair.upload(...good);
    expect(await pair.collect()).toMatchObject({ count: 4, result: total });
    // The proof of Prio v1 is decided at both.
    const late = name === "Prio1" && reason === "vdaf_verify_error";
    const refused = { [`refused:${reason}`]: 1 };
    expect(await pair.counters("leader")).toEqual({ aggregated: 4, collected: 4, ...refused });
    const atHelper = reachesHelper && !late ? refused : {};
    expect(await pair.counters("helper")).toEqual({ aggregated: 4, collected: 4, ...atHelper });
  });
});

describe("times", () => {
  const interval = { start: 30_000_000 - 10, duration: 20 };

  test("reports from the future, and outside of the task's interval, are refused when they are uploaded", async () => {
    const pair = await Pair.make({ interval });
    const at = (offset: bigint) => pair.report(true, { time: pair.time + offset });
    const times = [0n, 5n, 6n, -10n, -11n, 10n, 2n ** 53n - pair.time, 2n ** 64n - 1n - pair.time];
    const errors = await pair.upload(...times.map(at));
    const { reportTooEarly: early, reportDropped: dropped } = ReportError;
    expect(errors).toEqual([null, null, early, null, dropped, early, early, early]);
    pair.now += 3600;
    expect(await pair.upload(at(-50n))).toEqual([dropped]);
    expect((await pair.collect()).count).toBe(3);
  });

  test("a report to a key that the leader does not have is outdated", async () => {
    const pair = await Pair.make();
    const report = pair.report(true);
    const leaderEncryptedInputShare = { ...report.leaderEncryptedInputShare, configId: 99 };
    expect(await pair.upload({ ...report, leaderEncryptedInputShare })).toEqual([ReportError.outdatedConfig]);
  });

  test("the helper refuses what its own clock and the interval forbid", async () => {
    const pair = await Pair.make({ interval });
    const { leader, helper } = pair;
    const of = async (time: bigint, now: number) => {
      const report = pair.report(true, { time });
      const id = report.reportMetadata.reportId;
      const row = { id, time: Number(time), content: encodeReport(report) };
      const { inits } = await beginReports(leader.ctx, leader.task, [row], null);
      helper.ctx = { ...helper.ctx, clock: () => now };
      await helperJob(helper.ctx, helper.task, initRequest(null, inits));
    };
    const start = 30_000_000n - 10n;
    await of(start - 1n, pair.now);
    await of(start + 20n, pair.now + 3600);
    await of(start + 19n, pair.now);
    await of(2n ** 64n - 1n, pair.now);
    await of(start, pair.now);
    expect(await pair.counters("helper")).toEqual({
      ...{ "refused:task_not_started": 1, "refused:task_expired": 1, "refused:report_too_early": 2, aggregated: 1 },
    });
  });
});

describe("a report that comes again", () => {
  test("while it waits, while it is in a job, and when it is counted, is counted once", async () => {
    const pair = await Pair.make({ vdaf: { type: "Prio1", fields: 1 }, limits: { maxJobDelay: 0 } });
    const reports = [pair.report([1]), pair.report([0]), pair.report([1])];
    await pair.upload(...reports, ...reports);
    await pair.driver("leader").create();
    await pair.upload(...reports);
    while (await pair.round());
    await pair.upload(...reports);
    expect(await pair.collect()).toMatchObject({ count: 3, result: [2n] });
    expect(await pair.counters("leader")).toEqual({ aggregated: 3, collected: 3, "refused:report_replayed": 3 });
  });

  test("under the same id with other contents, is not that report", async () => {
    const pair = await Pair.make({ limits: { maxJobDelay: 0 } });
    const id = new Uint8Array(16).fill(1);
    await pair.upload(pair.report(true, { id }));
    while (await pair.round());
    await pair.upload(pair.report(false, { id }), pair.report(true), pair.report(true));
    expect(await pair.collect()).toMatchObject({ count: 3, result: 3n });
  });

  test("from a leader that sends it in another job, is refused by the helper alone", async () => {
    const pair = await Pair.make({ limits: { maxJobDelay: 0 } });
    const reports = [pair.report(true), pair.report(true), pair.report(false)];
    await pair.upload(...reports);
    while (await pair.round());
    // A leader without a replay record of its own.
    const { leader, helper } = pair;
    const more = [...reports, pair.report(true)];
    const rows = more.map((report) => ({
      ...{
        id: report.reportMetadata.reportId,
        time: Number(report.reportMetadata.time),
        content: encodeReport(report),
      },
    }));
    const { inits } = await beginReports(leader.ctx, leader.task, rows, null);
    await helperJob(helper.ctx, helper.task, initRequest(null, inits));
    expect(await pair.counters("helper")).toEqual({ aggregated: 4, "refused:report_replayed": 3 });
  });

  test("to another task, is another report", async () => {
    const pair = await Pair.make();
    const other = await Pair.make();
    // Sealed to the other task, whose id and configuration its shares are bound to.
    const stranger = other.report(true);
    const key = HpkeKeyPair.fromBytes(1, other.leader.keyPair.toBytes());
    pair.leader.ctx = { ...pair.leader.ctx, keys: { ...pair.leader.ctx.keys, pair: () => key } };
    await pair.upload(stranger);
    await pair.run(20);
    expect(await pair.counters("leader")).toEqual({ "refused:hpke_decrypt_error": 1 });
  });
});

test.each(["leader", "helper"] as const)(
  "a key that another process of the %s has just made is read first",
  async (role) => {
    const pair = await Pair.make();
    await pair.upload(pair.report(true));
    const { keys } = pair[role].ctx;
    let isRead = false;
    const refresh = () => {
      isRead = true;
      return Promise.resolve();
    };
    const late = { ...keys, pair: (id: number) => (isRead ? keys.pair(id) : undefined), refresh };
    pair[role].ctx = { ...pair[role].ctx, keys: late };
    await pair.run(20);
    expect(await pair.counters(role)).toEqual({ aggregated: 1 });
  },
);

test("two drivers on one store, and two of everything they do at once: nothing is counted twice", async () => {
  const pair = await Pair.make({ vdaf: { type: "Prio1", fields: 1 }, limits: { maxJobReports: 2, maxJobDelay: 0 } });
  await pair.upload(...Array.from({ length: 21 }, (_, i) => pair.report([i % 2])));
  const signal = new AbortController().signal;
  const worker = async () => {
    const driver = pair.driver("leader");
    for (let idle = 0; idle < 3; ) {
      const made = await driver.create();
      const jobs = await driver.acquire(2);
      await Promise.all(jobs.map((job) => driver.step(job, signal)));
      idle = made || jobs.length > 0 ? 0 : idle + 1;
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  expect(await pair.states("leader", "aggregate")).toEqual({ done: 11 });
  expect(await pair.collect()).toMatchObject({ count: 21, result: [10n] });
  expect(await pair.counters("helper")).toEqual({ aggregated: 21, collected: 21 });
});

test.each(["sync", "async"] as const)("two processes carry a job on by turns, with a %s helper", async (helperMode) => {
  const options = { vdaf: { type: "Prio1", fields: 1 }, limits: { maxJobDelay: 0 }, helperMode } as const;
  const pair = await Pair.make(options);
  await pair.upload(pair.report([1]), pair.report([0]), pair.report([1]));
  // What one has in memory of the job's first step is of no use when the other has done the second.
  const leaders = [pair.leader.ctx, { ...pair.leader.ctx }];
  const helpers = [pair.helper.ctx, { ...pair.helper.ctx }];
  for (let turn = 0; turn < 12; turn++, pair.now++) {
    pair.leader.ctx = leaders[turn % 2] ?? pair.leader.ctx;
    pair.helper.ctx = helpers[turn % 2] ?? pair.helper.ctx;
    await pair.round();
  }
  expect(await pair.states("leader", "aggregate")).toEqual({ done: 1 });
  expect(await pair.collect()).toMatchObject({ count: 3, result: [2n] });
});

test("a worker whose lease was lost writes nothing", async () => {
  const pair = await Pair.make({ limits: { maxJobDelay: 0 } });
  await pair.upload(pair.report(true), pair.report(true), pair.report(true));
  const signal = new AbortController().signal;
  const slow = pair.driver("leader");
  await slow.create();
  const [job] = await slow.acquire(1);
  if (job === undefined) throw new Error("expected a job");
  pair.now += 200;
  const fast = pair.driver("leader");
  const [again] = await fast.acquire(1);
  if (again === undefined) throw new Error("expected the job again");
  await Promise.all([slow.step(job, signal), fast.step(again, signal)]);
  await slow.step(job, signal);
  expect(await pair.collect()).toMatchObject({ count: 3, result: 3n });
  expect(await pair.counters("leader")).toEqual({ aggregated: 3, collected: 3 });
});
