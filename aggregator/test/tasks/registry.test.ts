// The tasks of a process: what the store has, seen after a refresh, and the same objects where nothing changed.

import { inspect } from "node:util";
import { DapTask, deriveVerifyKey, encodeHpkeConfig, HpkeKeyPair, type VdafOptions, vdafFromJSON } from "prio/dap";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/store/open.js";
import type { Role, Store } from "../../src/store/store.js";
import { changeTask, insertTask, setTaskState } from "../../src/tasks/changes.js";
import { acceptedHashes, newSecrets } from "../../src/tasks/exchange.js";
import { TaskRegistry } from "../../src/tasks/registry.js";
import { anyMeasurement, largestReport } from "../../src/tasks/report-size.js";
import { Secrets } from "../../src/tasks/secrets.js";
import { DEFAULT_SETTINGS } from "../../src/tasks/stored-task.js";

const secrets = new Secrets(new Uint8Array(32).fill(7));

let store: Store;
beforeEach(async () => {
  store = await openStore("sqlite::memory:");
});
afterEach(() => store.close());

async function add(role: Role = "leader", vdaf: unknown = { type: "Prio3Count" }): Promise<DapTask> {
  const task = DapTask.create({
    ...{ leader: "https://leader.example/", helper: "https://helper.example/", timePrecision: 300, minBatchSize: 10 },
    ...{ batchMode: "time-interval", vdaf },
    collectorHpkeConfig: Buffer.from(encodeHpkeConfig(HpkeKeyPair.generate(1).config)).toString("base64url"),
  } as Parameters<typeof DapTask.create>[0]);
  const held = newSecrets(role, (bytes) => new Uint8Array(bytes).fill(3));
  const settings = { ...DEFAULT_SETTINGS, ...acceptedHashes(role, held) };
  await insertTask(store, { role, task, settings, secrets: held }, secrets, 0, "made");
  return task;
}

test("a task that was made is there after a refresh, with the verification key of both aggregators' seed", async () => {
  const registry = await TaskRegistry.load(store, secrets);
  const dap = await add();
  expect(registry.byId(dap.idText)).toBeUndefined();
  await registry.refresh();
  const task = registry.byId(dap.idText);
  expect(task?.dap.hash).toBe(dap.hash);
  expect(task?.verifyKey).toEqual(deriveVerifyKey(new Uint8Array(32).fill(3), dap.id, 32));
  expect(registry.all()).toEqual([task]);
});

test("a task shows its name alone, and no secret, wherever it is printed", async () => {
  const { idText } = await add();
  const [task] = (await TaskRegistry.load(store, secrets)).all();
  const name = `AggregatorTask ${idText} (leader)`;
  expect(inspect(task, { showHidden: true, depth: 9 })).toBe(name);
  expect(JSON.stringify({ task })).toBe(JSON.stringify({ task: name }));
});

test("a job of large reports has fewer of them, and one at least", async () => {
  await add();
  await add("leader", { type: "Prio3SumVec", length: 20_000, maxMeasurement: 1, chunkLength: 150 });
  const [small, large] = (await TaskRegistry.load(store, secrets)).all();
  expect(small?.limits.maxJobReports).toBe(500);
  const { maxReportBytes = 0, maxJobReports = 0 } = large?.limits ?? {};
  expect(maxReportBytes).toBeGreaterThan(300_000);
  expect(maxJobReports).toBe(Math.floor((64 << 20) / maxReportBytes));
});

test("what did not change stays the same object; what did is another", async () => {
  const [a, b] = [await add(), await add()];
  const registry = await TaskRegistry.load(store, secrets);
  const before = [registry.byId(a.idText), registry.byId(b.idText)];
  await setTaskState(store, b.idText, "paused", 1);
  await registry.refresh();
  expect(registry.byId(a.idText)).toBe(before[0]);
  expect(registry.byId(b.idText)?.state).toBe("paused");
  const noise = { mechanism: "laplace", epsilon: "1" } as const;
  await changeTask(store, a.idText, secrets, 2, "noise", (_row, held) => ({
    ...held,
    settings: { ...held.settings, noise },
  }));
  await registry.refresh();
  expect(registry.byId(a.idText)?.noiseSettings).toEqual(noise);
});

test("reports on their way go on after a change of their task: its VDAF is the same instance", async () => {
  const { idText } = await add();
  const registry = await TaskRegistry.load(store, secrets);
  const before = registry.byId(idText);
  await setTaskState(store, idText, "paused", 1);
  await registry.refresh();
  expect(registry.byId(idText)).not.toBe(before);
  expect(registry.byId(idText)?.vdaf).toBe(before?.vdaf);
  await changeTask(store, idText, secrets, 2, "token", (_row, held) => ({
    ...held,
    secrets: { ...held.secrets, peerToken: "another" },
  }));
  await registry.refresh();
  expect(registry.byId(idText)?.peer.token).toBe("another");
  expect(registry.byId(idText)?.vdaf).toBe(before?.vdaf);
});

test("a row whose secrets are another's is refused, and the tasks stay as they were", async () => {
  const [a, b] = [await add(), await add()];
  const registry = await TaskRegistry.load(store, secrets);
  await store.run("swap", async (tx) => {
    const [one, two] = await tx.tasks();
    if (one === undefined || two === undefined) throw new Error("expected two tasks");
    await tx.updateTask(one.key, { secrets: two.secrets });
  });
  await expect(registry.refresh()).rejects.toThrow("changed, or belong to another row");
  expect(registry.byId(a.idText)).toBeDefined();
  expect(registry.byId(b.idText)).toBeDefined();
});

test("what operators did is on record", async () => {
  const { idText } = await add();
  await setTaskState(store, idText, "ended", 5);
  const audit = await store.run("audit", (tx) => tx.audit(10));
  expect(audit.map(({ at, what }) => [at, what])).toEqual([
    [5, "task ended"],
    [0, "made"],
  ]);
});

describe("the largest report of a task", () => {
  const vdafs: VdafOptions[] = [
    { type: "Prio3Count" },
    { type: "Prio3Sum", maxMeasurement: 1000 },
    { type: "Prio3SumVec", length: 20, maxMeasurement: 7 },
    { type: "Prio3Histogram", length: 100 },
    { type: "Prio3MultihotCountVec", length: 10, maxWeight: 4 },
    { type: "Prio3L1BoundSum", length: 10, maxValue: 30 },
    { type: "Prio3SumVecWithMultiproof", length: 10, maxMeasurement: 1, proofs: 3, xof: "turboshake" },
    { type: "Prio1", fields: 30 },
    { type: "Prio1", count: 3, precision: 5 },
  ];

  test.each(vdafs)("$type has room for its shares, and little more", (options) => {
    const vdaf = vdafFromJSON(options);
    const description = { chunkLength: 1, ...options } as Parameters<typeof anyMeasurement>[0];
    const nonce = new Uint8Array(vdaf.nonceSize);
    const { publicShare, inputShares } = vdaf.shard(new Uint8Array(40), anyMeasurement(description) as never, nonce);
    const shares = publicShare.length + inputShares.reduce((sum, share) => sum + share.length, 0);
    const most = largestReport(vdaf as never, description);
    expect(most).toBeGreaterThan(shares + 300);
    expect(most).toBeLessThan(shares + 4096);
  });
});
