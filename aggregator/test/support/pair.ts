// A leader and a helper in one process, with stores of their own and a clock that the test sets. What goes between them
// are functions: a test can look at it, change it, lose it, or answer in the helper's place.

import {
  BatchMode,
  type CollectionJobReq,
  DapTask,
  type DapVdaf,
  decodeCollectionJobReq,
  decodeCollectionJobResp,
  deriveVerifyKey,
  describeVdaf,
  encodeCollectionJobReq,
  encodeInterval,
  encodeReport,
  HpkeKeyPair,
  MEDIA_TYPES,
  openAggregateShare,
  type PlaintextInputShare,
  type Report,
  type ReportMetadata,
  sealInputShare,
  type VdafOptions,
  vdafFromJSON,
} from "prio/dap";
import type { Noise } from "prio/dp";
import type { Shards, Vdaf } from "prio/prio3";
import type { Context } from "../../src/context.js";
import { Driver } from "../../src/jobs/driver.js";
import type { Peer, PeerRequest, PeerResponse } from "../../src/jobs/peer.js";
import { createLogger } from "../../src/log.js";
import { Problem } from "../../src/problem.js";
import type { Answer } from "../../src/protocol/answer.js";
import { createAggregateShare, readAggregateShare } from "../../src/protocol/helper/aggregate-shares.js";
import { continueAggregationJob } from "../../src/protocol/helper/continue-aggregation-job.js";
import { createAggregationJob } from "../../src/protocol/helper/create-aggregation-job.js";
import { deleteAggregationJob, readAggregationJob } from "../../src/protocol/helper/read-aggregation-job.js";
import { createCollectionJob, readCollectionJob } from "../../src/protocol/leader/collection-jobs.js";
import { uploadRefusals } from "../../src/protocol/leader/upload.js";
import { openStore } from "../../src/store/open.js";
import type { JobKind, Role, Store } from "../../src/store/store.js";
import type { AggregatorTask, HelperMode, TaskLimits } from "../../src/tasks/task.js";
import { noMetrics } from "./metrics.js";

export interface PairOptions {
  readonly vdaf?: VdafOptions;
  readonly batchMode?: "time-interval" | "leader-selected";
  readonly minBatchSize?: number;
  readonly timePrecision?: number;
  readonly interval?: { readonly start: number; readonly duration: number };
  readonly helperMode?: HelperMode;
  readonly noise?: { readonly leader?: Noise; readonly helper?: Noise };
  readonly limits?: Partial<TaskLimits>;
  /** A pair whose task and keys this one has too, so that reports to that one can be sent to this one. */
  readonly like?: Pair;
  /** Where each side keeps what it has; in memory by default. */
  readonly stores?: { readonly leader: string; readonly helper: string };
}

/** A side of the pair: what its process is handed, and its task. */
export interface Side {
  ctx: Context;
  task: AggregatorTask;
  readonly keyPair: HpkeKeyPair;
}

/** What can be wrong with a report. */
export interface ReportFaults {
  readonly id?: Uint8Array;
  readonly time?: bigint;
  readonly shards?: Shards;
  readonly publicExtensions?: ReportMetadata["publicExtensions"];
  readonly privateExtensions?: { readonly leader?: PlaintextInputShare["privateExtensions"] };
  /** Changes the report when it is sealed. */
  readonly change?: (report: Report) => Report;
}

const NOW = 1_800_000_000;
const LIMITS: TaskLimits = {
  ...{ maxReportBytes: 1 << 20, maxJobReports: 500, maxJobDelay: 10, maxFuture: 300, reportExpiry: null },
};

export class Pair {
  /** Seconds since 1970. */
  now = NOW;
  readonly collectorKeyPair: HpkeKeyPair;
  readonly dap: DapTask;
  readonly vdaf: DapVdaf;
  readonly leader: Side;
  readonly helper: Side;
  /** What the leader's driver reaches the helper by; a test may put another in its place. */
  peer: Peer;
  /** Requests that reached the helper. */
  readonly requests: PeerRequest[] = [];
  #random = 0;
  #counter = 0;

