// The client (DAP-18, section 4.4): it makes reports of measurements and uploads them to the leader.

import { toBase64Url } from "../core/base64url.js";
import { type Bytes, copyOfBytes } from "../core/bytes.js";
import { systemRandom } from "../core/random.js";
import { PrioError } from "../errors.js";
import type { Shards, Vdaf } from "../vdaf/vdaf.js";
import { type Extension, REPORT_ID_SIZE } from "./basic-messages.js";
import { type AggregatorRole, ReportError } from "./codes.js";
import { DapError } from "./dap-error.js";
import { HpkeConfigCache } from "./hpke-config-cache.js";
import type { Signal } from "./platform.js";
import type { QueuedReport, ReportQueue } from "./report-queue.js";
import { sealInputShare } from "./sealing.js";
import { DapTask } from "./task.js";
import type { TaskDocument } from "./task-document.js";
import { Transport, type TransportOptions } from "./transport.js";
import { isForLater, reportIdOf, type Sent, sendReports } from "./upload.js";
import { decodeReport, encodeReport, type HpkeConfig } from "./upload-messages.js";

/** What a client needs to know, and how it works. */
export interface DapClientOptions<Measurement> extends TransportOptions {
  /** The task, or its document. */
  readonly task: DapTask | TaskDocument;
  /** The task's VDAF, such as `new Prio3Histogram({ length: 5, chunkLength: 2 })`. */
  readonly vdaf: Vdaf<Measurement, unknown>;
  /** Where reports are kept until the leader has taken them. Without one, what cannot be sent is an error. */
  readonly queue?: ReportQueue;
  /** Keeps the aggregators' HPKE configurations: one that several clients share. */
  readonly configs?: HpkeConfigCache;
}

/** What may be said about reports besides their measurements. */
export interface ReportOptions {
  /** When the measurement was made, as a date or in milliseconds since 1970: now unless given. It is rounded down. */
  readonly time?: Date | number;
  /** Extensions that both aggregators see. This library's aggregators know none. */
  readonly publicExtensions?: readonly Extension[];
  /** Extensions that one aggregator alone sees. */
  readonly privateExtensions?: Readonly<Partial<Record<AggregatorRole, readonly Extension[]>>>;
  /** Gives up when it is aborted: the promise rejects with its reason. What was sent may have arrived. */
  readonly signal?: Signal;
}

/** What became of a report. */
export interface UploadOutcome {
  /**
   * `accepted`: the leader has it. `queued`: the leader may take it later; it is in the queue, and `sendQueued` sends
   * it again. `refused`: the leader does not take it, and sending it again would change nothing.
   */
  readonly status: "accepted" | "queued" | "refused";
  /** Why it was not accepted, otherwise null. */
  readonly error: DapError | null;
}

/** What became of the reports in the queue. */
export interface QueueOutcome {
  /** How many the leader took, or had taken before. */
  readonly accepted: number;
  /** How many it refused for good. They are not in the queue any more. */
  readonly refused: readonly DapError[];
  /** How many are left for later. */
  readonly left: number;
}

/** A report, and what it was encrypted to. */
interface Prepared {
  readonly report: Bytes;
  readonly configs: readonly HpkeConfig[];
}

const ROLES = ["leader", "helper"] as const;
/** What leaders say of a configuration that they do not have: the draft's error, and that of Janus' main branch. */
const OUTDATED: readonly (number | undefined)[] = [ReportError.outdatedConfig, ReportError.hpkeUnknownConfigId];
/** Most reports of the queue in one request, and most of their bytes. */
const AT_ONCE = { reports: 100, bytes: 2 ** 20 };

/**
 * Uploads measurements to the aggregators of one task, in a browser, in Node or elsewhere. Each aggregator learns a
 * share of a measurement, which says nothing about it, when it was made up to the task's time precision, and the
 * address that the request comes from.
 *
 * The work of a report is synchronous, but for what is fetched: the HPKE configurations of both aggregators, which are
 * kept as long as these allow. A request without an answer is sent again with growing pauses, as the same bytes, which
 * the leader counts once.
 *
 * @example
 * ```js
 * import { DapClient, DapTask, encodeHpkeConfigList, HpkeKeyPair } from "prio/dap";
 * import { Prio3Histogram } from "prio/prio3";
 *
 * const task = DapTask.create({
 *   leader: "https://leader.example/dap/",
 *   helper: "https://helper.example/dap/",
 *   timePrecision: 3600,
 *   minBatchSize: 100,
 *   batchMode: "time-interval",
 *   vdaf: { type: "Prio3Histogram", length: 5, chunkLength: 2 },
 * });
 * const vdaf = new Prio3Histogram({ length: 5, chunkLength: 2 });
 * // Leave `fetch` out: here it stands in for the aggregators.
 * const configs = encodeHpkeConfigList([HpkeKeyPair.generate(1).config]);
 * const client = new DapClient({ task, vdaf, fetch: async () => new Response(configs) });
 * console.log((await client.prepare(3)).length); // 568
 * ```
 */
