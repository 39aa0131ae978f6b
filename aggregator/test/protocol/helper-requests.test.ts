// What the helper makes of a leader that repeats, reorders, contradicts or rewinds, and of deletions.

import {
  AggregationJobExtensionType,
  type AggregationJobInitReq,
  decodeAggregationJobContinueReq,
  decodeAggregationJobInitReq,
  decodeAggregationJobResp,
  encodeAggregationJobContinueReq,
  encodeAggregationJobInitReq,
  type VerifyContinue,
  VerifyRespType,
} from "prio/dap";
import { describe, expect, test } from "vitest";
import type { PeerRequest } from "../../src/jobs/peer.js";
import type { ProblemName } from "../../src/problem.js";
import type { Answer } from "../../src/protocol/answer.js";
import { deleteAggregateShare, readAggregateShare } from "../../src/protocol/helper/aggregate-shares.js";
import { continueAggregationJob } from "../../src/protocol/helper/continue-aggregation-job.js";
import { createAggregationJob } from "../../src/protocol/helper/create-aggregation-job.js";
import { deleteAggregationJob, readAggregationJob } from "../../src/protocol/helper/read-aggregation-job.js";
import {
  createCollectionJob,
  deleteCollectionJob,
  readCollectionJob,
} from "../../src/protocol/leader/collection-jobs.js";
import { Pair, type PairOptions, respond } from "../support/pair.js";

async function problemOf(promise: Promise<unknown>): Promise<ProblemName | "none"> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return (error as { type: ProblemName }).type;
  }
}

const PRIO1: PairOptions = { vdaf: { type: "Prio1", fields: 1 } };

/** A pair in whose name the leader has made its first request, which the helper has not seen. */
async function asked(options: PairOptions = {}) {
  const pair = await Pair.make(options);
  const measurement = options.vdaf?.type === "Prio1" ? [1] : true;
  await pair.upload(...[0, 1, 2, 3].map(() => pair.report(measurement)));
  pair.now += 20;
  const direct = pair.peer;
  const requests: PeerRequest[] = [];
  pair.peer = {
    send(_task, request) {
      requests.push(request);
      return Promise.resolve(respond(500));
    },
  };
  await pair.run(0);
  pair.peer = direct;
  const body = requests[0]?.body as Uint8Array;
  const message = decodeAggregationJobInitReq(body);
  const create = (bytes: Uint8Array) => createAggregationJob(pair.helper.ctx, pair.helper.task, bytes);
  return { pair, body, message, create };
}

const idOf = ({ location = "" }: Answer) => Buffer.from(location.split("?")[0]?.split("/").at(-1) ?? "", "base64url");

/** The next request of a Prio1 job, as the leader makes it. */
async function continued(pair: Pair): Promise<Uint8Array> {
  const direct = pair.direct();
  let body: Uint8Array | undefined;
  pair.peer = {
    send(...args) {
      if (!args[1].path.startsWith("/aggregation_jobs/") || args[1].method !== "POST") return direct.send(...args);
      body = args[1].body as Uint8Array;
      return Promise.resolve(respond(500));
    },
  };
  await pair.run(5);
  pair.peer = pair.direct();
  return body as Uint8Array;
}

describe.each(["sync", "async"] as const)("creation, %s", (helperMode) => {
  test("the same request is the same job, and another one another", async () => {
    const { pair, body, create } = await asked({ helperMode });
    const first = await create(body);
    if (helperMode === "async") {
      expect(first).toMatchObject({ body: null, location: expect.stringMatching(/\?step=0$/) });
      expect(await create(body)).toEqual(first);
      while (await pair.round());
    }
    const { ctx, task } = pair.helper;
    const done = await create(body);
    expect(decodeAggregationJobResp(done.body as Uint8Array).verifyResps).toHaveLength(4);
    expect(await readAggregationJob(ctx, task, idOf(first), 0)).toEqual(done);
    expect(await readAggregationJob(ctx, task, idOf(first))).toEqual(done);
    expect(await problemOf(readAggregationJob(ctx, task, idOf(first), 1))).toBe("stepMismatch");
    // Two at once.
    const [a, b] = await Promise.all([create(body), create(body)]);
    expect(a).toEqual(b);
    expect(await pair.counters("helper")).toEqual({ aggregated: 4 });
  });

  test("two of the same at once count once", async () => {
    const { pair, body, create } = await asked({ helperMode });
    await Promise.all([create(body), create(body), create(body)]);
    while (await pair.round());
    expect(await pair.counters("helper")).toEqual({ aggregated: 4 });
  });

  test("two jobs at once with reports in common count each once", async () => {
    const { pair, message, create } = await asked({ helperMode });
    const part = (from: number, to: number) =>
      create(encodeAggregationJobInitReq({ ...message, verifyInits: message.verifyInits.slice(from, to) }));
    await Promise.all([part(0, 3), part(1, 4), part(2, 3)]);
    while (await pair.round());
    expect(await pair.counters("helper")).toEqual({ aggregated: 4, "refused:report_replayed": 3 });
  });
});

