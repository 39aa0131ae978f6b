// A task: its configuration, its id, and the document that describes both (DAP-18, section 4.2).

import { toBase64Url } from "../core/base64url.js";
import {
  type Bytes,
  concat,
  copyOfBytes,
  equalBytes,
  requireObject,
  textOf,
  toHex,
  uint32BE,
  utf8,
} from "../core/bytes.js";
import { Hidden, MAKER, requireMaker } from "../core/hidden.js";
import { systemRandom } from "../core/random.js";
import { sha256 } from "../crypto/stream.js";
import { PrioError } from "../errors.js";
import type { Vdaf } from "../vdaf/vdaf.js";
import { type Interval, TASK_ID_SIZE } from "./basic-messages.js";
import { type AggregatorRole, BatchMode, DAP_VERSION, TaskExtensionType, vdafContext } from "./codes.js";
import { recipientOf } from "./hpke-keys.js";
import {
  decodeInterval,
  decodeTaskConfiguration,
  encodeTaskConfiguration,
  type TaskConfiguration,
} from "./task-configuration.js";
import {
  type BatchModeName,
  type DapTaskOptions,
  readDocument,
  type TaskDocument,
  writeInterval,
} from "./task-document.js";
import { decodeHpkeConfig, encodeHpkeConfig, type HpkeConfig } from "./upload-messages.js";
import { decodeVdafConfiguration, type VdafDescription, vdafConfiguration } from "./vdaf-configuration.js";

/** Bytes of the random `info` of a new task. */
const INFO_SIZE = 16;
const HASH_LABEL = `${DAP_VERSION} task`;

/** What every share of a task is bound to: the task's id, and its encoded configuration. */
const bindings = /* @__PURE__ */ new Hidden<Uint8Array>("DapTask");

/**
 * A task, as clients, aggregators and collector share it.
 *
 * @example
 * ```js
 * import { DapTask } from "prio/dap";
 *
 * const task = DapTask.create({
 *   leader: "https://leader.example/dap/",
 *   helper: "https://helper.example/dap/",
 *   timePrecision: 3600,
 *   minBatchSize: 100,
 *   batchMode: "time-interval",
 *   vdaf: { type: "Prio3Histogram", length: 5, chunkLength: 2 },
 * });
 * const again = DapTask.fromJSON(JSON.parse(JSON.stringify(task))); // what the other parties read
 * console.log(again.idText === task.idText, again.hash === task.hash); // true true
 * ```
 */
export class DapTask {
  /** The task's id, 32 bytes. */
  readonly id: Bytes;
  /** The id as it stands in URLs: base64url without padding, 43 characters. */
  readonly idText: string;
  /** The configuration that all parties have in common. */
  readonly configuration: TaskConfiguration;
  /** Its encoding. */
  readonly encodedConfiguration: Bytes;
  /** In seconds. */
  readonly timePrecision: number;
  /** The fewest reports of a batch. */
  readonly minBatchSize: number;
  /** How reports make a batch. */
  readonly batchMode: BatchModeName;
  /** The VDAF and its parameters; `vdafFromJSON` makes an instance. */
  readonly vdaf: VdafDescription;
  /** Between which times reports may be, in time precisions since 1970; any time by default. */
  readonly interval?: Interval;
  /** The leader's URL, as it was given. */
  readonly leader: string;
  /** The helper's URL, as it was given. */
  readonly helper: string;
  /** What the aggregators encrypt their aggregate shares to. */
  readonly collectorHpkeConfig?: HpkeConfig;
  /** 64 hex digits, which the parties compare: they stand for everything in the task's document. */
  readonly hash: string;

