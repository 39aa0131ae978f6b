// Collection jobs: which requests are taken, when a batch closes, and that it is collected once.

import {
  BatchMode,
  type CollectionJobReq,
  decodeAggregateShareReq,
  encodeAggregateShareReq,
  encodeReport,
} from "prio/dap";
import { describe, expect, test } from "vitest";
import { initRequest } from "../../src/jobs/init-request.js";
import type { ProblemName } from "../../src/problem.js";
import { createAggregateShare, readAggregateShare } from "../../src/protocol/helper/aggregate-shares.js";
import { createAggregationJob } from "../../src/protocol/helper/create-aggregation-job.js";
import {
  createCollectionJob,
  deleteCollectionJob,
  readCollectionJob,
} from "../../src/protocol/leader/collection-jobs.js";
import { beginReports } from "../../src/protocol/leader/turns.js";
import type { Store } from "../../src/store/store.js";
import { Pair, type PairOptions, respond } from "../support/pair.js";

const START = 30_000_000n;
const ALL = { start: START - 1000n, duration: 2000n };

/** The name of the problem that a promise ends with. */
async function problemOf(promise: Promise<unknown>): Promise<ProblemName | "none"> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return (error as { type: ProblemName }).type;
  }
}

const create = (pair: Pair, body: Uint8Array) => createCollectionJob(pair.leader.ctx, pair.leader.task, body);

async function upload(pair: Pair, n: number, time = pair.time): Promise<void> {
  await pair.upload(...Array.from({ length: n }, () => pair.report(true, { time })));
}

async function pairOf(n: number, options: PairOptions = {}): Promise<Pair> {
  const pair = await Pair.make(options);
  await upload(pair, n);
  return pair;
}

describe("requests that no job is made of", () => {
  const extension = (extensionType: number) => ({ extensionType, extensionData: new Uint8Array(0) });
  const interval = { start: 5n, duration: 1n };
  const CASES: Record<
    string,
    { readonly change?: Partial<CollectionJobReq>; readonly body?: Uint8Array; readonly problem: ProblemName }
  > = {
    "an aggregation parameter": { change: { aggParam: Uint8Array.of(1) }, problem: "invalidAggregationParameter" },
    "another batch mode": {
      change: { query: { batchMode: BatchMode.leaderSelected, config: new Uint8Array(0) } },
      problem: "invalidMessage",
    },
    "a batch mode that there is not": {
      change: { query: { batchMode: 7, config: new Uint8Array(0) } },
      problem: "invalidMessage",
    },
    "an interval cut short": {
      change: { query: { batchMode: BatchMode.timeInterval, config: new Uint8Array(15) } },
      problem: "invalidMessage",
    },
    "an unknown extension": { change: { extensions: [extension(5)] }, problem: "unsupportedExtension" },
    "extensions out of order": { change: { extensions: [extension(5), extension(4)] }, problem: "invalidExtension" },
    "an extension twice": { change: { extensions: [extension(5), extension(5)] }, problem: "invalidExtension" },
    "no bytes": { body: new Uint8Array(0), problem: "invalidMessage" },
    "other bytes": { body: new Uint8Array(100).fill(255), problem: "invalidMessage" },
  };
  test.each(Object.entries(CASES))("%s", async (_name, { change, body, problem }) => {
    const pair = await Pair.make();
    expect(await problemOf(create(pair, body ?? pair.query(interval, change)))).toBe(problem);
    expect(await pair.states("leader", "collect")).toEqual({});
  });

  test.each([
    ["of length 0", 5n, 0n],
    ["that ends after the last time", 2n ** 64n - 1n, 1n],
    ["whose end is beyond 64 bits", 2n ** 63n, 2n ** 63n],
    ["as long as there is none", 1n, 2n ** 64n - 1n],
  ])("an interval %s", async (_name, start, duration) => {
    const pair = await Pair.make();
    expect(await problemOf(create(pair, pair.query({ start, duration })))).toBe("batchInvalid");
  });

  test("a query with contents for the leader's next batch, and one for an interval", async () => {
    const pair = await Pair.make({ batchMode: "leader-selected" });
    const query = { batchMode: BatchMode.leaderSelected, config: new Uint8Array(32) };
    expect(await problemOf(create(pair, pair.query(undefined, { query })))).toBe("invalidMessage");
    expect(await problemOf(create(pair, pair.query(interval)))).toBe("invalidMessage");
  });
});

