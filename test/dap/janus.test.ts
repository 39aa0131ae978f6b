// What two Janus, their client and their collector sent each other (vectors/janus): every message is read and written
// again, every share opens with its key, and the result is the plain sum. The aggregator's tests have the jobs.

import { describe, expect, test } from "vitest";
import * as dap from "../../src/dap/index.js";
import { helperInitialize, leaderContinue, leaderInitialize, type Vdaf } from "../../src/prio3/index.js";
import count from "../../vectors/janus/count.json" with { type: "json" };
import histogram from "../../vectors/janus/histogram.json" with { type: "json" };
import sum from "../../vectors/janus/sum.json" with { type: "json" };
import sumVec from "../../vectors/janus/sum-vec.json" with { type: "json" };

interface Recorded {
  readonly request: string;
  readonly response: string;
}

interface File {
  readonly task: { readonly configuration: string; readonly id: string; readonly verifyKey: string };
  readonly collector: { readonly id: number; readonly publicKey: string; readonly privateKey: string };
  readonly hpkeKeys: Readonly<Record<dap.AggregatorRole, readonly { config: string; privateKey: string }[]>>;
  readonly hpkeConfigs: readonly string[];
  readonly measurements: readonly (number | number[])[];
  readonly uploads: readonly Recorded[];
  readonly aggregateShares: readonly Recorded[];
  readonly collectionJobs: {
    readonly created: readonly { request: string }[];
    readonly finished: readonly { response: string }[];
  };
  readonly count: number;
  readonly result: readonly number[];
}

const files = { count, sum, "sum-vec": sumVec, histogram };
const ROLES = ["leader", "helper"] as const;

const bytes = (hex: string): dap.Bytes =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const hex = (of: Uint8Array) => Array.from(of, (byte) => byte.toString(16).padStart(2, "0")).join("");
const fromBase64Url = (text: string) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

