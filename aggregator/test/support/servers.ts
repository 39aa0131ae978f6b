// A leader and a helper as two servers of this process over SQLite files, with a task of both: the whole thing over
// real HTTP, as two operators have it.

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DapClient,
  DapCollector,
  DapTask,
  encodeHpkeConfig,
  HpkeKeyPair,
  type TaskDocument,
  vdafFromJSON,
} from "prio/dap";
import { type Config, readConfig } from "../../src/config.js";
import { createLogger } from "../../src/log.js";
import { type RunningProcess, startProcess } from "../../src/roles/process.js";
import type { Role, Store } from "../../src/store/store.js";
import { insertTask } from "../../src/tasks/changes.js";
import { Secrets } from "../../src/tasks/secrets.js";
import { DEFAULT_SETTINGS, type TaskSettings } from "../../src/tasks/stored-task.js";
import { tokenHash } from "../../src/tasks/tokens.js";

export type TaskChoice = Pick<TaskDocument, "vdaf" | "batchMode"> &
  Partial<Pick<TaskDocument, "timePrecision" | "minBatchSize">>;

type Urls = Pick<TaskDocument, "leader" | "helper">;

/** One operator's side. */
export interface Side {
  readonly role: Role;
  readonly secrets: Secrets;
  readonly lines: string[];
  readonly config: Config;
  process: RunningProcess;
}

/** A task as all parties have it. */
export interface PairTask {
  readonly dap: DapTask;
  readonly client: DapClient<unknown>;
  readonly collector: DapCollector<unknown>;
  readonly peerToken: string;
  readonly collectorToken: string;
  readonly collectorKey: HpkeKeyPair;
  readonly verifyKeySeed: string;
  /** The bodies of what the client uploaded. */
  readonly uploaded: readonly Uint8Array[];
}

export interface Pair {
  readonly leader: Side;
  readonly helper: Side;
  /** Makes a task at both sides. */
  addTask(choice: TaskChoice, settings?: Partial<TaskSettings>, urls?: Partial<Urls>): Promise<PairTask>;
  stop(): Promise<void>;
}

/** Settings for tests: ports that the system chooses, and little patience. */
export const TEST_FLAGS = { listen: "127.0.0.1:0", adminListen: "127.0.0.1:0", uploadGroupDelay: "1" } as const;

async function startSide(role: Role, folder: string, flags: Readonly<Record<string, string>>): Promise<Side> {
  const secrets = new Secrets(randomBytes(32));
  const lines: string[] = [];
  const config = readConfig({}, { database: `sqlite:${join(folder, `${role}.sqlite`)}`, ...TEST_FLAGS, ...flags });
  const log = createLogger("debug", { write: (line) => void lines.push(line) });
  return { role, secrets, lines, config, process: await startProcess(config, secrets, log) };
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");

/** A task for a leader and a helper at these URLs, with what each of its parties has. */
export function newPairTask(urls: Urls, choice: TaskChoice): PairTask {
  const { timePrecision = 60, minBatchSize = 3, ...rest } = choice;
  const collectorKey = HpkeKeyPair.generate(9);
  const collectorHpkeConfig = base64(encodeHpkeConfig(collectorKey.config));
  const dap = DapTask.create({ ...urls, timePrecision, minBatchSize, ...rest, collectorHpkeConfig });
  const vdaf = vdafFromJSON(dap.vdaf) as never;
  const collectorToken = randomBytes(32).toString("base64url");
  // Nobody waits for as long as servers at work would have it.
  const sleep = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve, 50));
  const uploaded: Uint8Array[] = [];
  const watched: typeof fetch = (url, init) => {
    if (init?.body instanceof Uint8Array) uploaded.push(init.body);
    return fetch(url, init);
  };
  return {
    dap,
    client: new DapClient<unknown>({ task: dap, vdaf, sleep, fetch: watched as never }),
    collector: new DapCollector<unknown>({ task: dap, vdaf, keyPair: collectorKey, token: collectorToken, sleep }),
    peerToken: randomBytes(32).toString("base64url"),
    collectorToken,
    collectorKey,
    verifyKeySeed: base64(randomBytes(32)),
    uploaded,
  };
}

/** Gives a task to one operator's store. */
export async function giveTask(
  store: Store,
  role: Role,
  secrets: Secrets,
  { dap, peerToken, collectorToken, verifyKeySeed }: PairTask,
  settings: Partial<TaskSettings> = {},
): Promise<void> {
  const tokens =
    role === "leader"
      ? { collectorTokenHashes: [tokenHash(collectorToken)] }
      : { peerTokenHashes: [tokenHash(peerToken)] };
  const own = { verifyKeySeed, peerToken: role === "leader" ? peerToken : null, collectorToken: null };
  const task = {
    role,
    task: dap,
    settings: { ...DEFAULT_SETTINGS, maxJobDelay: 0, ...tokens, ...settings },
    secrets: own,
  };
  await insertTask(store, task, secrets, 0, "task made");
}

export async function startPair(flags: Readonly<Record<string, string>> = {}): Promise<Pair> {
  const folder = mkdtempSync(join(tmpdir(), "prio-pair-"));
  const leader = await startSide("leader", folder, flags);
  const helper = await startSide("helper", folder, flags);
  return {
    leader,
    helper,
    async addTask(choice, settings, others) {
      const urls = {
        leader: `http://127.0.0.1:${leader.process.port}/leader/api/`,
        helper: `http://127.0.0.1:${helper.process.port}/helper`,
        ...others,
      };
      const task = newPairTask(urls, choice);
      for (const { role, secrets, process } of [leader, helper]) {
        await giveTask(process.ctx.store, role, secrets, task, settings);
        await process.reload();
      }
      return task;
    },
    async stop() {
      await Promise.all([leader.process.stop(), helper.process.stop()]);
      rmSync(folder, { recursive: true });
    },
  };
}
