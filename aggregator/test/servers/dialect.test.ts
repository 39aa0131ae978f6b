// Leader and helper over real HTTP, in the dialect of Janus 0.9 with each other: reports of one round and of two, and
// helpers that answer at once or by and by. And the collector, who may name its jobs.

import { DapCollector, decodeCollectionJobResp, encodeCollectionJobReq, encodeInterval, MEDIA_TYPES } from "prio/dap";
import { Prio3Count } from "prio/prio3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Pair, type PairTask, startPair, type TaskChoice } from "../support/servers.js";

let pair: Pair;
beforeAll(async () => {
  pair = await startPair();
});
afterAll(() => pair.stop());

const TIME = Date.UTC(2026, 10, 1, 12);
const DIALECT = { dialect: "janus-0.9", reportExpiry: null } as const;
const COUNT: TaskChoice = { vdaf: { type: "Prio3Count" }, batchMode: "time-interval" };

const VDAFS = [
  { vdaf: COUNT.vdaf, measurements: [true, false, true], total: 2n },
  {
    vdaf: { type: "Prio1", fields: 2 },
    measurements: [
      [true, true],
      [true, false],
      [true, false],
    ],
    total: [3n, 1n],
  },
] as const;
const MODES = ["sync", "async"] as const;
const BATCHES = ["time-interval", "leader-selected"] as const;
const ALL = VDAFS.flatMap((one) =>
  MODES.flatMap((helperMode) => BATCHES.map((batchMode) => ({ ...one, type: one.vdaf.type, helperMode, batchMode }))),
);

describe.concurrent("a pair in the dialect of Janus", () => {
  test.each(ALL)("counts every report once: $type, $batchMode, $helperMode helper", async (one) => {
    const { vdaf, helperMode, batchMode, measurements, total } = one;
    const task = await pair.addTask({ vdaf: vdaf as never, batchMode, minBatchSize: 3 }, { ...DIALECT, helperMode });
    await task.client.uploadMany([...measurements], { time: TIME });
    const query = batchMode === "time-interval" ? { start: TIME, end: TIME + 3_600_000 } : ("next-batch" as const);
    const { result, reportCount } = await task.collector.collect(query);
    expect([reportCount, result]).toEqual([measurements.length, total]);
  });

  test("its helper refuses the draft's messages, and answers Janus' alone", async () => {
    const { dap, peerToken } = await pair.addTask(COUNT, DIALECT);
    const headers = { authorization: `Bearer ${peerToken}`, "content-type": MEDIA_TYPES.AggregationJobInitReq };
    const draft = new Uint8Array([0, 0, 0, 0, 0, 0, 0, 1, 2, 3]);
    const refused = await fetch(dap.url("helper", "aggregation_jobs"), { method: "POST", headers, body: draft });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ type: "urn:ietf:params:ppm:dap:error:invalidMessage" });
  });
});

const ID = "AAAAAAAAAAAAAAAAAAAAAA";

/** Asks the leader for a batch as Janus' collector does. */
function put(task: PairTask, body: Uint8Array, id = ID, token = task.collectorToken): Promise<Response> {
  return fetch(`${task.dap.url("leader", "collection_jobs")}/${id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${token}`, "content-type": MEDIA_TYPES.CollectionJobReq },
    body: new Uint8Array(body),
  });
}

/** A request for the hour from so many hours after TIME. */
function hour(task: PairTask, after: number): Uint8Array {
  const interval = {
    start: task.dap.timeAt(TIME / 1000 + 3600 * after),
    duration: BigInt(3600 / task.dap.timePrecision),
  };
  const query = { batchMode: 1, config: encodeInterval(interval) };
  return encodeCollectionJobReq({ query, aggParam: new Uint8Array(0), extensions: [] });
}

describe.concurrent("a collector that names its jobs", () => {
  test("gets its batch, says the same again, and cannot change its mind", async () => {
    const task = await pair.addTask(COUNT, DIALECT);
    await task.client.uploadMany([true, true, true], { time: TIME });
    expect((await put(task, hour(task, 0))).status).toBe(201);
    expect((await put(task, hour(task, 0))).status).toBe(201);
    expect((await put(task, hour(task, 1))).status).toBe(409);
    expect((await put(task, hour(task, 1), "short")).status).toBe(404);

    // The library's collector goes on with the job.
    const { collectorKey: keyPair, collectorToken: token, dap } = task;
    const sleep = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 50));
    const collector = new DapCollector({ task: dap, vdaf: new Prio3Count(), keyPair, token, sleep });
    const request = Buffer.from(hour(task, 0)).toString("base64url");
    const job = `${dap.url("leader", "collection_jobs")}/${ID}`;
    const { result, reportCount } = await collector.collect({ task: dap.idText, request, job });
    expect([result, reportCount]).toEqual([3n, 3]);
    const again = await fetch(job, { headers: { authorization: `Bearer ${token}` } });
    expect(again.status).toBe(200);
    expect(decodeCollectionJobResp(new Uint8Array(await again.arrayBuffer())).reportCount).toBe(3n);
  });

  test("names each of the leader's batches", async () => {
    const task = await pair.addTask({ ...COUNT, batchMode: "leader-selected" }, DIALECT);
    const next = encodeCollectionJobReq({
      query: { batchMode: 2, config: new Uint8Array(0) },
      aggParam: new Uint8Array(0),
      extensions: [],
    });
    const job = (id: string) => ({
      task: task.dap.idText,
      request: Buffer.from(next).toString("base64url"),
      job: `${task.dap.url("leader", "collection_jobs")}/${id}`,
    });
    // The last digit of an id has two bits of it.
    for (const id of [ID, ID.replace(/A$/, "Q")]) {
      await task.client.uploadMany([true, false, true], { time: TIME });
      expect((await put(task, next, id)).status).toBe(201);
      expect((await put(task, next, id)).status).toBe(201);
      const { result, reportCount } = await task.collector.collect(job(id));
      expect([result, reportCount]).toEqual([2n, 3]);
    }
    expect((await put(task, next)).status).toBe(201);
    expect(await task.collector.collect(job(ID))).toMatchObject({ result: 2n, reportCount: 3 });
  });

  test("needs the dialect, and the token", async () => {
    const task = await pair.addTask(COUNT, {});
    const refused = await put(task, hour(task, 0));
    expect(refused.status).toBe(405);
    expect(refused.headers.get("allow")).not.toContain("PUT");
    const inDialect = await pair.addTask(COUNT, DIALECT);
    expect((await put(inDialect, hour(inDialect, 0), ID, "none")).status).toBe(401);
  });
});