  private constructor(
    dap: DapTask,
    options: PairOptions,
    stores: { leader: Store; helper: Store },
    collector: HpkeKeyPair,
  ) {
    this.dap = dap;
    this.collectorKeyPair = collector;
    this.vdaf = vdafFromJSON(dap.vdaf);
    const verifyKey = deriveVerifyKey(Buffer.from("the seed of both"), dap.id, this.vdaf.verifyKeySize);
    const side = (role: Role): Side => {
      const keyPair = options.like?.[role].keyPair ?? HpkeKeyPair.generate(role === "leader" ? 1 : 2);
      const task: AggregatorTask = {
        ...{ key: 1, id: dap.id, idText: dap.idText, role, dap, verifyKey, state: "active", noiseSettings: null },
        vdaf: this.vdaf as Vdaf<unknown, unknown>,
        peer: { url: role === "leader" ? dap.helper : dap.leader, token: null },
        acceptedTokens: { peer: [], collector: [] },
        mutualTls: { peer: [], collector: [] },
        noise: options.noise?.[role] ?? null,
        helperMode: options.helperMode ?? "sync",
        dialect: "dap-18",
        limits: { ...LIMITS, ...options.limits },
      };
      const made: Side = { ctx: undefined as unknown as Context, task, keyPair };
      made.ctx = this.contextOf(stores[role], () => made.task, keyPair);
      return made;
    };
    this.leader = side("leader");
    this.helper = side("helper");
    this.peer = this.direct();
  }

  static async make(options: PairOptions = {}): Promise<Pair> {
    const collector = options.like?.collectorKeyPair ?? HpkeKeyPair.generate(9);
    const dap = options.like?.dap ?? newTask(options, collector);
    const { leader = "sqlite::memory:", helper = "sqlite::memory:" } = options.stores ?? {};
    const stores = { leader: await openStore(leader), helper: await openStore(helper) };
    for (const role of ["leader", "helper"] as const) {
      const row = { id: dap.id, role, document: "{}", settings: "{}", secrets: new Uint8Array(0) };
      const key = await stores[role].run("test", (tx) => tx.insertTask({ ...row, state: "active", createdAt: NOW }));
      if (key !== 1) throw new Error("expected the store's first task to be its number 1");
    }
    return new Pair(dap, options, stores, collector);
  }

  contextOf(store: Store, task: () => AggregatorTask, keyPair: HpkeKeyPair): Context {
    return {
      store,
      tasks: {
        byId: (idText) => (idText === this.dap.idText ? task() : undefined),
        all: () => [task()],
        refresh: () => Promise.resolve(),
      },
      keys: {
        announced: () => [keyPair.config],
        pair: (id) => (id === keyPair.id ? keyPair : undefined),
        refresh: () => Promise.resolve(),
        refreshOnceAt: () => Promise.resolve(),
      },
      clock: () => this.now,
      random: (bytes) => this.random(bytes),
      log: createLogger("silent"),
      metrics: noMetrics,
    };
  }

  /** A process that starts anew over the same store: it has nothing in memory. */
  restart(role: Role): void {
    const side = this[role];
    side.ctx = { ...side.ctx };
  }