  private constructor(maker: typeof MAKER, configuration: TaskConfiguration, options: DapTaskOptions) {
    requireMaker(maker, "DapTask");
    const { timePrecision, minBatchSize, batchMode, batchConfig } = configuration;
    this.encodedConfiguration = encodeTaskConfiguration(configuration);
    this.configuration = decodeTaskConfiguration(this.encodedConfiguration);
    this.id =
      options.id === undefined
        ? sha256(this.encodedConfiguration).slice()
        : copyOfBytes(options.id, "task id", TASK_ID_SIZE);
    this.idText = toBase64Url(this.id);
    this.timePrecision = safe(timePrecision, "time precision");
    this.minBatchSize = safe(minBatchSize, "min batch size");
    this.batchMode = batchModeName(batchMode);
    if (batchConfig.length > 0) throw new PrioError("invalid-argument", "batch config: expected none");
    this.leader = urlOf(configuration.leaderAggregatorEndpoint, "leader");
    this.helper = urlOf(configuration.helperAggregatorEndpoint, "helper");
    this.vdaf = decodeVdafConfiguration(configuration.vdafType, configuration.vdafConfiguration);
    const interval = intervalOf(configuration);
    if (interval !== undefined) this.interval = interval;
    let encodedConfig: Uint8Array = new Uint8Array(0);
    if (options.collectorHpkeConfig !== undefined) {
      encodedConfig = encodeHpkeConfig(options.collectorHpkeConfig);
      this.collectorHpkeConfig = decodeHpkeConfig(encodedConfig);
      // Throws for a key that no aggregate share could be encrypted to.
      recipientOf(this.collectorHpkeConfig);
    }
    this.hash = hashOf(this.id, this.encodedConfiguration, encodedConfig);
    bindings.make(this, concat(this.id, this.encodedConfiguration), maker);
  }

  /**
   * From a configuration that was agreed on. Throws `malformed`, `invalid-argument`, `out-of-range`, `wrong-length`,
   * also for extensions, batch modes and VDAFs that this library does not have: nobody may take part in a task that it
   * does not understand.
   */
  static fromConfiguration(configuration: TaskConfiguration, options: DapTaskOptions = {}): DapTask {
    return new DapTask(MAKER, configuration, options);
  }

  /**
   * From a task document. Throws `invalid-argument`, `invalid-encoding`, `out-of-range`, `wrong-length`, `malformed`,
   * also for members that it does not know.
   */
  static fromJSON(document: unknown): DapTask {
    return read(document);
  }

  /**
   * Makes a new task of a document without `id` and `info`, which are drawn at random. Throws as `fromJSON` does, and
   * `no-randomness`.
   */
  static create(
    document: Omit<TaskDocument, "dap" | "id" | "info">,
    random: (length: number) => Uint8Array = systemRandom,
  ): DapTask {
    const info = toBase64Url(random(INFO_SIZE));
    return read({ ...document, dap: DAP_VERSION, info });
  }

  /** The task's document. All parties may know it: it has no secret. */
  toJSON(): TaskDocument {
    const { collectorHpkeConfig, interval } = this;
    return {
      dap: DAP_VERSION,
      id: this.idText,
      leader: this.leader,
      helper: this.helper,
      timePrecision: this.timePrecision,
      minBatchSize: this.minBatchSize,
      batchMode: this.batchMode,
      vdaf: this.vdaf,
      ...(interval === undefined ? {} : { interval: writeInterval(interval, this.timePrecision) }),
      info: toBase64Url(this.configuration.taskInfo),
      ...(collectorHpkeConfig === undefined
        ? {}
        : { collectorHpkeConfig: toBase64Url(encodeHpkeConfig(collectorHpkeConfig)) }),
    };
  }

  /** The application context of the VDAF: the version tag and the id. */
  get context(): Bytes {
    return vdafContext(this.id);
  }

  /** The time of a report, rounded down: time precisions since 1970 at so many seconds since 1970. */
  timeAt(seconds: number): bigint {
    const time = Math.floor(seconds / this.timePrecision);
    if (!Number.isSafeInteger(time) || time < 0) {
      throw new PrioError("out-of-range", `time: expected seconds since 1970, got ${seconds}`);
    }
    return BigInt(time);
  }