test("a request of more reports and extensions than any leader needs is not even read", async () => {
  const { pair, message, create } = await asked();
  const [first] = message.verifyInits as [AggregationJobInitReq["verifyInits"][number]];
  const withReports = (length: number): Uint8Array => {
    const verifyInits = Array.from({ length }, (_, i) => {
      const reportId = new Uint8Array(16);
      new DataView(reportId.buffer).setUint32(0, i);
      const reportMetadata = { ...first.reportShare.reportMetadata, reportId, time: 2n ** 40n };
      return { ...first, reportShare: { ...first.reportShare, reportMetadata } };
    });
    return encodeAggregationJobInitReq({ ...message, verifyInits });
  };
  expect(await problemOf(create(withReports(10_001)))).toBe("invalidMessage");
  const publicExtensions = Array.from({ length: 10_000 }, (_, i) => ({
    ...{ extensionType: i, extensionData: new Uint8Array(0) },
  }));
  const reportMetadata = { ...first.reportShare.reportMetadata, publicExtensions };
  const verifyInits = [{ ...first, reportShare: { ...first.reportShare, reportMetadata } }];
  expect(await problemOf(create(encodeAggregationJobInitReq({ ...message, verifyInits })))).toBe("invalidMessage");
  expect(await pair.states("helper", "verify")).toEqual({});
  // What is just small enough is a job, whatever becomes of its reports.
  expect(await problemOf(create(withReports(10_000)))).toBe("none");
});

test("a task has a thousand jobs on their way at a time, and takes more when there is room", async () => {
  const { pair, message, create } = await asked({ helperMode: "async" });
  const [first] = message.verifyInits as [AggregationJobInitReq["verifyInits"][number]];
  const bodyOf = (n: number): Uint8Array => {
    const reportId = new Uint8Array(16).fill(9);
    new DataView(reportId.buffer).setUint32(0, n);
    const reportMetadata = { ...first.reportShare.reportMetadata, reportId };
    const verifyInits = [{ ...first, reportShare: { ...first.reportShare, reportMetadata } }];
    return encodeAggregationJobInitReq({ ...message, verifyInits });
  };
  for (let n = 0; n < 1000; n++) await create(bodyOf(n));
  expect(await problemOf(create(bodyOf(1000)))).toBe("tooManyRequests");
  // The same request is no other job.
  expect((await create(bodyOf(999))).body).toBeNull();
  for (const job of await pair.driver("helper").acquire(1)) {
    await pair.driver("helper").step(job, new AbortController().signal);
  }
  expect((await create(bodyOf(1000))).body).toBeNull();
  expect(await problemOf(create(bodyOf(1001)))).toBe("tooManyRequests");
});