  /** Other bytes each time, and the same in each run. */
  random(bytes: number): Uint8Array {
    this.#random++;
    return new Uint8Array(bytes).map((_, i) => (i < 4 ? this.#random >>> (8 * i) : 0x5a));
  }

  /** The time of the present in the task's precision. */
  get time(): bigint {
    return this.dap.timeAt(this.now);
  }

  /** Peer calls by function, through the same answers that HTTP gives. */
  direct(): Peer {
    return {
      send: (_task, request) => {
        this.requests.push(request);
        return responseOf(() => this.serve(request), `https://helper.test/tasks/${this.dap.idText}`);
      },
    };
  }

  /** The helper's operation for a request. */
  serve({ method, path, body = new Uint8Array(0) }: PeerRequest): Promise<Answer | null> {
    const { ctx, task } = this.helper;
    const [, resource, name, query] = /^\/(\w+)(?:\/([\w-]+))?(?:\?step=(\d+))?$/.exec(path) ?? [];
    const id = Buffer.from(name ?? "", "base64url");
    const what = `${method} ${resource}${name === undefined ? "" : "/id"}`;
    if (what === "POST aggregation_jobs") return createAggregationJob(ctx, task, body);
    if (what === "POST aggregation_jobs/id") return continueAggregationJob(ctx, task, id, body);
    if (what === "GET aggregation_jobs/id") {
      return readAggregationJob(ctx, task, id, query === undefined ? undefined : Number(query));
    }
    if (what === "DELETE aggregation_jobs/id") return deleteAggregationJob(ctx, task, id).then(() => null);
    if (what === "POST aggregate_shares") return createAggregateShare(ctx, task, body);
    if (what === "GET aggregate_shares/id") return readAggregateShare(ctx, task, id);
    throw new Error(`the helper has no resource for ${method} ${path}`);
  }

  /** Shares of a measurement that no report has yet: a number is one of Prio3, or the only field of Prio v1. */
  shard(measurement: number): Shards {
    const value = this.dap.vdaf.type === "Prio1" ? [measurement] : measurement;
    return (this.vdaf as Vdaf<unknown, unknown>).shard(this.dap.context, value, new Uint8Array(16));
  }

  /** What a client makes of a measurement. */
  report(measurement: unknown, faults: ReportFaults = {}): Report {
    const reportId = Buffer.alloc(16, 0xee);
    reportId.writeUInt32BE(this.#counter++);
    const metadata: ReportMetadata = {
      reportId: new Uint8Array(faults.id ?? reportId),
      time: faults.time ?? this.time,
      publicExtensions: faults.publicExtensions ?? [],
    };
    const { publicShare, inputShares } =
      faults.shards ?? (this.vdaf as Vdaf<unknown, unknown>).shard(this.dap.context, measurement, metadata.reportId);
    const seal = (role: Role, payload: Uint8Array) =>
      sealInputShare(this.dap, role, this[role].keyPair.config, metadata, publicShare, {
        privateExtensions: role === "leader" ? (faults.privateExtensions?.leader ?? []) : [],
        payload: payload as PlaintextInputShare["payload"],
      });
    const report: Report = {
      reportMetadata: metadata,
      publicShare,
      leaderEncryptedInputShare: seal("leader", inputShares[0] as Uint8Array),
      helperEncryptedInputShare: seal("helper", inputShares[1] as Uint8Array),
    };
    return faults.change?.(report) ?? report;
  }

  /** Uploads reports, and returns the errors of those that were refused. */
  async upload(...reports: readonly Report[]): Promise<(number | null)[]> {
    const { ctx, task } = this.leader;
    const errors = await uploadRefusals(ctx, task, reports);
    const rows = reports
      .filter((_, i) => errors[i] === null)
      .map((report) => ({
        task: task.key,
        id: report.reportMetadata.reportId,
        time: Number(report.reportMetadata.time),
        content: encodeReport(report),
      }));
    await ctx.store.run("upload", (tx) => tx.insertReports(rows, this.now));
    return errors;
  }

  /** A driver of a side, as a process has it. */
  driver(role: Role): Driver {
    return new Driver(this[role].ctx, this.peer);
  }

  /** Carries on whatever is due at both sides, and says whether there was anything. */
  async round(): Promise<boolean> {
    let isBusy = false;
    for (const role of ["leader", "helper"] as const) {
      const driver = this.driver(role);
      if (await driver.create()) isBusy = true;
      for (const job of await driver.acquire(2)) {
        isBusy = true;
        await driver.step(job, new AbortController().signal);
      }
    }
    return isBusy;
  }

  /** Carries on until nothing is due, for so many seconds of the clock, in steps. */
  async run(seconds = 30, step = 1): Promise<void> {
    for (const end = this.now + seconds; ; this.now += step) {
      while (await this.round());
      if (this.now >= end) return;
    }
  }

  /** The collector's request for an interval, or for the leader's next batch. */
  query(
    interval?: { readonly start: bigint; readonly duration: bigint },
    change: Partial<CollectionJobReq> = {},
  ): Uint8Array {
    const query =
      interval === undefined
        ? { batchMode: BatchMode.leaderSelected, config: new Uint8Array(0) }
        : { batchMode: BatchMode.timeInterval, config: encodeInterval(interval) };
    return encodeCollectionJobReq({ query, aggParam: new Uint8Array(0), extensions: [], ...change });
  }

  /** Asks for a batch, and returns the job's id. */
  async ask(body: Uint8Array): Promise<Uint8Array> {
    const { location = "" } = await createCollectionJob(this.leader.ctx, this.leader.task, body);
    return Buffer.from(location.split("/").at(-1) ?? "", "base64url");
  }

  /** The result of a job that is done; null while it is not. */
  async fetch(id: Uint8Array, body: Uint8Array): Promise<Collected | null> {
    const answer = await readCollectionJob(this.leader.ctx, this.leader.task, id);
    return answer.body === null ? null : this.open(answer.body, body);
  }

  /** What the collector makes of an answer. */
  open(answer: Uint8Array, body: Uint8Array): Collected {
    const { reportCount, interval, leaderEncryptedAggShare, helperEncryptedAggShare } = decodeCollectionJobResp(answer);
    const request = decodeCollectionJobReq(body);
    const { dap, collectorKeyPair: key } = this;
    const shares = [
      openAggregateShare(dap, "leader", key, request, leaderEncryptedAggShare),
      openAggregateShare(dap, "helper", key, request, helperEncryptedAggShare),
    ];
    return { count: Number(reportCount), interval, shares, result: this.vdaf.unshard(shares, Number(reportCount)) };
  }

  /** Everything that was uploaded, collected: the interval of all times, or the next batch. */
  async collect(interval?: { readonly start: bigint; readonly duration: bigint }): Promise<Collected> {
    const all = { start: 0n, duration: 2n ** 64n - 1n };
    const body = this.query(this.dap.batchMode === "time-interval" ? (interval ?? all) : undefined);
    const id = await this.ask(body);
    await this.run();
    const collected = await this.fetch(id, body);
    if (collected === null) throw new Error("the batch is not collected");
    return collected;
  }

  /** The counters of a side, by their names. */
  async counters(role: Role): Promise<Record<string, number>> {
    const rows = await this[role].ctx.store.run("test", (tx) => tx.counters(1));
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  }

  /** How many jobs of a kind are in each state. */
  async states(role: Role, kind: JobKind): Promise<Record<string, number>> {
    const rows = await this[role].ctx.store.run("test", (tx) => tx.jobStates(1));
    return Object.fromEntries(rows.filter((row) => row.kind === kind).map(({ state, count }) => [state, count]));
  }
}

export interface Collected {
  readonly count: number;
  readonly interval: { readonly start: bigint; readonly duration: bigint };
  readonly shares: readonly Uint8Array[];
  readonly result: unknown;
}

/** What HTTP makes of an operation. */
export async function responseOf(serve: () => Promise<Answer | null>, base: string): Promise<PeerResponse> {
  const none = { contentType: null, location: null, retryAfter: null, body: new Uint8Array(0) };
  try {
    const answer = await serve();
    if (answer === null) return { status: 200, ...none };
    return {
      status: 200,
      contentType: answer.body === null ? null : MEDIA_TYPES[answer.message],
      location: answer.location === undefined ? null : base + answer.location,
      retryAfter: answer.retryAfter ?? null,
      body: answer.body ?? new Uint8Array(0),
    };
  } catch (error) {
    if (!(error instanceof Problem)) return { status: 500, ...none };
    return {
      ...none,
      status: error.status,
      contentType: "application/problem+json",
      body: Buffer.from(JSON.stringify(error.document())),
    };
  }
}

/** The same, answered in the helper's place. */
export function respond(status: number, fields: Partial<PeerResponse> = {}): PeerResponse {
  return { status, contentType: null, location: null, retryAfter: null, body: new Uint8Array(0), ...fields };
}

function vdafDescription(options: VdafOptions): unknown {
  return JSON.parse(JSON.stringify(describe(options), (_, x) => (typeof x === "bigint" ? String(x) : x)));
}

const describe = (options: VdafOptions) => describeVdaf(vdafFromJSON(options));

function newTask(options: PairOptions, collector: HpkeKeyPair): DapTask {
  const { timePrecision = 60, interval } = options;
  const created = DapTask.create({
    leader: "https://leader.test/dap/",
    helper: "https://helper.test/",
    timePrecision,
    minBatchSize: options.minBatchSize ?? 3,
    batchMode: options.batchMode ?? "time-interval",
    vdaf: vdafDescription(options.vdaf ?? { type: "Prio3Count" }),
    ...(interval === undefined
      ? {}
      : { interval: { start: interval.start * timePrecision, duration: interval.duration * timePrecision } }),
  } as Parameters<typeof DapTask.create>[0]);
  return DapTask.fromConfiguration(created.configuration, { collectorHpkeConfig: collector.config });
}
