// Encrypted shares open with the task, the role and the report or request that they were made for, and with no other.

import { describe, expect, it } from "vitest";
import { concat, toHex } from "../../src/core/bytes.js";
import { HpkeInfo, hpkeOpen } from "../../src/crypto/hpke.js";
import {
  type AggregatorRole,
  type CollectionJobReq,
  DapTask,
  encodeAggregateShareAad,
  encodeInputShareAad,
  encodePlaintextInputShare,
  type HpkeCiphertext,
  type HpkeConfig,
  HpkeKeyPair,
  openAggregateShare,
  openInputShare,
  type PlaintextInputShare,
  type ReportMetadata,
  sealAggregateShare,
  sealInputShare,
} from "../../src/dap/index.js";
import { PrivateKey } from "../../src/index.js";
import { codeOf } from "../support/deployment.js";
import { providers, using } from "../support/providers.js";

const document = {
  leader: "https://leader.example/",
  helper: "https://helper.example/",
  timePrecision: 60,
  minBatchSize: 10,
  batchMode: "time-interval",
  vdaf: { type: "Prio3Count" },
} as const;
const task = DapTask.create(document);
const keyPair = HpkeKeyPair.generate(7);
const metadata: ReportMetadata = {
  reportId: new Uint8Array(16).fill(3),
  time: 1_000_000n,
  publicExtensions: [{ extensionType: 5, extensionData: Uint8Array.of(1) }],
};
const publicShare = Uint8Array.of(8, 9);
const share: PlaintextInputShare = {
  privateExtensions: [{ extensionType: 2, extensionData: new Uint8Array(0) }],
  payload: Uint8Array.of(1, 2, 3),
};
const request: CollectionJobReq = {
  query: { batchMode: 1, config: new Uint8Array(16) },
  aggParam: new Uint8Array(0),
  extensions: [],
};
const ascii = (text: string) => new TextEncoder().encode(text);
const roles: readonly AggregatorRole[] = ["leader", "helper"];
const changed = (bytes: Uint8Array, i = 0) =>
  bytes.map((byte, k) => (k === i ? byte ^ 1 : byte)) as typeof share.payload;

describe.each(providers)("with %s", (name) => {
  it.each(roles)("an input share of the %s opens with all of what it is bound to", (role) => {
    using(name, () => {
      const sealed = sealInputShare(task, role, keyPair.config, metadata, publicShare, share);
      expect(sealed.configId).toBe(7);
      expect(openInputShare(task, role, keyPair, metadata, publicShare, sealed)).toEqual(share);
      const open = (other: Partial<{ task: DapTask; role: AggregatorRole; keyPair: HpkeKeyPair }>) =>
        openInputShare(other.task ?? task, other.role ?? role, other.keyPair ?? keyPair, metadata, publicShare, sealed);
      const { id } = task;
      const others = [
        () => open({ task: DapTask.create(document) }),
        () => open({ task: DapTask.fromConfiguration({ ...task.configuration, minBatchSize: 1n }, { id }) }),
        () => open({ task: DapTask.fromConfiguration(task.configuration, { id: changed(id) }) }),
        () => open({ role: role === "leader" ? "helper" : "leader" }),
        () => open({ keyPair: HpkeKeyPair.generate(7) }),
        () => open({ keyPair: HpkeKeyPair.fromBytes(8, keyPair.toBytes()) }),
        () => openInputShare(task, role, keyPair, { ...metadata, time: 1n }, publicShare, sealed),
        () => openInputShare(task, role, keyPair, { ...metadata, publicExtensions: [] }, publicShare, sealed),
        () => openInputShare(task, role, keyPair, metadata, new Uint8Array(2), sealed),
        () => openInputShare(task, role, keyPair, metadata, publicShare, { ...sealed, enc: changed(sealed.enc) }),
        () =>
          openInputShare(task, role, keyPair, metadata, publicShare, { ...sealed, payload: changed(sealed.payload) }),
      ];
      for (const other of others) expect(codeOf(other)).toBe("cannot-open");
    });
  });

  it.each(roles)("an aggregate share of the %s opens with all of what it is bound to", (role) => {
    using(name, () => {
      const sealed = sealAggregateShare(task, role, keyPair.config, request, share.payload);
      expect(openAggregateShare(task, role, keyPair, request, sealed)).toEqual(share.payload);
      const otherRole = role === "leader" ? "helper" : "leader";
      const otherRequest = { ...request, query: { batchMode: 1, config: changed(request.query.config) } };
      const others = [
        () => openAggregateShare(DapTask.create(document), role, keyPair, request, sealed),
        () => openAggregateShare(task, otherRole, keyPair, request, sealed),
        () => openAggregateShare(task, role, HpkeKeyPair.generate(7), request, sealed),
        () => openAggregateShare(task, role, keyPair, otherRequest, sealed),
        () => openAggregateShare(task, role, keyPair, request, { ...sealed, payload: changed(sealed.payload, 2) }),
      ];
      for (const other of others) expect(codeOf(other)).toBe("cannot-open");
    });
  });
});

