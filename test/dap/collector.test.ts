// The collector against two aggregators: jobs that are made, polled, resumed and deleted, results that are checked, and
// what it says when there is none.

import { beforeEach, describe, expect, test } from "vitest";
import { DapClient } from "../../src/dap/client.js";
import {
  type CollectionJobState,
  type CollectionWait,
  DapCollector,
  type DapCollectorOptions,
} from "../../src/dap/collector.js";
import { DapError } from "../../src/dap/dap-error.js";
import { decodeInterval, HpkeKeyPair, PROBLEM_TYPES } from "../../src/dap/index.js";
import { Prio3Count } from "../../src/prio3/index.js";
import { answer, bodyOf, problem } from "./fake-fetch.js";
import { collectorKeys, FakePair, NOW, taskOf } from "./fake-pair.js";

const histogram = { type: "Prio3Histogram", length: 4, chunkLength: 2 } as const;
const task = taskOf(histogram, { minBatchSize: 3 });
const hour = 3_600_000;
const start = NOW - (NOW % hour);
const query = { start, end: start + hour };
const expected = {
  result: [1n, 2n, 0n, 0n],
  reportCount: 3,
  start: new Date(start),
  end: new Date(start + hour),
  noise: false,
};

let pair: FakePair;
beforeEach(async () => {
  pair = new FakePair(task);
  await new DapClient<number>(pair.options).uploadMany([0, 1, 1]);
});

const collectorOf = (options: Partial<DapCollectorOptions<bigint[]>> = {}) =>
  new DapCollector<bigint[]>({ ...pair.options, keyPair: collectorKeys, token: "secret token", ...options });

async function thrownBy(promise: Promise<unknown>): Promise<DapError> {
  return (await promise.then(
    () => undefined,
    (error: unknown) => error,
  )) as DapError;
}

test.each([
  ["no VDAF", { vdaf: undefined }, "vdaf: expected an object, got undefined"],
  ["no key pair", { keyPair: undefined }, "keyPair: expected an object, got undefined"],
  ["a name with a typing error", { tokne: "x" }, 'got "tokne"'],
])("%s is an error that names it", (_case, change, message) => {
  expect(() => collectorOf(change as never)).toThrow(
    expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) }),
  );
});

describe("a batch", () => {
  test("of an interval is collected, at once if the leader has it", async () => {
    expect(await collectorOf().collect({ start: new Date(query.start), end: new Date(query.end) })).toEqual(expected);
    const [request, ...others] = pair.fake.sent.filter(({ headers }) => "authorization" in headers);
    expect(others).toEqual([]);
    expect(request).toMatchObject({
      url: `https://leader.example/dap/tasks/${task.idText}/collection_jobs`,
      method: "POST",
      headers: {
        authorization: "Bearer secret token",
        "content-type": "application/ppm-dap;message=collection-job-req",
        accept: "application/ppm-dap;message=collection-job-resp",
      },
      redirect: "manual",
    });
    const [{ query: asked, aggParam, extensions }] = pair.jobs as [(typeof pair.jobs)[0]];
    expect([asked.batchMode, aggParam.length, extensions]).toEqual([1, 0, []]);
    expect(decodeInterval(asked.config)).toEqual({ start: task.timeAt(start / 1000), duration: 1n });
  });

  test("is waited for as long as the leader says, at the address that it gives", async () => {
    pair.polls = 3;
    const waits: CollectionWait[] = [];
    expect(await collectorOf().collect(query, { onWait: (wait) => waits.push(wait) })).toEqual(expected);
    expect(waits).toEqual(new Array(3).fill({ milliseconds: 5000, error: null }));
    expect(pair.fake.pauses).toEqual([5000, 5000, 5000]);
    const polls = pair.sent("/dap/jobs/1");
    expect(polls.map(({ method, headers }) => [method, headers["authorization"]])).toEqual(
      new Array(3).fill(["GET", "Bearer secret token"]),
    );
    expect(polls[0]?.url).toBe("https://leader.example/dap/jobs/1");
  });

  test("is asked for with growing pauses when the leader names none, and never too often or too seldom", async () => {
    const location = { location: pair.location };
    pair.instead["collection_jobs"] = [answer(201, "", location)];
    const later = ["", "", "", "0", "86400"].map((seconds) => answer(200, "", { "retry-after": seconds }));
    pair.instead["1"] = [...later];
    // The usual answer needs the request, which it did not see.
    pair.jobs.push({
      query: { batchMode: 1, config: new Uint8Array(16) },
      aggParam: new Uint8Array(0),
      extensions: [],
    });
    expect(await thrownBy(collectorOf().collect(query))).toMatchObject({ code: "cannot-open" });
    expect(pair.fake.pauses).toEqual([1000, 1500, 2250, 3375, 250, 3_600_000]);
  });

  test("of the leader's choice is collected", async () => {
    pair = new FakePair(taskOf(histogram, { batchMode: "leader-selected" }));
    await new DapClient<number>(pair.options).upload(3);
    expect(await collectorOf().collect("next-batch")).toMatchObject({ result: [0n, 0n, 0n, 1n], reportCount: 1 });
    expect(pair.jobs[0]?.query).toEqual({ batchMode: 2, config: new Uint8Array(0) });
  });

  test("with noise may have totals that no reports have", async () => {
    pair.noise = { sample: () => -5n };
    expect(await collectorOf({ noise: true }).collect(query)).toEqual({
      ...expected,
      result: [-9n, -8n, -10n, -10n],
      noise: true,
    });
    const error = await thrownBy(collectorOf().collect(query));
    expect(error).toMatchObject({ code: "mismatch", message: expect.stringContaining("noise that was not expected") });
  });
});