describe("intervals", () => {
  test("with more reports than jobs can take at once are collected whole, and looked at in parts", async () => {
    // The leader makes at most 32 jobs at once.
    const pair = await pairOf(150, { limits: { maxJobReports: 1 } });
    const counted: number[] = [];
    const { store } = pair.leader.ctx;
    const counting: Store = {
      ...store,
      run: (name, body) =>
        store.run(name, (tx) =>
          body({
            ...tx,
            async countWaiting(...args) {
              counted.push(await tx.countWaiting(...args));
              return counted.at(-1) ?? 0;
            },
          }),
        ),
    };
    pair.leader.ctx = { ...pair.leader.ctx, store: counting };
    expect(await pair.collect()).toMatchObject({ count: 150 });
    expect(Math.max(...counted)).toBe(33);
  });

  test("as long as can be, in which nothing is counted one by one", async () => {
    const pair = await pairOf(3);
    const collected = await pair.collect({ start: 0n, duration: 2n ** 64n - 1n });
    expect(collected).toMatchObject({ count: 3, interval: { start: START, duration: 1n } });
    // All of time is collected.
    await upload(pair, 1, START - 500n);
    pair.now += 86_400;
    await upload(pair, 1);
    await pair.run(20);
    expect(await pair.counters("leader")).toMatchObject({ "refused:batch_collected": 2 });
  });

  test("of one bucket, with what is before and after it left alone", async () => {
    const pair = await Pair.make({ minBatchSize: 2 });
    for (const offset of [-2n, -1n, -1n, -1n, 0n, 0n]) await upload(pair, 1, START + offset);
    expect(await pair.collect({ start: START - 1n, duration: 1n })).toMatchObject({
      ...{ count: 3, interval: { start: START - 1n, duration: 1n } },
    });
    expect(await pair.collect({ start: START, duration: 5n })).toMatchObject({ count: 2 });
    await upload(pair, 1, START - 2n);
    expect(await pair.collect({ start: START - 2n, duration: 1n })).toMatchObject({ count: 2 });
  });

  test("the result's interval is the smallest with all its reports", async () => {
    const pair = await Pair.make({ minBatchSize: 2 });
    await upload(pair, 1, START - 700n);
    await upload(pair, 1, START - 3n);
    expect(await pair.collect(ALL)).toMatchObject({ count: 2, interval: { start: START - 700n, duration: 698n } });
  });
});

