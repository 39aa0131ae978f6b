// The collector (DAP-18, section 4.6): it asks the leader for a batch's result, waits for it, and decrypts it.

import { fromBase64Url, toBase64Url } from "../core/base64url.js";
import { equalBytes, propertiesOf, requireObject, shown } from "../core/bytes.js";
import { PrioError } from "../errors.js";
import type { Vdaf } from "../vdaf/vdaf.js";
import {
  type CollectionJobReq,
  type CollectionJobResp,
  decodeCollectionJobReq,
  decodeCollectionJobResp,
  encodeCollectionJobReq,
} from "./collection-messages.js";
import { type CollectionQuery, encodeQuery } from "./collection-query.js";
import { openResult } from "./collection-result.js";
import { DapError } from "./dap-error.js";
import { retryAfter } from "./header-fields.js";
import type { HpkeKeyPair } from "./hpke-keys.js";
import { MEDIA_TYPES } from "./media-types.js";
import { type Signal, urlOf } from "./platform.js";
import { DapTask } from "./task.js";
import type { TaskDocument } from "./task-document.js";
import { type DapAnswer, TRANSPORT_OPTIONS, Transport, type TransportOptions } from "./transport.js";

/** A VDAF whose result can have noise in it. */
export interface CollectedVdaf<Result> extends Vdaf<never, Result> {
  /** The result of aggregate shares that have noise in them. */
  unshardNoisy(aggregateShares: readonly Uint8Array[]): Result;
}

/** What a collector needs to know, and how it works. */
export interface DapCollectorOptions<Result> extends TransportOptions {
  /** The task, or its document. */
  readonly task: DapTask | TaskDocument;
  /** The task's VDAF, such as `new Prio3Histogram({ length: 5, chunkLength: 2 })`. */
  readonly vdaf: CollectedVdaf<Result>;
  /** The collector's key pair, whose configuration the aggregators have. */
  readonly keyPair: HpkeKeyPair;
  /** The bearer token that the leader knows the collector by. */
  readonly token?: string;
  /** Whether the aggregators add noise, so that results may be below 0 or too large: false by default. */
  readonly noise?: boolean;
}

/** Where a collection job stands, as JSON: with it, another process goes on. It has no secret. */
export interface CollectionJobState {
  /** The task's id. */
  readonly task: string;
  /** The encoded request, in base64url: the result opens with it alone. */
  readonly request: string;
  /** The job's address; null while the leader has not confirmed it. */
  readonly job: string | null;
}

/** A batch's result. */
export interface Collected<Result> {
  /** The VDAF's result. */
  readonly result: Result;
  /** How many reports it is of. */
  readonly reportCount: number;
  /** The smallest interval of whole time precisions that has the times of all reports: its beginning. */
  readonly start: Date;
  /** Its end, which is not in it any more. */
  readonly end: Date;
  /** Whether the aggregators added noise. */
  readonly noise: boolean;
}

/** What one request of a job led to. */
export interface CollectionStep<Result> {
  /** Where the job stands now. */
  readonly state: CollectionJobState;
  /** The result, or null if it is not there yet. */
  readonly collected: Collected<Result> | null;
  /** Without a result, the seconds after which the leader wants to be asked again, if it named a time. */
  readonly retryAfter?: number | undefined;
}

/** Why and how long the collector waits. */
export interface CollectionWait {
  /** In milliseconds. */
  readonly milliseconds: number;
  /** Why the leader could not be asked; null when it asks for patience. */
  readonly error: DapError | null;
}

/** How to wait for a result. */
export interface CollectOptions {
  /** Gives up when it is aborted: the promise rejects with its reason. The job goes on at the leader. */
  readonly signal?: Signal;
  /** Called with each new state, to keep it: before the first request, and when the job has its address. */
  readonly onState?: (state: CollectionJobState) => Promise<void> | void;
  /** Called before each pause. */
  readonly onWait?: (wait: CollectionWait) => void;
}

/** Bytes of an answer besides the two shares, with room to spare. */
const ENVELOPE = 1024;
/** Milliseconds between two questions when the leader names no time: the first pause, and the longest. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [1000, 30_000];
/** Milliseconds between two questions, at least and at most, whatever the leader says. */
const [LEAST, MOST] = [250, 3_600_000];

