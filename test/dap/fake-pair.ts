// Both aggregators of one task behind a fetch, in memory: they announce keys, take reports, open and verify them with
// ping-pong, and answer the collector. Tests change what they answer.

import { toHex } from "../../src/core/bytes.js";
import {
  type AggregatorRole,
  type Bytes,
  type CollectionJobReq,
  DapTask,
  decodeCollectionJobReq,
  decodeUploadRequest,
  encodeCollectionJobResp,
  encodeHpkeConfigList,
  encodeUploadErrors,
  type HpkeConfig,
  HpkeKeyPair,
  MEDIA_TYPES,
  openInputShare,
  type Report,
  sealAggregateShare,
  type VdafDescription,
  vdafFromJSON,
} from "../../src/dap/index.js";
import type { FetchResponse } from "../../src/dap/platform.js";
import type { Noise } from "../../src/dp/index.js";
import { helperContinue, helperInitialize, leaderContinue, leaderInitialize } from "../../src/vdaf/ping-pong.js";
import type { AggregateShare, OutputShare, Vdaf } from "../../src/vdaf/vdaf.js";
import { answer, FakeFetch, problem, type Scripted, type Sent } from "./fake-fetch.js";

export const NOW = Date.parse("2026-03-01T12:34:56Z");
export const collectorKeys = HpkeKeyPair.fromBytes(9, new Uint8Array(32).fill(1));
const ROLES = ["leader", "helper"] as const;

export function taskOf(vdaf: VdafDescription, other: Partial<Parameters<typeof DapTask.create>[0]> = {}): DapTask {
  const { collectorHpkeConfig } = DapTask.fromConfiguration(DapTask.create({ ...base, vdaf }).configuration, {
    collectorHpkeConfig: collectorKeys.config,
  }).toJSON();
  return DapTask.create({
    ...base,
    vdaf,
    ...(collectorHpkeConfig === undefined ? {} : { collectorHpkeConfig }),
    ...other,
  });
}

const base = {
  leader: "https://leader.example/dap",
  helper: "https://helper.example/",
  timePrecision: 3600,
  minBatchSize: 1,
  batchMode: "time-interval",
} as const;

/** What one aggregator knows. */
interface Aggregator {
  keys: HpkeKeyPair;
  share: AggregateShare;
}

/** Verifies a report at both; null if it does not hold. */
export function verifyReport(
  vdaf: Vdaf<never, unknown>,
  task: DapTask,
  report: Report,
  keys: Readonly<Record<AggregatorRole, HpkeKeyPair>>,
): readonly [OutputShare, OutputShare] | null {
  const { reportMetadata, publicShare } = report;
  const verifyKey = new Uint8Array(vdaf.verifyKeySize).fill(7);
  const ciphertexts = { leader: report.leaderEncryptedInputShare, helper: report.helperEncryptedInputShare };
  const toVerify = (role: AggregatorRole) => ({
    ctx: task.context,
    nonce: reportMetadata.reportId,
    publicShare,
    inputShare: openInputShare(task, role, keys[role], reportMetadata, publicShare, ciphertexts[role]).payload,
  });
  let leader = leaderInitialize(vdaf, verifyKey, toVerify("leader")) as ReturnType<typeof leaderContinue>;
  if (leader.status !== "continued") return null;
  let helper = helperInitialize(vdaf, verifyKey, toVerify("helper"), leader.message);
  while (leader.status === "continued" && helper.status !== "rejected" && helper.message !== undefined) {
    leader = leaderContinue(vdaf, task.context, leader, helper.message);
    if (leader.status === "rejected" || leader.message === undefined || helper.status !== "continued") break;
    helper = helperContinue(vdaf, task.context, helper, leader.message);
  }
  return leader.status === "finished" && helper.status === "finished" ? [leader.output, helper.output] : null;
}

/** The pair. */
export class FakePair {
  readonly task: DapTask;
  readonly vdaf: ReturnType<typeof vdafFromJSON>;
  readonly fake: FakeFetch;
  readonly leader: Aggregator;
  readonly helper: Aggregator;
  /** All requests for reports that were read, and the ids of the reports that were counted. */
  readonly uploads: Report[][] = [];
  readonly counted = new Set<string>();
  /** Answers that are given instead, once each, by the path's last part; `undefined` stands for the usual one. */
  readonly instead: Record<string, (Scripted | undefined)[]> = {};
  /** Header fields of the HPKE configurations. */
  configHeaders: Record<string, string> = { "cache-control": "max-age=3600" };
  /** What the leader says of a report: one of `ReportError`. */
  refuses: (report: Report) => number | undefined = () => undefined;
  /** How often a job is polled before its result is there. */
  polls = 0;
  /** Seconds between two polls, as the leader says it. */
  retryAfter = "5";
  /** Where the job is, as the leader says it. */
  location = "/dap/jobs/1";
  jobs: CollectionJobReq[] = [];
  /** What the aggregators encrypt their shares to. */
  collector: HpkeConfig = collectorKeys.config;
  noise: Noise | null = null;