describe("a job", () => {
  test("is resumed from its state, before and after the leader has confirmed it", async () => {
    for (const until of [1, 2]) {
      pair.polls = 2;
      const states: string[] = [];
      const reason = new Error("Ctrl-C");
      const controller = new AbortController();
      const onState = (state: CollectionJobState) => {
        states.push(JSON.stringify(state));
        if (states.length === until) controller.abort(reason);
      };
      await expect(collectorOf().collect(query, { onState, signal: controller.signal })).rejects.toBe(reason);
      expect(states.map((text) => (JSON.parse(text) as CollectionJobState).job)).toEqual(
        [null, "https://leader.example/dap/jobs/1"].slice(0, until),
      );
      const before = pair.jobs.length;
      // Another process.
      expect(await collectorOf().collect(JSON.parse(states.at(-1) as string))).toEqual(expected);
      expect(pair.jobs.length - before).toBe(until === 1 ? 1 : 0);
    }
  });

  test("has a state without secrets, which goes on with the same request", async () => {
    const collector = collectorOf();
    const state = collector.job(query);
    expect(state).toEqual({ task: task.idText, request: expect.stringMatching(/^[\w-]+$/), job: null });
    const step = await collector.step(state);
    expect(step).toEqual({ state: { ...state, job: "https://leader.example/dap/jobs/1" }, collected: expected });
    pair.polls = 1;
    expect(await collector.step(step.state)).toEqual({ state: step.state, collected: null, retryAfter: 5 });
  });

  test("is deleted", async () => {
    const collector = collectorOf();
    const { state } = await collector.step(collector.job(query));
    await collector.delete(state);
    expect(pair.fake.sent.at(-1)).toMatchObject({ method: "DELETE", url: state.job });
    const { length } = pair.fake.sent;
    await collector.delete(collector.job(query));
    expect(pair.fake.sent.length).toBe(length);
    pair.instead["1"] = [problem(404, { title: "gone" })];
    expect(await thrownBy(collector.delete(state))).toMatchObject({ code: "refused", status: 404 });
  });

  test("outlives a leader that is away for a while, but one that never was there is an error", async () => {
    pair.polls = 2;
    pair.instead["1"] = new Array(12).fill(new TypeError("fetch failed"));
    const waits: CollectionWait[] = [];
    expect(await collectorOf().collect(query, { onWait: (wait) => waits.push(wait) })).toEqual(expected);
    expect(waits.map(({ error }) => error?.code ?? null)).toEqual([null, "unavailable", "unavailable", null]);
    pair.instead["collection_jobs"] = new Array(5).fill(answer(502));
    expect(await thrownBy(collectorOf().collect(query))).toMatchObject({ code: "unavailable", status: 502 });
  });

  test.each([
    ["jobs/1", "https://leader.example/dap/tasks/jobs/1"],
    ["/jobs/1", "https://leader.example/jobs/1"],
    ["https://leader.example/jobs/1", "https://leader.example/jobs/1"],
  ])("is where the leader says: %s", async (location, expectedUrl) => {
    pair.instead["collection_jobs"] = [
      answer(201, "", { location: location.replace("jobs", "../jobs") }, task.url("leader", "collection_jobs")),
    ];
    const collector = collectorOf();
    const { state } = await collector.step(collector.job(query));
    expect(new URL(state.job ?? "").href).toBe(
      location === "jobs/1" ? "https://leader.example/dap/tasks/jobs/1" : expectedUrl,
    );
  });

  test.each([
    "https://evil.example/jobs/1",
    "//evil.example/x",
    "http://leader.example/x",
    "https://leader.example:8443/",
    "ftp://leader.example/",
  ])("is never at another server, which would get the token: %s", async (location) => {
    pair.instead["collection_jobs"] = [answer(201, "", { location })];
    expect(await thrownBy(collectorOf().collect(query))).toMatchObject({ code: "malformed" });
    const collector = collectorOf();
    const state = { ...collector.job(query), job: new URL(location, "https://evil.example/").href };
    expect(await thrownBy(collector.step(state))).toMatchObject({ code: "mismatch" });
    expect(await thrownBy(collector.delete(state))).toMatchObject({ code: "mismatch" });
    expect(pair.fake.sent.filter(({ url }) => !url.startsWith("https://leader.example/"))).toHaveLength(1);
  });

  test("without an address is an error", async () => {
    pair.instead["collection_jobs"] = [answer(201)];
    expect((await thrownBy(collectorOf().collect(query))).message).toBe(
      "leader: collection job: it names no address of the job",
    );
  });

  test("of another task, or a state that is none, is an error", async () => {
    const collector = collectorOf();
    const state = collector.job(query);
    const other = collectorOf({ task: taskOf(histogram) }).job(query);
    expect(await thrownBy(collector.collect(other))).toMatchObject({ code: "mismatch" });
    for (const wrong of [null, {}, { ...state, request: "" }, { ...state, request: "?" }, { ...state, job: "x" }]) {
      const error = await thrownBy(collector.step(wrong as never));
      expect(error.name).toBe("PrioError");
    }
    expect(pair.jobs).toEqual([]);
  });
});

