// A server whose operations are given by the test, over a store that keeps uploads in an array: for what the HTTP side
// does by itself.

import { createHash, randomBytes } from "node:crypto";
import { HpkeKeyPair } from "prio/dap";
import type { Context } from "../../src/context.js";
import type { Operations } from "../../src/http/operations.js";
import { type AggregatorServer, createServer, type ServerOptions } from "../../src/http/server.js";
import { createLogger } from "../../src/log.js";
import type { Store, Transaction } from "../../src/store/store.js";
import type { AggregatorTask } from "../../src/tasks/task.js";
import { noMetrics } from "./metrics.js";

export const PEER_TOKEN = "peer-token-marker";
export const COLLECTOR_TOKEN = "collector-token-marker";

export const sha256 = (text: string): Uint8Array => createHash("sha256").update(text).digest();

export const OPTIONS: ServerOptions = {
  tls: null,
  uploads: { reports: 100, delay: 1, transactions: 1, maxWaitingBytes: 1 << 20, maxWaitingReports: 1000 },
  hpkeConfigMaxAge: 86_400,
  maxReadingBytes: 1 << 24,
  maxJobRequests: 8,
  maxConnections: 1000,
  requestTimeout: 30,
  headersTimeout: 10,
  keepAliveTimeout: 5,
};

const noRefresh = (): Promise<void> => Promise.resolve();

let keys = 0;

/** A task with what the HTTP side looks at. */
export function fakeTask(change: Partial<AggregatorTask> = {}): AggregatorTask {
  const id = randomBytes(32);
  return {
    key: ++keys,
    id,
    idText: id.toString("base64url"),
    role: "leader",
    dap: { leader: "https://leader.example/api/dap", helper: "https://helper.example/dap/" },
    state: "active",
    peer: { url: "", token: null },
    acceptedTokens: { peer: [sha256(PEER_TOKEN)], collector: [sha256(COLLECTOR_TOKEN)] },
    mutualTls: { peer: [], collector: [] },
    noise: null,
    dialect: "dap-18",
    limits: { maxReportBytes: 3000, maxJobReports: 500, maxJobDelay: 10, maxFuture: 60 },
    ...change,
  } as unknown as AggregatorTask;
}

export interface FakeServer {
  readonly url: string;
  readonly server: AggregatorServer;
  readonly ctx: Context;
  /** What was uploaded. */
  readonly reports: { task: number; id: Uint8Array; time: number; content: Uint8Array }[];
  readonly counters: Map<string, number>;
  /** Lines of the log. */
  readonly lines: string[];
  /** Makes the next transactions fail or wait. */
  readonly store: { fail: boolean; before: () => Promise<void> };
  readonly pair: HpkeKeyPair;
  close(): Promise<void>;
}

const notGiven = (): never => {
  throw new Error("the test gives no such operation");
};

const NO_OPERATIONS: Operations = {
  uploadRefusals: (_ctx, _task, reports) => Promise.resolve(reports.map(() => null)),
  createCollectionJob: notGiven,
  readCollectionJob: notGiven,
  deleteCollectionJob: notGiven,
  createAggregationJob: notGiven,
  continueAggregationJob: notGiven,
  readAggregationJob: notGiven,
  deleteAggregationJob: notGiven,
  createAggregateShare: notGiven,
  readAggregateShare: notGiven,
  deleteAggregateShare: notGiven,
};

export async function startFake(
  tasks: readonly AggregatorTask[],
  operations: Partial<Operations> = {},
  options: Partial<ServerOptions> = {},
): Promise<FakeServer> {
  const reports: FakeServer["reports"] = [];
  const counters = new Map<string, number>();
  const lines: string[] = [];
  const state = { fail: false, before: () => Promise.resolve() };
  const tx = {
    insertReports(added: FakeServer["reports"]) {
      reports.push(...added);
      return Promise.resolve(added.length);
    },
    addCounters(added: readonly { task: number; name: string; n: number }[]) {
      for (const { task, name, n } of added)
        counters.set(`${task} ${name}`, (counters.get(`${task} ${name}`) ?? 0) + n);
      return Promise.resolve();
    },
  } as unknown as Transaction;
  const store: Store = {
    async run(_name, body) {
      await state.before();
      if (state.fail) throw new Error("the disk of 192.0.2.1 is full");
      return body(tx);
    },
    compact: () => Promise.resolve(false),
    close: () => Promise.resolve(),
  };
  const pair = HpkeKeyPair.generate(7);
  const announced = [pair.config];
  const ctx: Context = {
    store,
    tasks: {
      byId: (idText) => tasks.find((task) => task.idText === idText),
      all: () => tasks,
      refresh: () => Promise.resolve(),
    },
    keys: { announced: () => announced, pair: () => pair, refresh: noRefresh, refreshOnceAt: noRefresh },
    clock: () => Math.floor(Date.now() / 1000),
    random: (bytes) => randomBytes(bytes),
    log: createLogger("debug", { write: (line) => void lines.push(line) }),
    metrics: noMetrics,
  };
  const server = createServer(ctx, { ...NO_OPERATIONS, ...operations }, { ...OPTIONS, ...options });
  const port = await server.listen("127.0.0.1", 0);
  const scheme = options.tls == null ? "http" : "https";
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    server,
    ctx,
    reports,
    counters,
    lines,
    store: state,
    pair,
    close: () => server.close(),
  };
}

/** The first bytes of a POST, for tests that send the rest as they like. */
export function requestHead(path: string, fields: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries({ Host: "x", ...fields }).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}