describe("requests that no job is made of", () => {
  const extension = (extensionType: number, size = 0) => ({ extensionType, extensionData: new Uint8Array(size) });
  const CASES: Record<
    string,
    {
      readonly change: (message: AggregationJobInitReq) => Partial<AggregationJobInitReq>;
      readonly problem: ProblemName;
    }
  > = {
    "a report twice": {
      change: ({ verifyInits }) => ({ verifyInits: [...verifyInits, ...verifyInits.slice(0, 1)] }),
      problem: "invalidMessage",
    },
    "no report": { change: () => ({ verifyInits: [] }), problem: "invalidMessage" },
    "an aggregation parameter": {
      change: () => ({ aggParam: Uint8Array.of(1) }),
      problem: "invalidAggregationParameter",
    },
    "another verification key": { change: () => ({ verificationKeyId: 1 }), problem: "invalidMessage" },
    "an unknown extension": { change: () => ({ extensions: [extension(2)] }), problem: "unsupportedExtension" },
    "a batch of the leader where there are intervals": {
      change: () => ({ extensions: [extension(AggregationJobExtensionType.leaderSelectedBatchId, 32)] }),
      problem: "unsupportedExtension",
    },
  };
  test.each(Object.entries(CASES))("%s", async (_name, { change, problem }) => {
    const { pair, message, create } = await asked();
    expect(await problemOf(create(encodeAggregationJobInitReq({ ...message, ...change(message) })))).toBe(problem);
    expect(await pair.states("helper", "verify")).toEqual({});
  });

  test("extensions out of order, bytes cut short, and none", async () => {
    const { message, body, create } = await asked({ batchMode: "leader-selected" });
    const two = encodeAggregationJobInitReq({ ...message, extensions: [...message.extensions, extension(2)] });
    // Extensions begin behind the key's id and the empty parameter, with their length.
    const at = 1 + 4 + 2;
    const [first, second] = [two.slice(at, at + 36), two.slice(at + 36, at + 40)];
    expect(await problemOf(create(two))).toBe("unsupportedExtension");
    two.set(second, at);
    two.set(first, at + 4);
    expect(await problemOf(create(two))).toBe("invalidMessage");
    for (const length of [0, 1, 6, 50, body.length - 1]) {
      expect(await problemOf(create(body.subarray(0, length)))).toBe("invalidMessage");
    }
    for (const size of [0, 31, 33]) {
      const extensions = [extension(AggregationJobExtensionType.leaderSelectedBatchId, size)];
      expect(await problemOf(create(encodeAggregationJobInitReq({ ...message, extensions })))).toBe("invalidMessage");
    }
    expect(await problemOf(create(encodeAggregationJobInitReq({ ...message, extensions: [] })))).toBe("invalidMessage");
  });
});