describe("waiting", () => {
  test("for enough reports, and then for none", async () => {
    const pair = await pairOf(2);
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    await pair.run(100, 5);
    expect(await readCollectionJob(pair.leader.ctx, pair.leader.task, id)).toMatchObject({
      ...{ body: null, retryAfter: 5, message: "CollectionJobResp" },
    });
    expect(pair.requests.filter(({ path }) => path === "/aggregate_shares")).toEqual([]);
    await upload(pair, 1);
    await pair.run();
    expect(await pair.fetch(id, body)).toMatchObject({ count: 3 });
  });

  test("reports that are refused do not make a batch large enough", async () => {
    const pair = await pairOf(2);
    const bad = pair.report(true);
    const helperEncryptedInputShare = { ...bad.helperEncryptedInputShare, configId: 90 };
    await pair.upload({ ...bad, helperEncryptedInputShare });
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    await pair.run(100, 5);
    expect(await pair.fetch(id, body)).toBeNull();
    expect(await pair.states("leader", "collect")).toEqual({ waiting: 1 });
    await upload(pair, 1);
    await pair.run();
    expect(await pair.fetch(id, body)).toMatchObject({ count: 3 });
  });

  test("nor do reports that came before", async () => {
    const pair = await Pair.make({ limits: { maxJobDelay: 0 } });
    const reports = [pair.report(true), pair.report(true)];
    await pair.upload(...reports);
    while (await pair.round());
    await pair.upload(...reports);
    pair.leader.task = { ...pair.leader.task, limits: { ...pair.leader.task.limits, maxJobDelay: 1000 } };
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    await pair.run(20);
    expect(await pair.counters("leader")).toEqual({ aggregated: 2, "refused:report_replayed": 2 });
    expect(await pair.states("leader", "collect")).toEqual({ waiting: 1 });
    await upload(pair, 1);
    await pair.run();
    expect(await pair.fetch(id, body)).toMatchObject({ count: 3 });
  });

  test("for jobs that go on, of which the batch may be part", async () => {
    const pair = await pairOf(3, { limits: { maxJobDelay: 0 } });
    const direct = pair.peer;
    let isAway = true;
    pair.peer = { send: (...args) => (isAway ? Promise.resolve(respond(503)) : direct.send(...args)) };
    await pair.run(5);
    await upload(pair, 3);
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    await pair.run(60);
    expect(await pair.states("leader", "collect")).toEqual({ draining: 1 });
    isAway = false;
    await pair.run(700, 10);
    expect(await pair.fetch(id, body)).toMatchObject({ count: 6 });
  });

  test.each([0, 20])("no job is made of reports that come while a batch is drained, with %s others", async (others) => {
    const pair = await pairOf(3, { limits: { maxJobDelay: 0, maxJobReports: 3 } });
    const direct = pair.peer;
    // Each answer lets three more reports in: without an end, the batch would never be drained.
    pair.peer = {
      async send(...args) {
        await upload(pair, 3);
        return direct.send(...args);
      },
    };
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    for (let i = 1; i <= others; i++) await pair.ask(pair.query({ start: BigInt(i), duration: 1n }));
    await pair.run(60);
    const collected = await pair.fetch(id, body);
    expect(collected?.count).toBeGreaterThanOrEqual(3);
    expect(collected?.count).toBeLessThanOrEqual(15);
    const { aggregated = 0, collected: counted, ...refused } = await pair.counters("leader");
    expect(aggregated).toBe(collected?.count);
    expect(counted).toBe(collected?.count);
    expect(refused["refused:batch_collected"]).toBeGreaterThan(0);
    expect(await pair.counters("helper")).toEqual({ aggregated, collected: counted });
  });
});

test("a task has a thousand collection jobs at a time, and takes more when there is room", async () => {
  const pair = await pairOf(0);
  const ask = (start: number) => create(pair, pair.query({ start: BigInt(start), duration: 1n }));
  let id = "";
  for (let i = 0; i < 1000; i++) id = (await ask(i)).location?.split("/").at(-1) ?? "";
  expect(await problemOf(ask(1000))).toBe("tooManyRequests");
  expect((await ask(999)).body).toBeNull();
  await deleteCollectionJob(pair.leader.ctx, pair.leader.task, Buffer.from(id, "base64url"));
  expect((await ask(1000)).body).toBeNull();
  expect(await problemOf(ask(999))).toBe("tooManyRequests");
});

test("the more collection jobs a task has, the more rarely each is looked at", async () => {
  const pair = await pairOf(0);
  for (let i = 0; i < 200; i++) await create(pair, pair.query({ start: BigInt(i), duration: 1n }));
  const { store } = pair.leader.ctx;
  const { run } = store;
  let looks = 0;
  store.run = (name, body) => {
    if (name === "look at batch") looks++;
    return run.call(store, name, body) as ReturnType<typeof body>;
  };
  await pair.run(60, 5);
  // Once, and then every 20 seconds.
  expect(looks).toBe(800);
});

