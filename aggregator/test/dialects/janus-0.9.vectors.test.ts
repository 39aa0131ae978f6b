// The jobs that two Janus did together (vectors/janus of the repository): their messages go through the dialect both
// ways, and what the leader and the helper said of each report is what this library says.

import { readdirSync, readFileSync } from "node:fs";
import * as dap from "prio/dap";
import { helperInitialize, leaderInitialize } from "prio/prio3";
import { describe, expect, test } from "vitest";
import { decodeInitReq, decodeResp, encodeInitReq, encodeResp } from "../../src/dialects/janus-0.9.js";

interface Recorded {
  readonly path: string;
  readonly request: string;
  readonly response: string;
}

interface File {
  readonly task: { readonly id: string; readonly configuration: string; readonly verifyKey: string };
  readonly hpkeKeys: Readonly<Record<dap.AggregatorRole, readonly { config: string; privateKey: string }[]>>;
  readonly uploads: readonly Recorded[];
  readonly aggregationJobs: readonly Recorded[];
}

const folder = new URL("../../../vectors/janus/", import.meta.url);
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (of: Uint8Array) => Buffer.from(of).toString("hex");

describe.each(readdirSync(folder))("recorded from Janus: %s", (name) => {
  const file = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as File;
  const id = Buffer.from(file.task.id, "base64url");
  const task = dap.DapTask.fromConfiguration(dap.decodeTaskConfiguration(bytes(file.task.configuration)), { id });
  const vdaf = dap.vdafFromJSON(task.vdaf);
  const verifyKey = Buffer.from(file.task.verifyKey, "base64url");
  const reports = new Map(
    file.uploads
      .flatMap(({ request }) => dap.decodeUploadRequest(bytes(request)).reports)
      .map((report) => [hex(report.reportMetadata.reportId), report]),
  );
  const toVerify = (role: dap.AggregatorRole, { metadata, publicShare, ciphertext }: Share) => {
    const keys = file.hpkeKeys[role].map(({ config, privateKey }) =>
      dap.HpkeKeyPair.fromBytes(dap.decodeHpkeConfig(bytes(config)).id, bytes(privateKey)),
    );
    const keyPair = keys.find(({ id: one }) => one === ciphertext.configId) as dap.HpkeKeyPair;
    const share = dap.openInputShare(task, role, keyPair, metadata, publicShare, ciphertext);
    return { ctx: dap.vdafContext(task.id), nonce: metadata.reportId, publicShare, inputShare: share.payload };
  };

  test("every request and answer of a job goes through the dialect and back", () => {
    for (const { request, response } of file.aggregationJobs) {
      const init = decodeInitReq(bytes(request));
      expect(dap.encodeAggregationJobInitReq(dap.decodeAggregationJobInitReq(init))).toEqual(init);
      expect(hex(encodeInitReq(init))).toBe(request);
      const answer = decodeResp(bytes(response));
      expect(dap.encodeAggregationJobResp(dap.decodeAggregationJobResp(answer))).toEqual(answer);
      expect(hex(encodeResp(answer))).toBe(response);
    }
  });

  test("both aggregators say of each report what Janus said", () => {
    let verified = 0;
    for (const { request, response } of file.aggregationJobs) {
      const { verifyInits, extensions } = dap.decodeAggregationJobInitReq(decodeInitReq(bytes(request)));
      const { verifyResps } = dap.decodeAggregationJobResp(decodeResp(bytes(response)));
      expect(extensions).toHaveLength(task.batchMode === "leader-selected" ? 1 : 0);
      expect(verifyResps).toHaveLength(verifyInits.length);
      verifyInits.forEach(({ reportShare, payload }, i) => {
        const { reportMetadata: metadata, publicShare, encryptedInputShare } = reportShare;
        const report = reports.get(hex(metadata.reportId)) as dap.Report;
        expect(report.helperEncryptedInputShare).toEqual(encryptedInputShare);
        const ofLeader = { metadata, publicShare, ciphertext: report.leaderEncryptedInputShare };
        const first = leaderInitialize(vdaf as never, verifyKey, toVerify("leader", ofLeader));
        expect("message" in first && hex(first.message)).toBe(hex(payload));
        const ofHelper = { metadata, publicShare, ciphertext: encryptedInputShare };
        const answer = helperInitialize(vdaf as never, verifyKey, toVerify("helper", ofHelper), payload);
        const theirs = verifyResps[i] as dap.VerifyRespContinue;
        expect("message" in answer && hex(answer.message as Uint8Array)).toBe(hex(theirs.payload));
        expect(hex(theirs.reportId)).toBe(hex(metadata.reportId));
        verified++;
      });
    }
    expect(verified).toBe(reports.size);
  });
});

interface Share {
  readonly metadata: dap.ReportMetadata;
  readonly publicShare: dap.Bytes;
  readonly ciphertext: dap.HpkeCiphertext;
}