describe.each(["sync", "async"] as const)("continuation, %s", (helperMode) => {
  const options = { ...PRIO1, helperMode };

  /** An asynchronous helper finds out when it gets to the job. Nothing is counted. */
  async function expectUnrecognized(pair: Pair, go: () => Promise<Answer>): Promise<void> {
    if (helperMode === "async") {
      await go();
      while (await pair.round());
    }
    expect(await problemOf(go())).toBe("unrecognizedAggregationJob");
    expect(await pair.counters("helper")).toEqual({});
  }

  test("the same again is the same answer, and another a mismatch of steps", async () => {
    const { pair, body } = await asked(options);
    const next = await continued(pair);
    const { ctx, task } = pair.helper;
    const first = await createAggregationJob(ctx, task, body);
    const id = idOf(first);
    const message = decodeAggregationJobContinueReq(next);
    const other = encodeAggregationJobContinueReq({ ...message, verifyContinues: message.verifyContinues.slice(1) });
    const go = (bytes: Uint8Array) => continueAggregationJob(ctx, task, id, bytes);
    for (const step of [2, 3, 65_535]) {
      expect(await problemOf(go(encodeAggregationJobContinueReq({ ...message, step })))).toBe("stepMismatch");
    }
    expect(await problemOf(go(encodeAggregationJobContinueReq({ ...message, step: 0 })))).toBe("invalidMessage");
    expect(await problemOf(readAggregationJob(ctx, task, id, 1))).toBe("stepMismatch");
    const taken = await go(next);
    if (helperMode === "async") {
      expect(taken).toMatchObject({ body: null, location: expect.stringMatching(/\?step=1$/) });
      expect(await go(next)).toEqual(taken);
      expect(await problemOf(go(other))).toBe("stepMismatch");
      while (await pair.round());
    }
    const done = await go(next);
    const { verifyResps } = decodeAggregationJobResp(done.body as Uint8Array);
    expect(verifyResps.map(({ verifyRespType }) => verifyRespType)).toEqual(new Array(4).fill(VerifyRespType.finish));
    expect(await problemOf(go(other))).toBe("stepMismatch");
    expect(await problemOf(go(encodeAggregationJobContinueReq({ ...message, step: 2 })))).toBe("stepMismatch");
    expect(await problemOf(readAggregationJob(ctx, task, id, 0))).toBe("stepMismatch");
    expect(await readAggregationJob(ctx, task, id, 1)).toEqual(done);
    // The first request finds the job as it is now, and begins nothing anew.
    expect(await createAggregationJob(ctx, task, body)).toEqual(done);
    expect(await pair.counters("helper")).toEqual({ aggregated: 4 });
  });

  test("reports that the leader refused may be missing; others, doubles and another order are refused", async () => {
    const { pair, body } = await asked(options);
    const message = decodeAggregationJobContinueReq(await continued(pair));
    const { ctx, task } = pair.helper;
    const id = idOf(await createAggregationJob(ctx, task, body));
    const [a, b, c, d] = message.verifyContinues as [VerifyContinue, VerifyContinue, VerifyContinue, VerifyContinue];
    const go = (verifyContinues: VerifyContinue[]) =>
      continueAggregationJob(ctx, task, id, encodeAggregationJobContinueReq({ ...message, verifyContinues }));
    const stranger = { ...a, reportId: new Uint8Array(16) };
    for (const list of [[], [a, a], [b, a], [a, stranger], [a, b, c, d, d]]) {
      expect(await problemOf(go(list))).toBe("invalidMessage");
    }
    await go([a, { ...b, payload: c.payload.map((byte) => byte ^ 1) as typeof b.payload }, d]);
    while (await pair.round());
    expect(await pair.counters("helper")).toEqual({ aggregated: 2, "refused:vdaf_verify_error": 1 });
    const { verifyResps } = decodeAggregationJobResp((await readAggregationJob(ctx, task, id)).body as Uint8Array);
    expect(verifyResps.map(({ reportId }) => reportId)).toEqual([a, b, d].map(({ reportId }) => reportId));
  });

  test("after a restart, states are made again from what is stored", async () => {
    const { pair } = await asked(options);
    const next = await continued(pair);
    pair.restart("helper");
    const { ctx, task } = pair.helper;
    const [job] = await ctx.store.run("test", (tx) => tx.jobs(1, "verify", 1));
    await continueAggregationJob(ctx, task, job?.id as Uint8Array, next);
    while (await pair.round());
    expect(await pair.counters("helper")).toEqual({ aggregated: 4 });
  });

  test("two of the same at once count once", async () => {
    const { pair } = await asked(options);
    const next = await continued(pair);
    const { ctx, task } = pair.helper;
    const [job] = await ctx.store.run("test", (tx) => tx.jobs(1, "verify", 1));
    const go = () => continueAggregationJob(ctx, task, job?.id as Uint8Array, next);
    const [a, b] = await Promise.all([go(), go()]);
    expect(a).toEqual(b);
    while (await pair.round());
    expect(await pair.counters("helper")).toEqual({ aggregated: 4 });
  });

  test("where what they would say is not what was said, the job is not there any more", async () => {
    const { pair } = await asked(options);
    const next = await continued(pair);
    pair.restart("helper");
    const { ctx, task } = pair.helper;
    const [job] = await ctx.store.run("test", (tx) => tx.jobs(1, "verify", 1));
    await ctx.store.run("test", async (tx) => {
      const row = await tx.lockJob(1, "verify", job?.id as Uint8Array);
      const answer = row?.answer?.slice() as Uint8Array;
      answer[answer.length - 1] = (answer[answer.length - 1] as number) ^ 1;
      if (row !== null) await tx.updateJob(row, { answer }, pair.now);
    });
    const go = () => continueAggregationJob(ctx, task, job?.id as Uint8Array, next);
    await expectUnrecognized(pair, go);
  });

  test("where they cannot be made again, the job is not there any more", async () => {
    const { pair } = await asked(options);
    const next = await continued(pair);
    pair.restart("helper");
    pair.helper.ctx = { ...pair.helper.ctx, keys: { ...pair.helper.ctx.keys, pair: () => undefined } };
    const { ctx, task } = pair.helper;
    const [job] = await ctx.store.run("test", (tx) => tx.jobs(1, "verify", 1));
    const go = () => continueAggregationJob(ctx, task, job?.id as Uint8Array, next);
    await expectUnrecognized(pair, go);
  });
});

test("a continuation of a job that has no more steps", async () => {
  const { pair, body, create } = await asked();
  const id = idOf(await create(body));
  const { ctx, task } = pair.helper;
  const request = encodeAggregationJobContinueReq({
    ...{ step: 1, verifyContinues: [{ reportId: new Uint8Array(16), payload: Uint8Array.of(1) }] },
  });
  expect(await problemOf(continueAggregationJob(ctx, task, id, request))).toBe("stepMismatch");
  expect(await problemOf(continueAggregationJob(ctx, task, new Uint8Array(16), request))).toBe(
    "unrecognizedAggregationJob",
  );
  expect(await problemOf(continueAggregationJob(ctx, task, id, new Uint8Array(1)))).toBe("invalidMessage");
});

