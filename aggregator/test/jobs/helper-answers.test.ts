// What the leader makes of a helper that contradicts itself, refuses reports, or does not answer.

import {
  type AggregationJobResp,
  decodeAggregationJobResp,
  encodeAggregationJobResp,
  MEDIA_TYPES,
  PROBLEM_TYPES,
  ReportError,
  type VerifyResp,
  VerifyRespType,
} from "prio/dap";
import { describe, expect, test } from "vitest";
import { type PeerRequest, type PeerResponse, PeerUnavailable } from "../../src/jobs/peer.js";
import { Pair, type PairOptions, respond } from "../support/pair.js";

const COUNT: PairOptions = { vdaf: { type: "Prio3Count" } };
const PRIO1: PairOptions = { vdaf: { type: "Prio1", fields: 1 } };

/** A pair with three waiting reports of 1, 0 and 1. */
async function pairWithReports(options: PairOptions): Promise<Pair> {
  const pair = await Pair.make(options);
  const isCount = options.vdaf?.type === "Prio3Count";
  await pair.upload(...[1, 0, 1].map((x) => pair.report(isCount ? x === 1 : [x])));
  pair.now += 20;
  return pair;
}

/** Puts something in the way of the helper's answers; `change` gets those to the n-th request, from 0 on. */
function change(pair: Pair, n: number, by: (response: PeerResponse, request: PeerRequest) => PeerResponse): void {
  const { peer } = pair;
  let at = 0;
  pair.peer = {
    async send(task, request, signal) {
      const response = await peer.send(task, request, signal);
      return at++ === n ? by(response, request) : response;
    },
  };
}

const resps = (by: (list: VerifyResp[]) => VerifyResp[]) => (response: PeerResponse) => ({
  ...response,
  body: encodeAggregationJobResp({
    verifyResps: by([...(decodeAggregationJobResp(response.body) as AggregationJobResp).verifyResps]),
  }),
});

const other = new Uint8Array(16).fill(7);
const CONTRADICTIONS: Record<string, (response: PeerResponse) => PeerResponse> = {
  "another id": resps(([first, ...rest]) => [{ ...(first as VerifyResp), reportId: other }, ...rest]),
  "another order": resps((list) => list.reverse()),
  "a report missing": resps(([, ...rest]) => rest),
  "a report more": resps((list) => [...list, { ...(list[0] as VerifyResp), reportId: other }]),
  "a report twice": resps((list) => [...list, list[0] as VerifyResp]),
  "an answer cut short": (response) => ({ ...response, body: response.body.subarray(0, -1) }),
  "bytes after the answer": (response) => ({ ...response, body: Buffer.concat([response.body, Buffer.of(1)]) }),
  "a type that there is not": (response) => {
    const body = response.body.slice();
    body[16] = 3;
    return { ...response, body };
  },
  "a finish where the report continues, and the other way round": resps((list) =>
    list.map((resp) =>
      resp.verifyRespType === VerifyRespType.finish
        ? { reportId: resp.reportId, verifyRespType: VerifyRespType.continue, payload: new Uint8Array(4) }
        : { reportId: resp.reportId, verifyRespType: VerifyRespType.finish },
    ),
  ),
};

describe.each([
  ["the only answer", COUNT, 0],
  ["the first of two answers", PRIO1, 0],
  ["the second of two answers", PRIO1, 1],
] as const)("%s", (_name, options, n) => {
  test.each(Object.entries(CONTRADICTIONS))("%s abandons the job, and nothing is counted", async (_case, by) => {
    const pair = await pairWithReports(options);
    change(pair, n, by);
    await pair.run(5);
    expect(await pair.states("leader", "aggregate")).toEqual({ abandoned: 1 });
    expect(await pair.counters("leader")).toEqual({ abandoned: 3 });
    const left = await pair.leader.ctx.store.run("test", async (tx) => [
      ...(await tx.buckets(1, 10)),
      await tx.countWaiting(1),
    ]);
    expect(left).toEqual([0]);
    const [job] = await pair.leader.ctx.store.run("test", (tx) => tx.jobs(1, "aggregate", 1));
    expect(job?.problem).toMatch(/^the answer /);
  });
});

