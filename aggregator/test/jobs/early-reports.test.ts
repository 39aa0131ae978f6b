// Reports that the helper calls too early, more than once or too late.

import {
  decodeAggregationJobContinueReq,
  encodeAggregationJobResp,
  MEDIA_TYPES,
  ReportError,
  VerifyRespType,
} from "prio/dap";
import { expect, test } from "vitest";
import { createAggregationJob } from "../../src/protocol/helper/create-aggregation-job.js";
import { Pair, respond } from "../support/pair.js";

test("a request that the network repeats counts nothing that the leader sends elsewhere", async () => {
  const pair = await Pair.make({ minBatchSize: 1 });
  const { ctx, task } = pair.helper;
  // The helper's clock is late, and one of two reports does not open.
  let late = 500;
  pair.helper.ctx = { ...ctx, clock: () => pair.now - late };
  const bad = pair.report(true, {
    time: pair.time - 60n,
    change: (one) => ({ ...one, helperEncryptedInputShare: { ...one.helperEncryptedInputShare, configId: 77 } }),
  });
  await pair.upload(pair.report(true), bad);
  await pair.run(20);
  expect(await pair.counters("leader")).toEqual({ postponed: 1, "refused:hpke_decrypt_error": 1 });
  const first = pair.requests.find(({ path }) => path === "/aggregation_jobs")?.body ?? new Uint8Array(0);
  late = 0;
  const repeated = await createAggregationJob(pair.helper.ctx, task, first);
  expect(await createAggregationJob(pair.helper.ctx, task, first)).toEqual(repeated);
  expect(await pair.counters("helper")).not.toHaveProperty("aggregated");
  await pair.run(100);
  expect(await pair.collect()).toMatchObject({ count: 1, result: 1n });
});

test("a helper that calls a report too early once it has the leader's continuation does not get another", async () => {
  const pair = await Pair.make({ vdaf: { type: "Prio1", fields: 2 }, minBatchSize: 1 });
  const helper = pair.peer;
  pair.peer = {
    send(task, request, signal) {
      if (!request.path.startsWith("/aggregation_jobs/")) return helper.send(task, request, signal);
      const { verifyContinues } = decodeAggregationJobContinueReq(request.body ?? new Uint8Array(0));
      const verifyResps = verifyContinues.map(({ reportId }) => ({
        ...{ reportId, verifyRespType: VerifyRespType.reject, reportError: ReportError.reportTooEarly },
      }));
      const body = encodeAggregationJobResp({ verifyResps } as Parameters<typeof encodeAggregationJobResp>[0]);
      return Promise.resolve(respond(200, { contentType: MEDIA_TYPES.AggregationJobResp, body }));
    },
  };
  await pair.upload(pair.report([1, 0]));
  await pair.run(600, 30);
  expect(await pair.counters("leader")).toEqual({ "refused:report_too_early": 1 });
  expect(pair.requests.filter(({ method }) => method === "POST")).toHaveLength(1);
});

test("a report that was taken before the leader's clock went back is counted when its time has come", async () => {
  const pair = await Pair.make({ minBatchSize: 1 });
  const { ctx } = pair.leader;
  await pair.upload(pair.report(true));
  pair.now += 20;
  await pair.driver("leader").create();
  pair.leader.ctx = { ...ctx, clock: () => pair.now - 500 };
  const [job] = await pair.leader.ctx.store.run("test", (tx) =>
    tx.acquireJobs(["aggregate"], 1, pair.now, pair.now + 1),
  );
  if (job === undefined) throw new Error("there is no job");
  await pair.driver("leader").step(job, new AbortController().signal);
  expect(await pair.counters("leader")).toEqual({ postponed: 1 });
  await pair.run(900, 20);
  expect(await pair.collect()).toMatchObject({ count: 1, result: 1n });
  expect(await pair.counters("leader")).not.toHaveProperty("refused:report_too_early");
});