describe("a query", () => {
  test.each([
    [{ start: start + 1000, end: start + hour }, "out-of-range"],
    [{ start, end: start + hour / 2 }, "out-of-range"],
    [{ start, end: start }, "out-of-range"],
    [{ start: start + hour, end: start }, "out-of-range"],
    [{ start: -hour, end: start }, "out-of-range"],
    [{ start: new Date(Number.NaN), end: start }, "out-of-range"],
    [{ start, end: Number.POSITIVE_INFINITY }, "out-of-range"],
    ["next-batch", "mismatch"],
    [null, "invalid-argument"],
    ["next", "invalid-argument"],
  ])("that the task cannot answer is an error before anything is sent: %j", async (wrong, code) => {
    const { length } = pair.fake.sent;
    expect(await thrownBy(collectorOf().collect(wrong as never))).toMatchObject({ code });
    expect(pair.fake.sent.length).toBe(length);
  });

  test("is of the task's batch mode and interval", async () => {
    const selected = taskOf(histogram, { batchMode: "leader-selected" });
    expect(await thrownBy(collectorOf({ task: selected }).collect(query))).toMatchObject({ code: "mismatch" });
    const short = taskOf(histogram, { interval: { start: start / 1000, duration: 3600 } });
    expect(collectorOf({ task: short }).job(query).job).toBeNull();
    for (const [from, to] of [
      [-1, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const wrong = { start: start + from * hour, end: start + to * hour };
      expect(() => collectorOf({ task: short }).job(wrong)).toThrow(expect.objectContaining({ code: "out-of-range" }));
    }
  });
});

describe("a result", () => {
  type Resp = Parameters<Parameters<FakePair["result"]>[0] & object>[0];
  const changed = (change: (resp: Resp) => Resp) => {
    pair.instead["collection_jobs"] = [
      (request) => {
        pair.usual(request);
        return answer(200, pair.result(change));
      },
    ];
    return thrownBy(collectorOf().collect(query));
  };
  const time = task.timeAt(start / 1000);

  test.each<[string, Partial<Resp>]>([
    ["too few reports", { reportCount: 2n }],
    ["more reports than can be", { reportCount: 2n ** 64n - 1n }],
    ["an earlier time", { interval: { start: time - 1n, duration: 1n } }],
    ["a later time", { interval: { start: time, duration: 2n } }],
    ["no time", { interval: { start: time, duration: 0n } }],
    ["a time past all dates", { interval: { start: 2n ** 64n - 1n, duration: 2n ** 64n - 1n } }],
  ])("with %s is an error", async (_, change) => {
    const error = await changed((resp) => ({ ...resp, ...change }));
    expect(error).toBeInstanceOf(DapError);
    expect(error).toMatchObject({ code: "malformed", server: "leader" });
  });

  test("of the leader's choice has a time", async () => {
    pair = new FakePair(taskOf(histogram, { batchMode: "leader-selected" }));
    await new DapClient<number>(pair.options).upload(3);
    pair.instead["collection_jobs"] = [
      (request) => {
        pair.usual(request);
        return answer(
          200,
          pair.result((resp) => ({ ...resp, interval: { start: time, duration: 0n } })),
        );
      },
    ];
    expect(await thrownBy(collectorOf().collect("next-batch"))).toMatchObject({ code: "malformed" });
  });

  test("whose shares are swapped, changed or another task's does not open, and the error says which", async () => {
    const swapped = await changed((resp) => ({
      ...resp,
      leaderEncryptedAggShare: resp.helperEncryptedAggShare,
      helperEncryptedAggShare: resp.leaderEncryptedAggShare,
    }));
    expect(swapped).toMatchObject({ code: "cannot-open", message: expect.stringContaining("the leader's share") });
    const other = await changed((resp) => ({
      ...resp,
      helperEncryptedAggShare: { ...resp.helperEncryptedAggShare, payload: resp.leaderEncryptedAggShare.payload },
    }));
    expect(other).toMatchObject({ code: "cannot-open", message: expect.stringContaining("the helper's share") });
    const id = await changed((resp) => ({
      ...resp,
      helperEncryptedAggShare: { ...resp.helperEncryptedAggShare, configId: 77 },
    }));
    expect(id).toMatchObject({
      code: "cannot-open",
      message: expect.stringContaining("the id 77, and this one has 9"),
    });
  });

  test("of shares that do not belong together is an error", async () => {
    pair.leader.share = pair.vdaf.aggregateInit();
    expect(await thrownBy(collectorOf().collect(query))).toMatchObject({ code: "mismatch" });
  });

  test("of which half is missing is asked for again", async () => {
    const { jobs } = pair;
    pair.polls = 1;
    const collector = collectorOf();
    const { state } = await collector.step(collector.job(query));
    const bytes = pair.result();
    for (const length of [1, 8, 24, 100, bytes.length - 1]) {
      const half = bytes.subarray(0, length);
      pair.instead["1"] = [{ ...answer(200), ...bodyOf([half], "broken") }, answer(200, half)];
      expect(await collector.collect(state)).toEqual(expected);
    }
    expect(jobs.length).toBe(1);
    // Far too long.
    pair.instead["1"] = new Array(5).fill(answer(200, new Uint8Array(100_000)));
    expect(await thrownBy(collector.collect(state))).toMatchObject({ code: "malformed" });
  });
});

test.each(["batchInvalid", "batchOverlap", "invalidBatchSize", "batchMismatch", "unrecognizedTask"] as const)(
  "%s is explained",
  async (name) => {
    pair.polls = 1;
    pair.instead["1"] = [problem(400, { type: PROBLEM_TYPES[name], detail: "details" })];
    const error = await thrownBy(collectorOf().collect(query));
    expect(error).toMatchObject({ code: "refused", problem: { type: name } });
    expect(error.message).toMatch(new RegExp(`^leader: collection job: .{40,} \\(${name}; it says: "details"\\)$`));
  },
);

test("a wrong token is an error that does not show it", async () => {
  pair.instead["collection_jobs"] = [answer(401)];
  const error = await thrownBy(collectorOf().collect(query));
  expect(error.message).toBe("leader: collection job: the server does not accept the token (status 401)");
  expect(JSON.stringify(error)).not.toContain("secret");
});

test("key pair and VDAF are the task's", () => {
  for (const keyPair of [HpkeKeyPair.generate(9), HpkeKeyPair.fromBytes(8, collectorKeys.toBytes())]) {
    expect(() => collectorOf({ keyPair })).toThrow(expect.objectContaining({ code: "mismatch" }));
  }
  expect(() => collectorOf({ vdaf: new Prio3Count() as never })).toThrow(expect.objectContaining({ code: "mismatch" }));
});

test("header fields besides the token are sent", async () => {
  await collectorOf({ headers: { "DAP-Auth-Token": "x" } }).collect(query);
  expect(pair.sent("/collection_jobs")[0]?.headers).toMatchObject({
    "dap-auth-token": "x",
    authorization: "Bearer secret token",
  });
});