test("an answer of more reports than the request had is not even read", async () => {
  const pair = await pairWithReports(COUNT);
  change(pair, 0, (response) => ({ ...response, body: Buffer.concat(new Array(1000).fill(response.body)) }));
  await pair.run(5);
  const [job] = await pair.leader.ctx.store.run("test", (tx) => tx.jobs(1, "aggregate", 1));
  expect(job?.problem).toMatch(/^the answer is malformed: .* at most 3 elements/);
});

test("a job whose leader gives it up is deleted at the helper", async () => {
  const pair = await pairWithReports(PRIO1);
  change(pair, 1, (response) => ({ ...response, body: response.body.subarray(1) }));
  await pair.run(5);
  expect(pair.requests.map(({ method }) => method)).toEqual(["POST", "POST", "DELETE"]);
});

describe("reports that the helper refuses", () => {
  test("are counted by reason and never used again; the others are counted", async () => {
    const pair = await pairWithReports(COUNT);
    change(
      pair,
      0,
      resps(([first, ...rest]) => [
        {
          reportId: (first as VerifyResp).reportId,
          verifyRespType: VerifyRespType.reject,
          reportError: ReportError.vdafVerifyError,
        },
        ...rest,
      ]),
    );
    await pair.run(1000, 50);
    expect(await pair.counters("leader")).toEqual({ aggregated: 2, "refused:vdaf_verify_error": 1 });
    expect(await pair.states("leader", "aggregate")).toEqual({ done: 1 });
    expect(pair.requests).toHaveLength(1);
  });

  test("a code that the draft does not have is counted as it is", async () => {
    const pair = await pairWithReports(COUNT);
    change(
      pair,
      0,
      resps((list) =>
        list.map(({ reportId }) => ({ reportId, verifyRespType: VerifyRespType.reject, reportError: 200 })),
      ),
    );
    await pair.run(5);
    expect(await pair.counters("leader")).toEqual({ "refused:unknown_200": 3 });
  });

  test.each(["time-interval", "leader-selected"] as const)(
    "those too early come again later (%s)",
    async (batchMode) => {
      const pair = await Pair.make({ batchMode });
      // The helper's clock is two time precisions behind.
      const { ctx } = pair.helper;
      pair.helper.ctx = { ...ctx, clock: () => pair.now - 600 };
      pair.helper.task = { ...pair.helper.task, limits: { ...pair.helper.task.limits, maxFuture: 0 } };
      await pair.upload(pair.report(true), pair.report(true), pair.report(false));
      await pair.run(400, 10);
      expect(await pair.counters("leader")).toMatchObject({ postponed: expect.any(Number) });
      expect((await pair.counters("leader"))["aggregated"]).toBeUndefined();
      await pair.run(400, 10);
      expect(await pair.collect()).toMatchObject({ count: 3, result: 2n });
      expect((await pair.counters("leader"))["aggregated"]).toBe(3);
      expect((await pair.counters("helper"))["aggregated"]).toBe(3);
    },
  );
});

const problem = (type: string) => ({
  contentType: "application/problem+json; charset=utf-8",
  body: Buffer.from(JSON.stringify({ type, detail: "x" })),
});
const TRANSIENT: Record<string, () => PeerResponse> = {
  "401": () => respond(401),
  "403": () => respond(403, problem("about:blank")),
  "404 of a proxy": () => respond(404),
  "404 of an unknown task": () => respond(404, problem(PROBLEM_TYPES.unrecognizedTask)),
  "413": () => respond(413),
  "429": () => respond(429, { retryAfter: 7 }),
  "500": () => respond(500),
  "500 with a problem of the draft": () => respond(500, problem(PROBLEM_TYPES.invalidMessage)),
  "503": () => respond(503),
  "301": () => respond(301, { location: "https://elsewhere.test/" }),
  "400 without a problem": () => respond(400),
  "400 with half a problem": () => respond(400, { contentType: "application/problem+json", body: Buffer.from("{") }),
  "200 with a page": () => respond(200, { contentType: "text/html", body: Buffer.from("<p>Welcome") }),
  "200 with another message": () => respond(200, { contentType: MEDIA_TYPES.AggregateShare, body: Buffer.from("x") }),
  "200 without body and Location": () => respond(200),
  "a timeout": () => {
    throw new PeerUnavailable("waiting for the helper: no answer in time");
  },
};