export class DapClient<Measurement> {
  /** The task. */
  readonly task: DapTask;
  readonly #vdaf: Vdaf<Measurement, unknown>;
  readonly #transport: Transport;
  readonly #configs: HpkeConfigCache;
  readonly #queue: ReportQueue | undefined;

  /**
   * Throws `mismatch` if the VDAF is not the task's, `unsupported` where there is no `fetch`, what `DapTask.fromJSON`
   * throws for a document, and `out-of-range` for settings.
   */
  constructor(options: DapClientOptions<Measurement>) {
    const { task, vdaf, queue, configs } = options;
    this.task = task instanceof DapTask ? task : DapTask.fromJSON(task);
    this.task.requireVdaf(vdaf as Vdaf<never, unknown>);
    this.#vdaf = vdaf;
    this.#transport = new Transport(options);
    this.#configs = configs ?? new HpkeConfigCache();
    this.#queue = queue;
  }

  /**
   * Uploads one measurement. Returns `accepted` when the leader has the report; with a queue, `queued` if it could not
   * be sent now. Throws a {@link DapError}: `refused` when the leader does not take the report, and without a queue
   * `unavailable`. Throws `out-of-range` for a time outside of the task's interval, and what the VDAF throws for a
   * measurement that is none.
   */
  async upload(measurement: Measurement, options: ReportOptions = {}): Promise<"accepted" | "queued"> {
    const [outcome] = await this.uploadMany([measurement], options);
    const { status, error } = outcome as UploadOutcome;
    if (status === "refused") throw error;
    return status;
  }

