// What stands in the logs of a pair after every endpoint was driven with things that must not stand there.

import { randomBytes } from "node:crypto";
import { decodeUploadRequest, MEDIA_TYPES } from "prio/dap";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Pair, startPair } from "../support/servers.js";

const MARKER = "q7Zmarker";
const ADDRESS = "203.0.113.77";

let pair: Pair;
beforeAll(async () => {
  pair = await startPair({ logLevel: "debug" });
});
afterAll(() => pair.stop());

/** A text in each form in which bytes are written. */
const forms = (bytes: Uint8Array): string[] => {
  const buffer = Buffer.from(bytes);
  return [buffer.toString("hex"), buffer.toString("base64url"), buffer.toString("base64"), buffer.join(",")];
};

test("no address, token, share, id of a report or body reaches a log or an answer", async () => {
  const urls: string[] = [];
  const task = await pair.addTask({ vdaf: { type: "Prio3Count" }, batchMode: "time-interval", minBatchSize: 2 });
  const other = await pair.addTask(
    { vdaf: { type: "Prio3Count" }, batchMode: "leader-selected" },
    { helperMode: "async" },
  );
  const id = randomBytes(16);
  const resources = ["aggregation_jobs", "aggregate_shares", "collection_jobs", "reports"];
  for (const { process } of [pair.leader, pair.helper]) {
    const base = `http://127.0.0.1:${process.port}`;
    urls.push(`${base}/hpke_config`, `${base}/${MARKER}`, `${base}/%${MARKER}`);
    for (const { dap } of [task, other]) {
      for (const name of resources) {
        const path = `${base}/tasks/${dap.idText}/${name}`;
        urls.push(path, `${path}/${id.toString("base64url")}?step=0&${MARKER}`, `${path}/${MARKER}`);
      }
    }
    urls.push(`${base}/tasks/${MARKER}/reports`);
  }
  const bodies = [Buffer.from(MARKER), Buffer.concat([id, randomBytes(200)])];
  const answers: string[] = [];
  for (const url of urls) {
    for (const method of ["GET", "POST", "DELETE", "PUT", "OPTIONS"]) {
      for (const token of [`wrong-${MARKER}`, task.peerToken, task.collectorToken]) {
        for (const type of [
          MEDIA_TYPES.UploadRequest,
          MEDIA_TYPES.AggregationJobInitReq,
          MEDIA_TYPES.AggregationJobContinueReq,
          MEDIA_TYPES.AggregateShareReq,
          MEDIA_TYPES.CollectionJobReq,
        ]) {
          const body = method === "POST" || method === "PUT" ? { body: bodies[answers.length % 2] as Uint8Array } : {};
          const headers = {
            authorization: `Bearer ${token}`,
            "content-type": type,
            "x-forwarded-for": ADDRESS,
            "user-agent": MARKER,
            "x-request-id": MARKER,
          };
          const answer = await fetch(url, { method, headers, ...body });
          expect(answer.status).toBeLessThan(500);
          answers.push(await answer.text());
          if (method !== "POST") break;
        }
      }
    }
  }
  // And everything that goes well.
  const uploaded: Uint8Array[] = [];
  const time = Date.UTC(2026, 10, 1);
  await task.client.uploadMany([true, false, true], { time });
  for (const body of task.uploaded) {
    for (const { reportMetadata, leaderEncryptedInputShare: share } of decodeUploadRequest(body).reports) {
      uploaded.push(reportMetadata.reportId, share.enc, share.payload);
    }
  }
  expect(uploaded.length).toBe(9);
  const { reportCount } = await task.collector.collect({ start: time, end: time + 3_600_000 });
  expect(reportCount).toBe(3);

  const secrets = [MARKER, ADDRESS, "127.0.0.1", task.peerToken, task.collectorToken, task.verifyKeySeed, ...forms(id)];
  const lines = [...pair.leader.lines, ...pair.helper.lines];
  expect(lines.length).toBeGreaterThan(20);
  for (const secret of [...secrets, ...uploaded.flatMap(forms)]) {
    expect(lines.filter((line) => line.includes(secret))).toEqual([]);
    expect(answers.filter((text) => text.includes(secret))).toEqual([]);
  }
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), msg: expect.any(String) });
});