describe("no answer", () => {
  test.each(Object.entries(TRANSIENT))("%s: the same bytes again, for as long as it takes", async (_name, answer) => {
    for (const options of [COUNT, PRIO1]) {
      const pair = await pairWithReports(options);
      const direct = pair.direct();
      const sent: PeerRequest[] = [];
      let isAway = true;
      pair.peer = {
        send(...args) {
          sent.push(args[1]);
          return isAway ? Promise.resolve().then(answer) : direct.send(...args);
        },
      };
      await pair.run(300, 3);
      expect(sent.length).toBeGreaterThan(5);
      pair.restart("leader");
      const [job] = await pair.leader.ctx.store.run("test", (tx) => tx.jobs(1, "aggregate", 1));
      expect(job?.problem).toMatch(/^waiting for the helper: /);
      expect(job?.attempts).toBe(sent.length);
      await pair.run(3000, 30);
      // Ten minutes at most from one to the next.
      expect(sent.length).toBeGreaterThan(10);
      isAway = false;
      await pair.run(600, 20);
      const first = sent[0]?.body as Uint8Array;
      expect(
        sent
          .filter(({ path }) => path === "/aggregation_jobs")
          .every(({ body }) => Buffer.compare(body as Uint8Array, first) === 0),
      ).toBe(true);
      expect(await pair.counters("leader")).toEqual({ aggregated: 3 });
      expect(await pair.counters("helper")).toEqual({ aggregated: 3 });
    }
  });

  test("a Retry-After is kept to, up to ten minutes", async () => {
    const pair = await pairWithReports(COUNT);
    const direct = pair.direct();
    const times: number[] = [];
    const answers = [respond(503, { retryAfter: 77 }), respond(503, { retryAfter: 100_000 })];
    pair.peer = {
      send(...args) {
        times.push(pair.now);
        const answer = answers.shift();
        return answer === undefined ? direct.send(...args) : Promise.resolve(answer);
      },
    };
    await pair.run(1000);
    const [first = 0] = times;
    expect(times.map((time) => time - first)).toEqual([0, 77, 677]);
  });

  test.each([
    ["invalidMessage", COUNT],
    ["unrecognizedAggregationJob", PRIO1],
    ["stepMismatch", PRIO1],
    ["unsupportedExtension", COUNT],
  ] as const)("the draft's %s about the job abandons it", async (name, options) => {
    const pair = await pairWithReports(options);
    const direct = pair.direct();
    const isLast = options === COUNT ? 0 : 1;
    let n = 0;
    pair.peer = {
      send: (...args) =>
        n++ === isLast ? Promise.resolve(respond(400, problem(PROBLEM_TYPES[name]))) : direct.send(...args),
    };
    await pair.run(5);
    expect(await pair.states("leader", "aggregate")).toEqual({ abandoned: 1 });
    const [job] = await pair.leader.ctx.store.run("test", (tx) => tx.jobs(1, "aggregate", 1));
    expect(job?.problem).toBe(`the helper refused: ${name}: x`);
  });
});

test("a leader whose key is gone since it sent a request abandons the job, and sends no other bytes", async () => {
  const pair = await pairWithReports(COUNT);
  const direct = pair.direct();
  let isAway = true;
  const sent: Uint8Array[] = [];
  pair.peer = {
    send(...args) {
      sent.push(args[1].body as Uint8Array);
      return isAway ? Promise.resolve(respond(500)) : direct.send(...args);
    },
  };
  await pair.run(5);
  isAway = false;
  const before = sent.length;
  pair.leader.ctx = { ...pair.leader.ctx, keys: { ...pair.leader.ctx.keys, pair: () => undefined } };
  await pair.run(600, 20);
  expect(sent).toHaveLength(before);
  expect(await pair.states("leader", "aggregate")).toEqual({ abandoned: 1 });
});