describe("once", () => {
  test("the same request is the same job, before and after, and its bytes stay", async () => {
    const pair = await pairOf(3);
    const body = pair.query(ALL);
    const first = await create(pair, body);
    expect(first).toMatchObject({ body: null });
    expect(await create(pair, body)).toEqual(first);
    await pair.run();
    const done = await create(pair, body);
    expect(done.location).toBe(first.location);
    expect(pair.open(done.body as Uint8Array, body)).toMatchObject({ count: 3 });
    await upload(pair, 3);
    await pair.run(60);
    expect(await create(pair, body)).toEqual(done);
    expect(await pair.counters("leader")).toEqual({ aggregated: 3, collected: 3, "refused:batch_collected": 3 });
  });

  test.each([
    ["the same times in other words", START - 999n, 1999n],
    ["its first bucket", START - 1000n, 1n],
    ["its last bucket", START + 999n, 10n],
    ["more than it", 0n, 2n ** 40n],
  ])("an interval that overlaps a collected one: %s", async (_name, start, duration) => {
    const pair = await pairOf(3);
    await pair.collect(ALL);
    expect(await problemOf(create(pair, pair.query({ start, duration })))).toBe("batchOverlap");
  });

  test("intervals beside a collected one are others", async () => {
    const pair = await pairOf(3);
    await pair.collect(ALL);
    for (const start of [ALL.start - 5n, ALL.start + ALL.duration]) {
      expect(await problemOf(create(pair, pair.query({ start, duration: 5n })))).toBe("none");
    }
  });

  test("of two overlapping jobs that wait, one is fulfilled, and the other has failed", async () => {
    const pair = await Pair.make();
    const bodies = [pair.query(ALL), pair.query({ start: START, duration: 1n })];
    const ids: Uint8Array[] = [];
    for (const body of bodies) ids.push(await pair.ask(body));
    await upload(pair, 3);
    await pair.run();
    const { ctx, task } = pair.leader;
    const outcomes = await Promise.all(ids.map((id) => problemOf(readCollectionJob(ctx, task, id))));
    expect(outcomes.sort()).toEqual(["batchOverlap", "none"]);
    expect((await pair.counters("leader"))["collected"]).toBe(3);
  });

  test("a job that is not there", async () => {
    const pair = await Pair.make();
    const { ctx, task } = pair.leader;
    expect(await problemOf(readCollectionJob(ctx, task, new Uint8Array(16)))).toBe("notFound");
    expect(await problemOf(deleteCollectionJob(ctx, task, new Uint8Array(16)))).toBe("notFound");
  });
});