  /**
   * Uploads several measurements in one request. Returns what became of each, in their order. Throws as `upload` does
   * when that cannot be said of any: then, without a queue, none was taken as far as is known. A measurement that is
   * none is an error before anything is sent.
   */
  async uploadMany(measurements: readonly Measurement[], options: ReportOptions = {}): Promise<UploadOutcome[]> {
    const { signal } = options;
    const first = await this.#prepare(measurements, options);
    const sent = await this.#send(first, signal);
    if (!Array.isArray(sent)) return first.map(() => sent);
    // Once: a leader that calls its newest key outdated will do so again. Not if an earlier try may have arrived: its
    // report may have been counted, and another one would be a second.
    const isOutdated = ({ error, isRepeated }: Sent): boolean => OUTDATED.includes(error?.reportError) && !isRepeated;
    const outdated = sent.flatMap((one, i) => (isOutdated(one) ? [i] : []));
    const outcomes = sent.map(({ error }) => outcomeOf(error, this.#queue));
    if (outdated.length === 0) return outcomes;
    for (const i of outdated) {
      ROLES.forEach((role, j) => {
        this.#configs.forget(this.task.hpkeConfigUrl(role), (first[i] as Prepared).configs[j] as HpkeConfig);
      });
    }
    const again = await this.#prepare(
      outdated.map((i) => measurements[i] as Measurement),
      options,
    );
    const sentAgain = await this.#send(again, signal);
    outdated.forEach((i, j) => {
      outcomes[i] = Array.isArray(sentAgain) ? outcomeOf((sentAgain[j] as Sent).error, this.#queue) : sentAgain;
    });
    return outcomes;
  }

  /**
   * Makes a report and does not send it: the encoded report, for `send`, now or later. It needs no network while the
   * aggregators' HPKE configurations are known. Do not make a second report of a measurement whose first one may have
   * been sent: it would count twice. Throws as `upload` does.
   */
  async prepare(measurement: Measurement, options: ReportOptions = {}): Promise<Bytes> {
    const [prepared] = await this.#prepare([measurement], options);
    return (prepared as Prepared).report;
  }

  /**
   * Sends reports that `prepare` made, in one request. Returns what became of each, in their order; `queued` stands for
   * those that the leader may take later. Nothing is added to the queue. Throws as `upload` does, and `malformed` for
   * what is no report.
   */
  async send(reports: readonly Uint8Array[], options: Pick<ReportOptions, "signal"> = {}): Promise<UploadOutcome[]> {
    const copies = reports.map((report) => copyOfBytes(report, "report"));
    for (const report of copies) decodeReport(report);
    const sent = await sendReports(this.#transport, this.task, copies, options.signal);
    return sent.map(({ error }) => outcomeOf(error, true));
  }

  /**
   * Sends what is in the queue, in requests of up to 100 reports: when the page is opened, when the browser is online
   * again. What the leader took or refused for good leaves the queue, and so does what is no report. Throws a
   * {@link DapError} when the leader cannot be reached or refuses all of it: then the rest stays in the queue.
   */
  async sendQueued(options: Pick<ReportOptions, "signal"> = {}): Promise<QueueOutcome> {
    let [accepted, left] = [0, 0];
    const refused: DapError[] = [];
    const reports: QueuedReport[] = [];
    for (const queued of (await this.#queue?.list()) ?? []) {
      if (isReport(queued.report)) reports.push(queued);
      else await this.#queue?.remove(queued.id);
    }
    for (const group of groupsOf(reports)) {
      const outcomes = await this.send(
        group.map(({ report }) => report),
        options,
      );
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === "queued") left++;
        else await this.#queue?.remove((group[i] as QueuedReport).id);
        if (outcome.status === "accepted") accepted++;
        if (outcome.status === "refused") refused.push(outcome.error as DapError);
      }
    }
    return { accepted, refused, left };
  }

  /** Makes reports, of all measurements or of none. */
  async #prepare(measurements: readonly Measurement[], options: ReportOptions): Promise<Prepared[]> {
    const { task } = this;
    const time = task.timeAt(Number(options.time ?? this.#transport.clock()) / 1000);
    if (!task.includes(time)) {
      throw new PrioError("out-of-range", "report: expected a time in the task's interval, got another one");
    }
    // Before anything is fetched, since a measurement may be none.
    const shards = measurements.map((measurement): [Bytes, Shards] => {
      const reportId = systemRandom(REPORT_ID_SIZE).slice();
      return [reportId, this.#vdaf.shard(task.context, measurement, reportId)];
    });
    const [transport, { signal }] = [this.#transport, options];
    const wanted = ROLES.map((server) => ({ transport, server, url: task.hpkeConfigUrl(server), signal }));
    const configs = await Promise.all(wanted.map((each) => this.#configs.get(each)));
    return shards.map(([reportId, { publicShare, inputShares }]) => {
      const reportMetadata = { reportId, time, publicExtensions: options.publicExtensions ?? [] };
      const [leader, helper] = ROLES.map((role, i) =>
        sealInputShare(task, role, configs[i] as HpkeConfig, reportMetadata, publicShare, {
          privateExtensions: options.privateExtensions?.[role] ?? [],
          payload: inputShares[i] as Bytes,
        }),
      ) as [ReturnType<typeof sealInputShare>, ReturnType<typeof sealInputShare>];
      const report = {
        reportMetadata,
        publicShare,
        leaderEncryptedInputShare: leader,
        helperEncryptedInputShare: helper,
      };
      return { report: encodeReport(report), configs };
    });
  }

  /** Sends reports over the queue, if there is one. Returns one outcome if it is that of all. */
  async #send(prepared: readonly Prepared[], signal: Signal | undefined): Promise<Sent[] | UploadOutcome> {
    const reports = prepared.map(({ report }) => report);
    const queue = this.#queue;
    for (const report of reports) await queue?.add(toBase64Url(reportIdOf(report)), report);
    try {
      const sent = await sendReports(this.#transport, this.task, reports, signal);
      for (const [i, { error }] of sent.entries()) {
        if (error === null || !isForLater(error)) await queue?.remove(toBase64Url(reportIdOf(reports[i] as Bytes)));
      }
      return sent;
    } catch (error) {
      if (queue === undefined || !(error instanceof DapError) || error.code !== "unavailable") throw error;
      return { status: "queued", error };
    }
  }
}

/** `keeps` is whether what the leader may take later is kept. */
function outcomeOf(error: DapError | null, keeps: unknown): UploadOutcome {
  if (error === null) return { status: "accepted", error };
  return { status: keeps && isForLater(error) ? "queued" : "refused", error };
}

function isReport(bytes: Uint8Array): boolean {
  try {
    decodeReport(bytes);
    return true;
  } catch {
    return false;
  }
}

/** Groups of reports for one request each. */
function* groupsOf(all: readonly QueuedReport[]): Generator<QueuedReport[]> {
  let group: QueuedReport[] = [];
  let bytes = 0;
  for (const one of all) {
    const { length } = one.report;
    if (group.length >= AT_ONCE.reports || (group.length > 0 && bytes + length > AT_ONCE.bytes)) {
      yield group;
      [group, bytes] = [[], 0];
    }
    group.push(one);
    bytes += length;
  }
  if (group.length > 0) yield group;
}
