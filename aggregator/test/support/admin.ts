// An admin port over a store in memory, with a task of each role, for tests of it and of its page.

import { DapTask, encodeHpkeConfig, HpkeKeyPair } from "prio/dap";
import { PromMetrics } from "../../src/admin/metrics.js";
import { type Admin, type AdminOptions, openAdmin } from "../../src/admin/server.js";
import type { Context } from "../../src/context.js";
import { createLogger } from "../../src/log.js";
import { openStore } from "../../src/store/open.js";
import type { Role, Store } from "../../src/store/store.js";
import { insertTask } from "../../src/tasks/changes.js";
import { acceptedHashes, newSecrets } from "../../src/tasks/exchange.js";
import { advanceHpkeKeys, DEFAULT_KEY_POLICY, HpkeKeys } from "../../src/tasks/keys.js";
import { TaskRegistry } from "../../src/tasks/registry.js";
import { Secrets } from "../../src/tasks/secrets.js";
import { DEFAULT_SETTINGS, type TaskSettings } from "../../src/tasks/stored-task.js";

export interface TestAdmin {
  readonly ctx: Context;
  readonly admin: Admin;
  readonly store: Store;
  /** Of tasks that were added. */
  readonly keyOf: (task: DapTask) => number;
  now: number;
  addTask(role: Role, settings?: Partial<TaskSettings>, minBatchSize?: number): Promise<DapTask>;
  close(): Promise<void>;
}

const secrets = new Secrets(new Uint8Array(32).fill(7));

export async function openTestAdmin(options: Partial<AdminOptions> = {}, start = 1_800_000_000): Promise<TestAdmin> {
  const store = await openStore("sqlite::memory:");
  const tasks = await TaskRegistry.load(store, secrets);
  const keys = await HpkeKeys.load(store, secrets);
  const metrics = new PromMetrics({ process: false });
  const log = createLogger("silent");
  const time = { now: start };
  const random = (bytes: number): Uint8Array => crypto.getRandomValues(new Uint8Array(bytes));
  const ctx: Context = { store, tasks, keys, metrics, log, random, clock: () => time.now };
  const admin = await openAdmin(ctx, metrics, { host: "127.0.0.1", port: 0, ...options });
  const test: TestAdmin = {
    ...{ ctx, admin, store },
    get now() {
      return time.now;
    },
    set now(seconds) {
      time.now = seconds;
    },
    keyOf: ({ idText }) => tasks.byId(idText)?.key ?? 0,
    async addTask(role, changed = {}, minBatchSize = 1000) {
      const task = DapTask.create({
        ...{ leader: "https://leader.example/", helper: "https://helper.example/", timePrecision: 3600, minBatchSize },
        ...{ batchMode: "time-interval", vdaf: { type: "Prio3Histogram", length: 5, chunkLength: 2 } },
        collectorHpkeConfig: Buffer.from(encodeHpkeConfig(HpkeKeyPair.generate(1).config)).toString("base64url"),
      });
      const held = newSecrets(role, random);
      const settings = { ...DEFAULT_SETTINGS, ...acceptedHashes(role, held), ...changed };
      await insertTask(store, { role, task, settings, secrets: held }, secrets, time.now, "made");
      await tasks.refresh();
      return task;
    },
    async close() {
      await admin.close();
      await store.close();
    },
  };
  await store.run("first key", (tx) => advanceHpkeKeys(tx, secrets, DEFAULT_KEY_POLICY, time.now));
  return test;
}