/**
 * Collects the results of one task. The leader gives them away once for each report, so a result that was fetched
 * should be kept.
 *
 * @example
 * ```js
 * import { DapCollector, DapTask, HpkeKeyPair } from "prio/dap";
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
 * const keyPair = HpkeKeyPair.generate(1);
 * const collector = new DapCollector({ task, vdaf, keyPair, token: "the leader knows it" });
 * const job = collector.job({ start: new Date("2026-03-01T00:00Z"), end: new Date("2026-03-02T00:00Z") });
 * console.log(JSON.stringify(job).length); // 112
 * // const { result, reportCount } = await collector.collect(job);
 * ```
 */
export class DapCollector<Result> {
  /** The task. */
  readonly task: DapTask;
  readonly #vdaf: CollectedVdaf<Result>;
  readonly #keyPair: HpkeKeyPair;
  readonly #noise: boolean;
  readonly #transport: Transport;
  readonly #longest: number;

  /**
   * Throws `mismatch` if VDAF or key pair are not the task's, `unsupported` where there is no `fetch`, what
   * `DapTask.fromJSON` throws for a document, and `out-of-range` and `invalid-argument` for settings.
   */
  constructor(options: DapCollectorOptions<Result>) {
    propertiesOf(options, "collector", [], ["task", "vdaf", "keyPair", "token", "noise", ...TRANSPORT_OPTIONS]);
    const { task, vdaf, keyPair, token, noise = false, headers } = options;
    this.task = task instanceof DapTask ? task : DapTask.fromJSON(task);
    this.task.requireVdaf(vdaf);
    const expected = this.task.collectorHpkeConfig;
    const { config } = requireObject(keyPair, "keyPair");
    if (expected !== undefined && (expected.id !== config.id || !equalBytes(expected.publicKey, config.publicKey))) {
      throw new PrioError(
        "mismatch",
        "collector: the key pair is not the one whose public key is in the task's document",
      );
    }
    this.#vdaf = vdaf;
    this.#keyPair = keyPair;
    this.#noise = noise;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#transport = new Transport({ ...options, headers: { ...headers, ...authorization } });
    this.#longest = ENVELOPE + 2 * vdaf.aggregateInit().toBytes().length;
  }

  /**
   * A job that the leader knows nothing of yet: what `step` and `collect` go on from. Throws `mismatch` for a query of
   * the other batch mode, and `out-of-range` for an interval whose times are no multiples of the task's time precision,
   * which is empty, or which is outside of the task's interval.
   */
  job(query: CollectionQuery): CollectionJobState {
    const request = encodeCollectionJobReq({
      query: encodeQuery(this.task, query),
      aggParam: new Uint8Array(0),
      extensions: [],
    });
    return { task: this.task.idText, request: toBase64Url(request), job: null };
  }

  /**
   * Collects a batch: makes the job, or goes on with one whose state was kept, and waits for its result. A leader that
   * is away for a while is waited for once it has confirmed the job. Throws a {@link DapError} when it refuses, which
   * says why; `cannot-open` for shares that are not this collector's; `mismatch` for shares that do not belong
   * together; and what `job` throws.
   */
  async collect(what: CollectionQuery | CollectionJobState, options: CollectOptions = {}): Promise<Collected<Result>> {
    const { signal, onState, onWait } = options;
    let state = isState(what) ? this.#checked(what) : this.job(what);
    await onState?.(state);
    for (let pause = FIRST_PAUSE; ; pause = Math.min(1.5 * pause, LONGEST_PAUSE)) {
      let error: DapError | null = null;
      let asked: number | undefined;
      try {
        const step = await this.step(state, signal);
        // Also of a job that is done: whoever loses its result gets it at its address, and perhaps nowhere else.
        if (step.state.job !== state.job) await onState?.(step.state);
        if (step.collected !== null) return step.collected;
        state = step.state;
        asked = step.retryAfter;
      } catch (thrown) {
        if (!(thrown instanceof DapError) || thrown.code !== "unavailable" || state.job === null) throw thrown;
        error = thrown;
        asked = thrown.retryAfter;
      }
      const milliseconds = Math.min(Math.max(asked === undefined ? pause : 1000 * asked, LEAST), MOST);
      onWait?.({ milliseconds, error });
      await this.#transport.sleep(milliseconds, signal);
    }
  }

