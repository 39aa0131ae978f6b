// A helper that does not answer keeps no more than one of the driver's places, and other helpers are asked meanwhile.

import { encodeReport } from "prio/dap";
import { expect, test } from "vitest";
import { createAggregationJob } from "../../src/jobs/create-aggregation-jobs.js";
import { startDriver } from "../../src/jobs/driver.js";
import { type Peer, type PeerResponse, PeerUnavailable } from "../../src/jobs/peer.js";
import { withSilentPeers } from "../../src/jobs/silent-peers.js";
import type { AggregatorTask } from "../../src/tasks/task.js";
import { Pair, respond } from "../support/pair.js";

const { signal } = new AbortController();
const taskOf = (key: number, url: string) => ({ key, peer: { url, token: null } }) as unknown as AggregatorTask;
const [quiet, other] = [taskOf(1, "https://quiet.example/"), taskOf(2, "https://other.example/")];
const beside = taskOf(3, quiet.peer.url);
const silent = () => new PeerUnavailable("waiting for the helper: no answer in time");

/** A peer whose answers are given by hand, in the order of the requests. */
function byHand() {
  const waiting: { resolve(response: PeerResponse): void; reject(error: unknown): void }[] = [];
  const peer: Peer = {
    send: () => new Promise((resolve, reject) => waiting.push({ resolve, reject })),
  };
  const { send } = withSilentPeers(peer);
  const ask = (task: AggregatorTask) => send(task, { method: "GET", path: "/x" }, signal);
  return { waiting, ask };
}

test("while a helper is silent, one request at a time waits for it", async () => {
  const { waiting, ask } = byHand();
  const first = [ask(quiet), ask(quiet), ask(quiet)];
  for (const one of waiting) one.reject(silent());
  for (const one of first) await expect(one).rejects.toThrow("no answer in time");

  const next = ask(quiet);
  await expect(ask(quiet)).rejects.toThrow(PeerUnavailable);
  await expect(ask(quiet)).rejects.toThrow("waiting for the helper: no answer in time");
  expect(waiting).toHaveLength(4);
  // Others are asked as before, as many as there are.
  const others = [ask(other), ask(other)];
  expect(waiting).toHaveLength(6);
  for (const one of waiting.slice(4)) one.resolve(respond(200));
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200]);

  waiting[3]?.reject(silent());
  await expect(next).rejects.toThrow(PeerUnavailable);
  const last = ask(quiet);
  await expect(ask(quiet)).rejects.toThrow(PeerUnavailable);
  // Whatever it answers, it answers.
  waiting[6]?.resolve(respond(503));
  expect((await last).status).toBe(503);
  const again = [ask(quiet), ask(quiet)];
  for (const one of waiting.slice(7)) one.resolve(respond(200));
  await Promise.all(again);
});

test("requests from before the silence, which end one by one, let no more than one other wait", async () => {
  const { waiting, ask } = byHand();
  const first = [ask(quiet), ask(quiet), ask(quiet)];
  waiting[0]?.reject(silent());
  await expect(first[0]).rejects.toThrow(PeerUnavailable);
  const next = ask(quiet);
  waiting[1]?.reject(silent());
  await expect(first[1]).rejects.toThrow(PeerUnavailable);
  const another = ask(quiet);
  expect(waiting).toHaveLength(4);
  await expect(another).rejects.toThrow(PeerUnavailable);
  // One of them is answered after all, and then the helper is silent again: still one asks.
  waiting[2]?.resolve(respond(200));
  await first[2];
  const late = ask(quiet);
  waiting[4]?.reject(silent());
  await expect(late).rejects.toThrow(PeerUnavailable);
  const toldAtOnce = ask(quiet);
  expect(waiting).toHaveLength(5);
  await expect(toldAtOnce).rejects.toThrow(PeerUnavailable);
  waiting[3]?.reject(silent());
  await expect(next).rejects.toThrow(PeerUnavailable);
  const again = ask(quiet);
  expect(waiting).toHaveLength(6);
  waiting[5]?.resolve(respond(200));
  expect((await again).status).toBe(200);
});

test("a task that a helper answers is asked for, while another one's requests find it silent", async () => {
  const { waiting, ask } = byHand();
  const first = ask(quiet);
  waiting[0]?.reject(silent());
  await expect(first).rejects.toThrow(PeerUnavailable);
  const second = ask(quiet);
  const answered = [ask(beside), ask(beside)];
  expect(waiting).toHaveLength(4);
  for (const one of waiting.slice(2)) one.resolve(respond(200));
  expect((await Promise.all(answered)).map(({ status }) => status)).toEqual([200, 200]);
  // That changes nothing for the task that is not answered.
  await expect(ask(quiet)).rejects.toThrow(PeerUnavailable);
  // Where neither is answered, one asks for both.
  const lost = ask(beside);
  waiting[4]?.reject(silent());
  await expect(lost).rejects.toThrow(PeerUnavailable);
  await expect(ask(beside)).rejects.toThrow(PeerUnavailable);
  waiting[1]?.reject(silent());
  await expect(second).rejects.toThrow(PeerUnavailable);
  const last = ask(beside);
  await expect(ask(quiet)).rejects.toThrow(PeerUnavailable);
  expect(waiting).toHaveLength(6);
  waiting[5]?.resolve(respond(200));
  expect((await last).status).toBe(200);
});

test("a request that this process gives up lets the next one ask", async () => {
  const { waiting, ask } = byHand();
  const first = ask(quiet);
  waiting[0]?.reject(silent());
  await expect(first).rejects.toThrow();
  const second = ask(quiet);
  waiting[1]?.reject(new Error("the process stops"));
  await expect(second).rejects.toThrow("the process stops");
  const third = ask(quiet);
  waiting[2]?.resolve(respond(200));
  expect((await third).status).toBe(200);
});

test("a driver carries on with other tasks while a helper that has many jobs is silent", async () => {
  const pair = await Pair.make({ minBatchSize: 1 });
  const { ctx, task } = pair.leader;
  const away: AggregatorTask = { ...task, key: 2, peer: quiet.peer, limits: { ...task.limits, maxJobReports: 1 } };
  ctx.tasks.all = () => [away, task];
  await ctx.store.run("test", async (tx) => {
    const row = { role: "leader", document: "{}", settings: "{}", secrets: new Uint8Array(0) } as const;
    await tx.insertTask({ ...row, id: new Uint8Array(32), state: "active", createdAt: pair.now });
    const reports = Array.from({ length: 20 }, () => pair.report(true));
    const rows = reports.map((report) => ({
      ...{ task: 2, id: report.reportMetadata.reportId, time: Number(pair.time), content: encodeReport(report) },
    }));
    await tx.insertReports(rows, pair.now);
  });
  const direct = pair.peer;
  let asked = 0;
  const peer: Peer = {
    send(asking, request, stop) {
      if (asking.key === 1) return direct.send(asking, request, stop);
      // As if the first ones had waited for their minute.
      if (asked++ < 4) return Promise.reject(silent());
      return new Promise((_, reject) => stop.addEventListener("abort", () => reject(silent())));
    },
  };
  pair.now += 20;
  for (let i = 0; i < 20; i++) await createAggregationJob(ctx, away, null);
  await pair.upload(pair.report(true));
  const driver = startDriver(ctx, { peer: withSilentPeers(peer), concurrency: 4, lease: 120, longestWait: 600 });
  pair.now += 20;
  await expect.poll(() => pair.counters("leader"), { timeout: 30_000 }).toMatchObject({ aggregated: 1 });
  await driver.stop();
});