describe("the leader's next batch", () => {
  const options: PairOptions = { batchMode: "leader-selected", limits: { maxJobReports: 2, maxJobDelay: 0 } };

  test("is the same until it was fetched, and then another", async () => {
    const pair = await pairOf(12, options);
    const body = pair.query();
    const id = await pair.ask(body);
    await pair.run();
    // The result is there, and asking again is no way to lose it.
    expect(await create(pair, body)).toMatchObject({ body: null });
    expect(await pair.ask(body)).toEqual(id);
    const first = await pair.fetch(id, body);
    const next = await pair.ask(body);
    expect(next).not.toEqual(id);
    await pair.run();
    const second = await pair.fetch(next, body);
    // What was fetched can be fetched again.
    expect(await pair.fetch(id, body)).toEqual(first);
    const sizes = [first?.count, second?.count];
    expect(sizes.every((n) => n !== undefined && n >= 3 && n <= 4)).toBe(true);
    const third = await pair.ask(body);
    await pair.run();
    const last = await pair.fetch(third, body);
    expect((first?.count ?? 0) + (second?.count ?? 0) + (last?.count ?? 0)).toBe(12);
    const fourth = await pair.ask(body);
    await pair.run(60);
    expect(await pair.fetch(fourth, body)).toBeNull();
  });

  test("has at least as many reports as it must, whatever is refused, and with several workers", async () => {
    const pair = await Pair.make({ ...options, minBatchSize: 5 });
    for (let i = 0; i < 30; i++) {
      const report = pair.report(true);
      const configId = i % 3 === 0 ? 80 : report.helperEncryptedInputShare.configId;
      await pair.upload({ ...report, helperEncryptedInputShare: { ...report.helperEncryptedInputShare, configId } });
    }
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
    await Promise.all([worker(), worker()]);
    const body = pair.query();
    const sizes: number[] = [];
    for (;;) {
      const id = await pair.ask(body);
      await pair.run();
      const collected = await pair.fetch(id, body);
      if (collected === null) break;
      sizes.push(collected.count);
    }
    expect(sizes.every((n) => n >= 5)).toBe(true);
    const buckets = await pair.leader.ctx.store.run("test", (tx) => tx.buckets(1, 10));
    const left = buckets.reduce((sum, { count }) => sum + count, 0);
    expect(sizes.reduce((a, b) => a + b, 0) + left).toBe(20);
    // A batch that lost reports got others, until there were none.
    expect(left).toBeLessThan(5);
    expect((await pair.counters("helper"))["aggregated"]).toBe(20);
  });

  test("a report is not taken again in another batch", async () => {
    const pair = await Pair.make(options);
    const reports = Array.from({ length: 3 }, () => pair.report(true));
    await pair.upload(...reports);
    await pair.collect();
    await pair.upload(...reports);
    await pair.run(20);
    expect(await pair.counters("leader")).toMatchObject({ "refused:report_replayed": 3, aggregated: 3 });
  });
});