  /** Asks the leader once: makes the job, or looks whether its result is there. Throws as `collect` does. */
  async step(state: CollectionJobState, signal?: Signal): Promise<CollectionStep<Result>> {
    const { job } = this.#checked(state);
    const request = fromBase64Url(state.request, "collection job: request");
    const answer = await this.#transport.send(
      {
        server: "leader",
        method: job === null ? "POST" : "GET",
        url: job ?? this.task.url("leader", "collection_jobs"),
        what: "collection job",
        headers: {
          accept: MEDIA_TYPES.CollectionJobResp,
          ...(job === null ? { "content-type": MEDIA_TYPES.CollectionJobReq } : {}),
        },
        ...(job === null ? { body: request } : {}),
        longest: this.#longest,
        signal,
      },
      (got) => ({ ...got, resp: got.body.length === 0 ? null : decodeCollectionJobResp(got.body) }),
    );
    const next = job === null ? { ...state, job: this.#jobAddress(answer) } : state;
    if (answer.resp !== null)
      return { state: next, collected: this.#open(decodeCollectionJobReq(request), answer.resp) };
    if (next.job === null) throw this.#malformed("collection job: it names no address of the job", answer.status);
    return { state: next, collected: null, retryAfter: retryAfter(answer.header, this.#transport.clock()) };
  }

  /**
   * Tells the leader that a job is not needed any more. It remembers which reports were collected. Throws a
   * {@link DapError}.
   */
  async delete(state: CollectionJobState, signal?: Signal): Promise<void> {
    const { job } = this.#checked(state);
    if (job === null) return;
    const request = {
      server: "leader",
      method: "DELETE",
      url: job,
      what: "collection job",
      longest: ENVELOPE,
    } as const;
    await this.#transport.send({ ...request, signal }, () => undefined);
  }

  /** The state of a job, which may come from a file. */
  #checked(state: CollectionJobState): CollectionJobState {
    const { task, request, job } = requireObject(state, "collection job");
    if (task !== this.task.idText) {
      throw new PrioError("mismatch", `collection job: expected one of task ${this.task.idText}, got ${shown(task)}`);
    }
    decodeCollectionJobReq(fromBase64Url(request, "collection job: request"));
    // The token goes there.
    if (job !== null && urlOf(job)?.origin !== urlOf(this.task.leader)?.origin) {
      throw new PrioError("mismatch", "collection job: expected an address at the leader, got another one");
    }
    return { task, request, job };
  }

  /** The address that the leader gives a job, or null if it gives none. */
  #jobAddress({ header, url, status }: DapAnswer): string | null {
    const location = header("location");
    if (location === null) return null;
    const job = urlOf(location, url);
    if (job !== null && job.origin === urlOf(this.task.leader)?.origin) return job.href;
    throw this.#malformed("collection job: its address is not at the leader", status);
  }

  #open(request: CollectionJobReq, resp: CollectionJobResp): Collected<Result> {
    const { reportCount, start, end, shares } = openResult(this.task, this.#keyPair, request, resp);
    try {
      const result = this.#noise ? this.#vdaf.unshardNoisy(shares) : this.#vdaf.unshard(shares, reportCount);
      return { result, reportCount, start, end, noise: this.#noise };
    } catch (error) {
      if (!(error instanceof PrioError)) throw error;
      const what = "the aggregators' shares do not belong together, or have noise that was not expected";
      throw new PrioError("mismatch", `collector: ${what} (${error.message})`);
    }
  }

  #malformed(what: string, status?: number): DapError {
    return new DapError("malformed", `leader: ${what}`, { server: "leader", status });
  }
}

/** Whether a job is to be resumed. */
function isState(what: CollectionQuery | CollectionJobState): what is CollectionJobState {
  return typeof what === "object" && what !== null && "request" in what;
}