  constructor(task: DapTask) {
    this.task = task;
    this.vdaf = vdafFromJSON(task.vdaf);
    this.leader = { keys: HpkeKeyPair.generate(1), share: this.vdaf.aggregateInit() };
    this.helper = { keys: HpkeKeyPair.generate(2), share: this.vdaf.aggregateInit() };
    this.fake = new FakeFetch((request) => this.#answer(request));
  }

  /** The settings of a client or a collector. */
  get options() {
    const { task, vdaf, fake } = this;
    return { task, vdaf: vdaf as never, fetch: fake.fetch, sleep: fake.sleep, clock: () => NOW };
  }

  /** The requests whose path ends like this. */
  sent(end: string): Sent[] {
    return this.fake.sent.filter(({ url }) => url.endsWith(end));
  }

  #answer(request: Sent): FetchResponse | Promise<FetchResponse> {
    const name = request.url.split("/").at(-1) ?? "";
    const instead = this.instead[name]?.shift();
    const given = typeof instead === "function" ? instead(request) : instead;
    if (given instanceof Error) throw given;
    return given ?? this.usual(request);
  }

  /** What the pair answers to a request, whatever is to be answered instead. */
  usual({ url, method, body }: Sent): FetchResponse {
    for (const role of ROLES) {
      if (url !== this.task.hpkeConfigUrl(role)) continue;
      const headers = { "content-type": MEDIA_TYPES.HpkeConfigList, ...this.configHeaders };
      return answer(200, encodeHpkeConfigList([this[role].keys.config]), headers, url);
    }
    if (url === this.task.url("leader", "reports")) return this.#upload(body as Bytes);
    if (url === this.task.url("leader", "collection_jobs")) {
      this.jobs.push(decodeCollectionJobReq(body as Bytes));
      return this.#job(url, { location: this.location });
    }
    if (url === new URL(this.location, this.task.url("leader", "collection_jobs")).href) {
      return method === "DELETE" ? answer(204) : this.#job(url);
    }
    return problem(404, { title: "nothing there" });
  }

  #upload(body: Bytes): FetchResponse {
    const { reports } = decodeUploadRequest(body);
    this.uploads.push([...reports]);
    const status: { id: Bytes; error: number }[] = [];
    for (const report of reports) {
      const { reportId: id } = report.reportMetadata;
      const error = this.refuses(report);
      if (error !== undefined) status.push({ id, error });
      else if (!this.counted.has(toHex(id))) {
        const keys = { leader: this.leader.keys, helper: this.helper.keys };
        const outputs = verifyReport(this.vdaf as never, this.task, report, keys);
        if (outputs === null) throw new Error("a report of the client does not hold");
        this.leader.share.add(outputs[0]);
        this.helper.share.add(outputs[1]);
        this.counted.add(toHex(id));
      }
    }
    if (status.length === 0) return answer(201);
    return answer(200, encodeUploadErrors({ status }), { "content-type": MEDIA_TYPES.UploadErrors });
  }

  #job(url: string, headers: Record<string, string> = {}): FetchResponse {
    if (this.polls-- > 0) return answer(202, "", { ...headers, "retry-after": this.retryAfter }, url);
    return answer(200, this.result(), { ...headers, "content-type": MEDIA_TYPES.CollectionJobResp }, url);
  }

  /** The encoded result of all that was counted. */
  result(change: (resp: Parameters<typeof encodeCollectionJobResp>[0]) => typeof resp = (resp) => resp): Bytes {
    const request = this.jobs[0] as CollectionJobReq;
    const seal = (role: AggregatorRole) => {
      const share = this.vdaf.aggregateInit();
      share.merge(this[role].share);
      if (this.noise !== null) share.addNoise(this.noise);
      return sealAggregateShare(this.task, role, this.collector, request, share.toBytes());
    };
    return encodeCollectionJobResp(
      change({
        reportCount: BigInt(this.counted.size),
        interval: { start: this.task.timeAt(NOW / 1000), duration: 1n },
        leaderEncryptedAggShare: seal("leader"),
        helperEncryptedAggShare: seal("helper"),
      }),
    );
  }
}