describe("the aggregate share", () => {
  test("has its noise once at each, and the same bytes for every request", async () => {
    let draws = 0;
    const noise = { sample: () => BigInt(++draws) };
    const pair = await Pair.make({
      noise: { leader: noise, helper: noise },
      vdaf: { type: "Prio3Sum", maxMeasurement: "1000000" },
    });
    // The answer is lost a few times, and the leader is restarted.
    const direct = pair.peer;
    let losses = 3;
    pair.peer = {
      async send(...args) {
        const response = await direct.send(...args);
        if (args[1].path !== "/aggregate_shares" || losses-- <= 0) return response;
        pair.restart("leader");
        return respond(502);
      },
    };
    await pair.upload(...[1, 2, 30].map((n) => pair.report(n)));
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    await pair.run(60);
    expect(draws).toBe(2);
    const asked = pair.requests.filter(({ path }) => path === "/aggregate_shares");
    expect(asked.length).toBe(4);
    expect(new Set(asked.map((request) => Buffer.from(request.body ?? []).toString("hex"))).size).toBe(1);
    const { ctx, task } = pair.helper;
    const share = await createAggregateShare(ctx, task, asked[0]?.body as Uint8Array);
    const name = Buffer.from(share.location?.split("/").at(-1) ?? "", "base64url");
    expect(await readAggregateShare(ctx, task, name)).toEqual(share);
    expect((await pair.fetch(id, body))?.result).toBe(33n + 1n + 2n);
    expect(draws).toBe(2);
  });

  test("a helper that counted others disputes the batch, and it stays closed", async () => {
    const pair = await pairOf(3);
    const direct = pair.peer;
    pair.peer = {
      send(task, request, signal) {
        if (request.path !== "/aggregate_shares") return direct.send(task, request, signal);
        const message = decodeAggregateShareReq(request.body as Uint8Array);
        const checksum = message.checksum.map((byte, i) => (i === 31 ? byte ^ 1 : byte)) as typeof message.checksum;
        return direct.send(task, { ...request, body: encodeAggregateShareReq({ ...message, checksum }) }, signal);
      },
    };
    const body = pair.query(ALL);
    const id = await pair.ask(body);
    await pair.run();
    const { ctx, task } = pair.leader;
    expect(await problemOf(readCollectionJob(ctx, task, id))).toBe("batchMismatch");
    expect(await pair.states("leader", "collect")).toEqual({ failed: 1 });
    const [job] = await ctx.store.run("test", (tx) => tx.jobs(1, "collect", 1));
    expect(job?.problem).toMatch(/^the helper refused: batchMismatch/);
    expect(await problemOf(create(pair, pair.query({ start: START, duration: 1n })))).toBe("batchOverlap");
  });

  test("waits for a helper that is away, or that does not know the task, for as long as it takes", async () => {
    for (const status of [401, 404, 500]) {
      const pair = await pairOf(3);
      const direct = pair.peer;
      let isAway = true;
      pair.peer = {
        send: (...args) =>
          isAway && args[1].path === "/aggregate_shares"
            ? Promise.resolve(respond(status, { body: Buffer.from("x") }))
            : direct.send(...args),
      };
      const body = pair.query(ALL);
      const id = await pair.ask(body);
      await pair.run(5000, 50);
      expect(await pair.states("leader", "collect")).toEqual({ closed: 1 });
      isAway = false;
      await pair.run(700, 10);
      expect(await pair.fetch(id, body)).toMatchObject({ count: 3, result: 3n });
    }
  });

  test("of a helper that answers later is asked for where it said", async () => {
    const pair = await pairOf(3);
    const direct = pair.peer;
    const paths: string[] = [];
    pair.peer = {
      async send(task, request, signal) {
        if (!request.path.startsWith("/aggregate_shares")) return direct.send(task, request, signal);
        paths.push(`${request.method} ${request.path.slice(0, 18)}`);
        const response = await direct.send(task, request, signal);
        return paths.length < 3 ? { ...response, contentType: null, body: new Uint8Array(0), retryAfter: 4 } : response;
      },
    };
    expect(await pair.collect(ALL)).toMatchObject({ count: 3 });
    expect(paths).toEqual(
      ["POST /aggregate_shares", "GET /aggregate_shares/", "GET /aggregate_shares/"].map((x) => x.slice(0, 23)),
    );
  });
});