test("a job that no leader continues is given up, and its reports stay refused", async () => {
  const { pair, body, create } = await asked(PRIO1);
  const id = idOf(await create(body));
  pair.now += 15 * 86_400;
  const driver = pair.driver("helper");
  for (const job of await driver.acquire(5)) await driver.step(job, new AbortController().signal);
  expect(await pair.states("helper", "verify")).toEqual({ abandoned: 1 });
  const { ctx, task } = pair.helper;
  expect(await problemOf(readAggregationJob(ctx, task, id))).toBe("unrecognizedAggregationJob");
});

describe("deletion", () => {
  test("of a job that goes on: it is not there any more, and its reports stay refused", async () => {
    for (const helperMode of ["sync", "async"] as const) {
      const { pair, body, message, create } = await asked({ ...PRIO1, helperMode });
      const id = idOf(await create(body));
      const { ctx, task } = pair.helper;
      if (helperMode === "async") {
        // Before anything was done, and again after.
        while (await pair.round());
      }
      await deleteAggregationJob(ctx, task, id);
      await deleteAggregationJob(ctx, task, id);
      expect(await problemOf(readAggregationJob(ctx, task, id))).toBe("unrecognizedAggregationJob");
      expect(await problemOf(create(body))).toBe("unrecognizedAggregationJob");
      const less = { ...message, verifyInits: message.verifyInits.slice(1) };
      await create(encodeAggregationJobInitReq(less));
      while (await pair.round());
      expect(await pair.counters("helper")).toMatchObject({ "refused:report_replayed": 3 });
    }
  });

  test("of a request that waits for the driver: nothing of it is counted", async () => {
    const { pair, body, create } = await asked({ helperMode: "async" });
    const id = idOf(await create(body));
    const driver = pair.driver("helper");
    const [job] = await driver.acquire(1);
    await deleteAggregationJob(pair.helper.ctx, pair.helper.task, id);
    if (job !== undefined) await driver.step(job, new AbortController().signal);
    expect(await pair.counters("helper")).toEqual({});
    expect(await pair.states("helper", "verify")).toEqual({ deleted: 1 });
  });

  test("of a job that is done changes nothing", async () => {
    const { pair, body, create } = await asked();
    const done = await create(body);
    const { ctx, task } = pair.helper;
    await deleteAggregationJob(ctx, task, idOf(done));
    expect(await create(body)).toEqual(done);
    expect(await problemOf(deleteAggregationJob(ctx, task, new Uint8Array(16)))).toBe("unrecognizedAggregationJob");
  });

  test("of an aggregate share, and of a collection job in each of its states", async () => {
    const pair = await Pair.make();
    const { ctx, task } = pair.leader;
    const body = pair.query({ start: 0n, duration: 2n ** 40n });
    const first = await pair.ask(body);
    await deleteCollectionJob(ctx, task, first);
    expect(await problemOf(readCollectionJob(ctx, task, first))).toBe("gone");
    // It was never closed, and may come again.
    expect(await pair.ask(body)).toEqual(first);
    await pair.upload(pair.report(true), pair.report(true), pair.report(true));
    await pair.run();
    expect(await pair.fetch(first, body)).toMatchObject({ count: 3 });
    await deleteCollectionJob(ctx, task, first);
    await deleteCollectionJob(ctx, task, first);
    expect(await problemOf(readCollectionJob(ctx, task, first))).toBe("gone");
    expect(await problemOf(createCollectionJob(ctx, task, body))).toBe("batchOverlap");
    const [share] = await pair.helper.ctx.store.run("test", (tx) => tx.jobs(1, "share", 1));
    const id = share?.id as Uint8Array;
    await deleteAggregateShare(pair.helper.ctx, pair.helper.task, id);
    expect(await problemOf(readAggregateShare(pair.helper.ctx, pair.helper.task, id))).toBe("gone");
    expect(await problemOf(deleteAggregateShare(pair.helper.ctx, pair.helper.task, new Uint8Array(16)))).toBe(
      "notFound",
    );
  });
});