describe.each(Object.entries(files))("recorded from Janus: %s", (_name, recorded) => {
  // The files' names and numbers differ, and the members that are used do not.
  const file = recorded as unknown as File;
  const { length = 1, type } = recorded.task.vdaf as { length?: number; type: string };
  const document: dap.TaskDocument = {
    dap: "dap-18",
    id: recorded.task.id,
    leader: recorded.task.leader,
    helper: recorded.task.helper,
    timePrecision: recorded.task.timePrecision,
    minBatchSize: recorded.task.minBatchSize,
    batchMode: recorded.task.batchMode as dap.BatchModeName,
    vdaf: recorded.task.vdaf as dap.VdafDescription,
    info: btoa(recorded.task.taskInfo).replaceAll("=", ""),
  };
  const task = dap.DapTask.fromJSON(document);
  const vdaf: Vdaf<never, unknown> = dap.vdafFromJSON(recorded.task.vdaf as dap.VdafDescription);
  const verifyKey = fromBase64Url(file.task.verifyKey);
  const context = dap.vdafContext(task.id);
  const keyPairs = (role: dap.AggregatorRole) =>
    file.hpkeKeys[role].map(({ config, privateKey }) =>
      dap.HpkeKeyPair.fromBytes(dap.decodeHpkeConfig(bytes(config)).id, bytes(privateKey)),
    );
  const reports = file.uploads.flatMap(({ request }) => dap.decodeUploadRequest(bytes(request)).reports);
  const open = (role: dap.AggregatorRole, report: dap.Report): dap.PlaintextInputShare => {
    const ciphertext = role === "leader" ? report.leaderEncryptedInputShare : report.helperEncryptedInputShare;
    const keyPair = keyPairs(role).find(({ id }) => id === ciphertext.configId) as dap.HpkeKeyPair;
    return dap.openInputShare(task, role, keyPair, report.reportMetadata, report.publicShare, ciphertext);
  };

  test("the task has the same encoding", () => {
    expect(hex(task.encodedConfiguration)).toBe(file.task.configuration);
  });

  test("the HPKE configurations are those of the keys", () => {
    ROLES.forEach((role, i) => {
      const list = dap.decodeHpkeConfigList(bytes(file.hpkeConfigs[i] as string));
      expect(list.filter(dap.isHpkeConfigSupported)).toEqual(keyPairs(role).map(({ config }) => config));
      expect(hex(dap.encodeHpkeConfigList(list))).toBe(file.hpkeConfigs[i]);
    });
  });

  test("every upload is read and written again", () => {
    expect(reports).toHaveLength(file.measurements.length);
    for (const { request, response } of file.uploads) {
      expect(hex(dap.encodeUploadRequest(dap.decodeUploadRequest(bytes(request))))).toBe(request);
      expect(response).toBe("");
    }
  });

  test("every report opens, is verified and adds up to the result", () => {
    const totals = { leader: vdaf.aggregateInit(), helper: vdaf.aggregateInit() };
    for (const report of reports) {
      const { reportId: nonce } = report.reportMetadata;
      const { publicShare } = report;
      const [own, other] = ROLES.map((role) => {
        const share = open(role, report);
        expect(share.privateExtensions).toEqual([]);
        return { ctx: context, nonce, publicShare, inputShare: share.payload };
      }) as [never, never];
      const first = leaderInitialize(vdaf, verifyKey, own);
      if (first.status !== "continued") throw new Error("the leader refuses a report");
      const answer = helperInitialize(vdaf, verifyKey, other, first.message);
      if (answer.status !== "finished" || answer.message === undefined) throw new Error("the helper refuses a report");
      totals.helper.add(answer.output);
      const last = leaderContinue(vdaf, context, first, answer.message);
      if (last.status !== "finished") throw new Error("the leader refuses a report in the end");
      totals.leader.add(last.output);
    }
    const result = vdaf.unshard([totals.leader.toBytes(), totals.helper.toBytes()], reports.length);
    expect([result].flat().map(Number)).toEqual(file.result);
    expect(plainSum(file.measurements, type === "Prio3Histogram" ? length : null)).toEqual(file.result);
  });

  test("one report with another task, role, key or public share does not open", () => {
    const [report, another] = reports as [dap.Report, dap.Report];
    const { reportMetadata, publicShare, leaderEncryptedInputShare: ciphertext } = report;
    const [keyPair] = keyPairs("leader") as [dap.HpkeKeyPair];
    const elsewhere = dap.DapTask.fromJSON({ ...document, minBatchSize: document.minBatchSize + 1 });
    for (const [how, attempt] of Object.entries({
      task: () => dap.openInputShare(elsewhere, "leader", keyPair, reportMetadata, publicShare, ciphertext),
      role: () => dap.openInputShare(task, "helper", keyPair, reportMetadata, publicShare, ciphertext),
      metadata: () => dap.openInputShare(task, "leader", keyPair, another.reportMetadata, publicShare, ciphertext),
      share: () => dap.openInputShare(task, "leader", keyPair, reportMetadata, bytes("00"), ciphertext),
    })) {
      expect(attempt, how).toThrow(expect.objectContaining({ code: "cannot-open" }));
    }
  });

  test("the collector's request, the leader's and both answers are read, and the shares give the result", async () => {
    const [asked] = file.aggregateShares as [Recorded];
    const request = dap.decodeAggregateShareReq(bytes(asked.request));
    expect(hex(dap.encodeAggregateShareReq(request))).toBe(asked.request);
    expect(request.reportCount).toBe(BigInt(reports.length));
    expect(request.checksum).toEqual(await checksumOf(reports));
    const created = file.collectionJobs.created.at(-1)?.request;
    expect(hex(dap.encodeCollectionJobReq(request.collectionJobReq))).toBe(created);

    const share = dap.decodeAggregateShare(bytes(asked.response));
    expect(hex(dap.encodeAggregateShare(share))).toBe(asked.response);
    const answered = file.collectionJobs.finished.at(-1)?.response as string;
    const answer = dap.decodeCollectionJobResp(bytes(answered));
    expect(hex(dap.encodeCollectionJobResp(answer))).toBe(answered);
    expect(answer.reportCount).toBe(BigInt(file.count));
    expect(answer.helperEncryptedAggShare).toEqual(share.encryptedAggregateShare);

    const times = reports.map(({ reportMetadata }) => reportMetadata.time).sort();
    expect(answer.interval.start).toBe(times[0]);
    expect(answer.interval.start + answer.interval.duration).toBe((times.at(-1) as bigint) + 1n);

    const collector = dap.HpkeKeyPair.fromBytes(file.collector.id, bytes(file.collector.privateKey));
    const shares = [answer.leaderEncryptedAggShare, answer.helperEncryptedAggShare].map((ciphertext, i) =>
      dap.openAggregateShare(task, ROLES[i] as dap.AggregatorRole, collector, request.collectionJobReq, ciphertext),
    );
    const result = vdaf.unshard(shares, Number(answer.reportCount));
    expect([result].flat().map(Number)).toEqual(file.result);
  });
});

/** The sum of the measurements; of buckets, if there are so many. */
function plainSum(measurements: readonly (number | number[])[], buckets: number | null): number[] {
  const vectors = measurements.map((one) => {
    if (buckets === null) return [one].flat();
    return Array.from({ length: buckets }, (_, bucket) => Number(bucket === one));
  });
  return vectors.reduce((a, b) => a.map((x, i) => x + (b[i] as number)));
}

/** SHA-256 of the reports' ids, one xor the other. */
async function checksumOf(reports: readonly dap.Report[]): Promise<Uint8Array> {
  const checksum = new Uint8Array(32);
  for (const { reportMetadata } of reports) {
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", reportMetadata.reportId));
    hash.forEach((byte, i) => {
      checksum[i] = (checksum[i] as number) ^ byte;
    });
  }
  return checksum;
}