describe("the helper's own checks", () => {
  /** A pair whose three reports are counted at both, and the leader's request for their share. */
  async function askedFor(options: PairOptions = {}) {
    const pair = await pairOf(3, options);
    let body = new Uint8Array(0) as Uint8Array;
    const direct = pair.peer;
    pair.peer = {
      send(task, request, signal) {
        if (request.path !== "/aggregate_shares") return direct.send(task, request, signal);
        body = request.body as Uint8Array;
        return Promise.resolve(respond(500));
      },
    };
    await pair.ask(pair.query(options.batchMode === "leader-selected" ? undefined : ALL));
    await pair.run();
    const message = decodeAggregateShareReq(body);
    const ask = (change: Partial<typeof message>) =>
      createAggregateShare(pair.helper.ctx, pair.helper.task, encodeAggregateShareReq({ ...message, ...change }));
    return { pair, message, ask };
  }

  test("counts, checksums, sizes and overlaps", async () => {
    const { pair, message, ask } = await askedFor();
    expect(await problemOf(ask({ reportCount: 2n }))).toBe("batchMismatch");
    expect(await problemOf(ask({ reportCount: 4n }))).toBe("batchMismatch");
    expect(await problemOf(ask({ checksum: new Uint8Array(32) }))).toBe("batchMismatch");
    const { helper } = pair;
    const strict = { ...helper.task, dap: Object.create(helper.task.dap, { minBatchSize: { value: 4 } }) };
    const task = helper.task;
    helper.task = strict;
    expect(await problemOf(ask({}))).toBe("invalidBatchSize");
    helper.task = task;
    // Nothing of this has closed the batch.
    const share = await ask({});
    expect(share.body).not.toBeNull();
    expect(await ask({})).toEqual(share);
    expect(await problemOf(ask({ reportCount: 2n }))).toBe("batchOverlap");
    expect(message.batchSelector.batchMode).toBe(BatchMode.timeInterval);
  });

  test("selectors, parameters and extensions", async () => {
    const { pair, message, ask } = await askedFor();
    const selector = (start: bigint, duration: bigint) => ({
      batchSelector: decodeAggregateShareReq(encodeAggregateShareReq(message)).batchSelector && {
        ...{ batchMode: BatchMode.timeInterval, config: intervalBytes(start, duration) },
      },
    });
    expect(await problemOf(ask(selector(ALL.start - 1n, 2000n)))).toBe("batchInvalid");
    expect(await problemOf(ask(selector(ALL.start, 2001n)))).toBe("batchInvalid");
    expect(await problemOf(ask(selector(ALL.start, 0n)))).toBe("batchInvalid");
    expect(await problemOf(ask(selector(2n ** 64n - 1n, 9n)))).toBe("batchInvalid");
    expect(await problemOf(ask({ batchSelector: { batchMode: 2, config: new Uint8Array(32) } }))).toBe(
      "invalidMessage",
    );
    expect(await problemOf(ask({ batchSelector: { batchMode: 1, config: new Uint8Array(3) } }))).toBe("invalidMessage");
    const withRequest = (change: Partial<CollectionJobReq>) =>
      ask({ collectionJobReq: { ...message.collectionJobReq, ...change } });
    expect(await problemOf(withRequest({ aggParam: Uint8Array.of(1) }))).toBe("invalidMessage");
    const extensions = [{ extensionType: 3, extensionData: new Uint8Array(0) }];
    expect(await problemOf(withRequest({ extensions }))).toBe("unsupportedExtension");
    expect(await problemOf(withRequest({ extensions: [...extensions, ...extensions] }))).toBe("invalidExtension");
    const { ctx, task } = pair.helper;
    expect(await problemOf(createAggregateShare(ctx, task, new Uint8Array(9)))).toBe("invalidMessage");
    // An interval within the collector's, with the same reports, is as good.
    expect((await ask(selector(START, 1n))).body).not.toBeNull();
  });

  test("batches of the leader", async () => {
    const { ask } = await askedFor({ batchMode: "leader-selected" });
    expect(await problemOf(ask({ batchSelector: { batchMode: 2, config: new Uint8Array(32) } }))).toBe(
      "invalidBatchSize",
    );
    expect(await problemOf(ask({ batchSelector: { batchMode: 2, config: new Uint8Array(31) } }))).toBe(
      "invalidMessage",
    );
    const { body } = await ask({});
    expect(body).not.toBeNull();
    expect(await problemOf(ask({ reportCount: 9n }))).toBe("batchOverlap");
  });
});

test("a late report of a collected batch is refused by both", async () => {
  const pair = await pairOf(3);
  await pair.collect(ALL);
  await upload(pair, 1);
  await pair.run(20);
  expect(await pair.counters("leader")).toMatchObject({ "refused:batch_collected": 1 });
  // A leader that has forgotten that it was collected sends one all the same.
  const { leader, helper } = pair;
  const late = pair.report(true);
  const row = { id: late.reportMetadata.reportId, time: Number(pair.time), content: encodeReport(late) };
  const { inits } = await beginReports(leader.ctx, leader.task, [row], null);
  await createAggregationJob(helper.ctx, helper.task, initRequest(null, inits));
  expect(await pair.counters("helper")).toEqual({ aggregated: 3, collected: 3, "refused:batch_collected": 1 });
});

function intervalBytes(start: bigint, duration: bigint) {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, start);
  view.setBigUint64(8, duration);
  return bytes;
}