  /** Whether a time is inside the task's interval. */
  includes(time: bigint): boolean {
    const { interval } = this;
    return interval === undefined || (time >= interval.start && time < interval.start + interval.duration);
  }

  /** The URL of the leader's or the helper's resources of this task, such as `url("leader", "reports")`. */
  url(role: AggregatorRole, ...path: readonly string[]): string {
    return resourceUrl(role === "leader" ? this.leader : this.helper, "tasks", this.idText, ...path);
  }

  /** The URL of the leader's or the helper's HPKE configurations. */
  hpkeConfigUrl(role: AggregatorRole): string {
    return resourceUrl(role === "leader" ? this.leader : this.helper, "hpke_config");
  }

  /** Throws `mismatch` unless a VDAF has the parameters of this task, and `invalid-argument` for what is no object. */
  requireVdaf(vdaf: Vdaf<never, unknown>): void {
    const { vdafType, vdafConfiguration: expected } = this.configuration;
    if (requireObject(vdaf, "vdaf").algorithmId !== vdafType || !equalBytes(vdafConfiguration(vdaf), expected)) {
      throw new PrioError("mismatch", `vdaf: expected the task's, ${JSON.stringify(this.vdaf)}`);
    }
  }
}

/** What shares of a task are bound to, the same array each time. No entry of the package exports this. */
export function bindingOf(task: DapTask): Uint8Array {
  return bindings.of(task);
}

function read(document: unknown): DapTask {
  const { configuration, options } = readDocument(document);
  return DapTask.fromConfiguration(configuration, options);
}

/** A URL below an endpoint, which may end with a slash. */
function resourceUrl(endpoint: string, ...path: readonly string[]): string {
  return [endpoint.replace(/\/$/, ""), ...path].join("/");
}

function safe(x: bigint, subject: string): number {
  if (x < 1n || x > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new PrioError("out-of-range", `${subject}: expected 1 to ${Number.MAX_SAFE_INTEGER}, got ${x}`);
  }
  return Number(x);
}

function batchModeName(batchMode: number): BatchModeName {
  if (batchMode === BatchMode.timeInterval) return "time-interval";
  if (batchMode === BatchMode.leaderSelected) return "leader-selected";
  throw new PrioError("invalid-argument", `batch mode: expected 1 or 2, got ${batchMode}`);
}

/** A URL of visible ASCII. Nothing else is required of it, and nothing is changed. */
function urlOf(bytes: Uint8Array, subject: string): string {
  const text = textOf(bytes);
  if (text === null || !/^https?:\/\/[!-~]+$/.test(text)) {
    throw new PrioError("invalid-argument", `${subject}: expected an https URL of ASCII characters`);
  }
  if (/[?#]/.test(text)) throw new PrioError("invalid-argument", `${subject}: expected a URL without ? and #`);
  return text;
}

function intervalOf({ extensions }: TaskConfiguration): Interval | undefined {
  let interval: Interval | undefined;
  for (const { extensionType, extensionData } of extensions) {
    if (extensionType !== TaskExtensionType.taskInterval) {
      throw new PrioError("invalid-argument", `task extension: expected one that is known, got ${extensionType}`);
    }
    interval = decodeInterval(extensionData);
  }
  if (interval !== undefined && (interval.duration === 0n || interval.start + interval.duration >= 1n << 64n)) {
    throw new PrioError("out-of-range", "task interval: expected one that is not empty and ends below 2^64");
  }
  return interval;
}

/** SHA-256 over a label, the id, the configuration and the collector's HPKE configuration, each after its length. */
function hashOf(...parts: readonly Uint8Array[]): string {
  const labelled = [utf8(HASH_LABEL, "label"), ...parts];
  return toHex(sha256(...labelled.flatMap((part) => [uint32BE(part.length), part])));
}