/** The draft's `SealBase(pk, info, aad, plaintext)`, opened with everything spelt out. */
function plaintextOf({ enc, payload }: HpkeCiphertext, info: Uint8Array, aad: Uint8Array): string {
  const privateKey = PrivateKey.fromBytes(keyPair.toBytes());
  return toHex(hpkeOpen(privateKey, new HpkeInfo(info), aad, enc, payload) as Uint8Array);
}

it.each([
  ["leader", 2],
  ["helper", 3],
] as const)("shares of the %s have the draft's info and associated data", (role, code) => {
  const taskConfiguration = task.configuration;
  const input = sealInputShare(task, role, keyPair.config, metadata, publicShare, share);
  const aad = encodeInputShareAad({ taskId: task.id, taskConfiguration, reportMetadata: metadata, publicShare });
  const info = concat(ascii("dap-18 input share"), Uint8Array.of(1, code));
  expect(plaintextOf(input, info, aad)).toBe(toHex(encodePlaintextInputShare(share)));

  const aggregate = sealAggregateShare(task, role, keyPair.config, request, share.payload);
  const aggregateAad = encodeAggregateShareAad({ taskId: task.id, taskConfiguration, collectionJobReq: request });
  const aggregateInfo = concat(ascii("dap-18 aggregate share"), Uint8Array.of(code, 0));
  expect(plaintextOf(aggregate, aggregateInfo, aggregateAad)).toBe(toHex(share.payload));
});

it("refuses to encrypt to other algorithms, other lengths and keys of low order", () => {
  const sealTo = (config: HpkeConfig) =>
    codeOf(() => sealInputShare(task, "leader", config, metadata, publicShare, share));
  const { config } = keyPair;
  expect(sealTo({ ...config, kemId: 0x10 })).toBe("invalid-key");
  expect(sealTo({ ...config, kdfId: 2 })).toBe("invalid-key");
  expect(sealTo({ ...config, aeadId: 2 })).toBe("invalid-key");
  expect(sealTo({ ...config, publicKey: new Uint8Array(31) })).toBe("wrong-length");
  expect(sealTo({ ...config, publicKey: new Uint8Array(32) })).toBe("invalid-key");
});

it("encrypts to what a configuration holds now", () => {
  const config = { ...keyPair.config, publicKey: keyPair.config.publicKey.slice() };
  const first = sealInputShare(task, "leader", config, metadata, publicShare, share);
  expect(openInputShare(task, "leader", keyPair, metadata, publicShare, first)).toEqual(share);
  const other = HpkeKeyPair.generate(7);
  config.publicKey.set(other.config.publicKey);
  const second = sealInputShare(task, "leader", config, metadata, publicShare, share);
  expect(openInputShare(task, "leader", other, metadata, publicShare, second)).toEqual(share);
});
