// The client (DAP-18, section 4.4): it makes reports of measurements and uploads them to the leader.

import { toBase64Url } from "../core/base64url.js";
import { type Bytes, copyOfBytes, propertiesOf, requireObject, shown } from "../core/bytes.js";
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
import { TRANSPORT_OPTIONS, Transport, type TransportOptions } from "./transport.js";
import { reportIdOf, type Sent, sendReports, sentOrErrors } from "./upload.js";
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
   * `accepted`: the leader has it. `queued`: it is in the queue, and the leader may take it later: `sendQueued` sends
   * it again. `refused`: the leader does not take it. `unknown`: no answer came, and nobody knows whether the leader
   * has it.
   */
  readonly status: "accepted" | "queued" | "refused" | "unknown";
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
   * throws for a document, and `out-of-range` and `invalid-argument` for options, also for one that it does not know.
   */
  constructor(options: DapClientOptions<Measurement>) {
    propertiesOf(options, "client", [], ["task", "vdaf", "queue", "configs", ...TRANSPORT_OPTIONS]);
    const { task, vdaf, queue, configs } = options;
    this.task = task instanceof DapTask ? task : DapTask.fromJSON(task);
    this.task.requireVdaf(vdaf as Vdaf<never, unknown>);
    this.#vdaf = vdaf;
    this.#transport = new Transport(options);
    this.#configs = configs ?? new HpkeConfigCache();
    this.#queue = queue;
  }

  /**
   * Uploads one measurement. Returns `accepted` when the leader has the report; with a queue, `queued` if it does not
   * have it for now, whatever the reason. Throws a {@link DapError}: `refused` when the leader does not take the
   * report, and without a queue `unavailable`. Throws `out-of-range` for a time outside of the task's interval, and
   * what the VDAF throws for a measurement that is none.
   */
  async upload(measurement: Measurement, options: ReportOptions = {}): Promise<"accepted" | "queued"> {
    const [outcome] = await this.uploadMany([measurement], options);
    const { status, error } = outcome as UploadOutcome;
    if (status === "accepted" || status === "queued") return status;
    throw error;
  }

  /**
   * Uploads several measurements in one request. Returns what became of each, in their order. Throws as `upload` does
   * when nothing can be said of any. A measurement that is none is an error before anything is sent.
   */
  async uploadMany(measurements: readonly Measurement[], options: ReportOptions = {}): Promise<UploadOutcome[]> {
    const { signal } = requireObject(options, "options");
    const first = await this.#prepare(measurements, options);
    const sent = await this.#send(first, signal);
    // Once: a leader that calls its newest key outdated will do so again. Not if an earlier try may have arrived: its
    // report may have been counted, and another one would be a second.
    const outdated = sent.flatMap(({ error, isRepeated }, i) =>
      OUTDATED.includes(error?.reportError) && !isRepeated ? [i] : [],
    );
    if (outdated.length > 0) {
      for (const i of outdated) this.#forget((first[i] as Prepared).configs);
      const again = await this.#prepareAgain(
        outdated.map((i) => measurements[i] as Measurement),
        options,
      );
      // An error would hide what became of the other reports.
      const sentAgain = await sentOrErrors(again.length, () => this.#send(again, signal));
      for (const [j, one] of sentAgain.entries()) sent[outdated[j] as number] = one;
    }
    return sent.map((one) => outcomeOf(one, this.#queue !== undefined));
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
    const copies = requireArray(reports, "reports").map((report) => copyOfBytes(report, "report"));
    for (const report of copies) decodeReport(report);
    const sent = await sendReports(this.#transport, this.task, copies, options.signal);
    return sent.map((one) => outcomeOf(one, true));
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
    requireArray(measurements, "measurements");
    const time = task.timeAt(Number(requireObject(options, "options").time ?? this.#transport.clock()) / 1000);
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

  /** The same with new keys; no report if there are none to be had: what was refused stays refused. */
  async #prepareAgain(measurements: readonly Measurement[], options: ReportOptions): Promise<Prepared[]> {
    try {
      return await this.#prepare(measurements, options);
    } catch (error) {
      if (error instanceof DapError) return [];
      throw error;
    }
  }

  /** Sends reports over the queue, if there is one: then what cannot be sent stays there. */
  async #send(prepared: readonly Prepared[], signal: Signal | undefined): Promise<Sent[]> {
    const reports = prepared.map(({ report }) => report);
    const send = () => sendReports(this.#transport, this.task, reports, signal);
    const queue = this.#queue;
    if (queue === undefined) return send();
    const ids = reports.map((report) => toBase64Url(reportIdOf(report)));
    try {
      for (const [i, report] of reports.entries()) await queue.add(ids[i] as string, report);
    } catch (error) {
      // Nothing was sent, so nothing must be sent later.
      for (const id of ids) await queue.remove(id);
      throw error;
    }
    const sent = await sentOrErrors(reports.length, send);
    for (const [i, { isForLater }] of sent.entries()) if (!isForLater) await queue.remove(ids[i] as string);
    return sent;
  }

  #forget(configs: readonly HpkeConfig[]): void {
    ROLES.forEach((role, i) => {
      this.#configs.forget(this.task.hpkeConfigUrl(role), configs[i] as HpkeConfig);
    });
  }
}

function outcomeOf({ error, isForLater }: Sent, isKept: boolean): UploadOutcome {
  if (error === null) return { status: "accepted", error };
  if (isForLater && isKept) return { status: "queued", error };
  return { status: error.code === "refused" ? "refused" : "unknown", error };
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

function requireArray<T>(x: readonly T[], subject: string): readonly T[] {
  if (Array.isArray(x)) return x;
  throw new PrioError("invalid-argument", `${subject}: expected an array, got ${shown(x)}`);
}
