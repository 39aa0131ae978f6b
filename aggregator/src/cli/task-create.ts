// `prio-aggregator task create`: asks for or takes what a task is, and adds it to the store with fresh secrets.

import { randomBytes, randomInt } from "node:crypto";
import type { Command } from "commander";
import {
  DapTask,
  decodeHpkeConfig,
  encodeHpkeConfig,
  HpkeKeyPair,
  isHpkeConfigSupported,
  vdafFromJSON,
} from "prio/dap";
import type { Role } from "../store/store.js";
import { insertTask, type NewTask } from "../tasks/changes.js";
import { acceptedHashes, newSecrets, otherRole } from "../tasks/exchange.js";
import { deviationOf, noiseText, parseNoise } from "../tasks/noise.js";
import { DEFAULT_SETTINGS, type TaskSettings } from "../tasks/stored-task.js";
import type { Dialect, HelperMode, NoiseSettings } from "../tasks/task.js";
import { parseFingerprint } from "../tasks/tokens.js";
import { ask, createSecretFile, type Io, isInteractive, note, print, printJson, readText, UsageError } from "./io.js";
import { type StoreOptions, secretsOfEnvironment, useOrMakeStore, withDatabase } from "./store-access.js";
import { describeNewTask } from "./task-text.js";
import {
  durationText,
  readChoice,
  readDuration,
  readInteger,
  readMoment,
  readUrl,
  readVdaf,
  usage,
  VDAF_FORMS,
} from "./values.js";

/** Fewer reports than this hide nobody: the operator has to say that it is meant. */
const SMALL_BATCH = 100;
/** Of an HPKE configuration. A random one of them, so that an old key is told from a new one. */
const HPKE_IDS = 256;
const ROLES = ["leader", "helper"] as const;
const BATCH_MODES = ["time-interval", "leader-selected"] as const;
const DIALECTS = ["dap-18", "janus-0.9"] as const;
const HELPER_MODES = ["sync", "async"] as const;

interface CreateOptions extends StoreOptions, OwnOptions {
  readonly role?: string;
  readonly url?: string;
  readonly peer?: string;
  readonly vdaf?: string;
  readonly timePrecision?: string;
  readonly minBatchSize?: string;
  readonly allowSmall?: true;
  readonly allowHttp?: true;
  readonly batchMode: string;
  readonly start?: string;
  readonly duration?: string;
  readonly collectorHpke?: string;
  readonly newCollectorKey?: string;
  readonly dialect: string;
  readonly json?: true;
}

/** What an operator decides alone, when making a task and when taking part in one. */
export interface OwnOptions {
  readonly noise?: string;
  readonly helperMode?: string;
  readonly reportExpiry?: string;
  readonly maxJobDelay?: string;
  readonly peerCertificate?: readonly string[];
  readonly collectorCertificate?: readonly string[];
}

export function withOwnOptions(command: Command): Command {
  const all = (value: string, before: readonly string[] = []): string[] => [...before, value];
  return command
    .option(
      "--noise <budget>",
      "laplace:epsilon=E or gaussian:rho=R: what this aggregator adds to its share of each result",
    )
    .option("--helper-mode <mode>", "sync or async: how the helper answers a new job (sync)")
    .option("--report-expiry <duration>", "reports older than this are not counted, and forgotten; or never (30d)")
    .option("--max-job-delay <duration>", "how long a report waits for others, at the leader (10s)")
    .option("--peer-certificate <sha256>", "a client certificate of the leader, at the helper; repeatable", all)
    .option("--collector-certificate <sha256>", "one of the collector, at the leader; repeatable", all);
}

/** Throws a UsageError for options that are wrong or of the other role. */
export function ownSettings(options: OwnOptions, role: Role): Partial<TaskSettings> {
  const { noise, helperMode, reportExpiry, maxJobDelay, peerCertificate = [], collectorCertificate = [] } = options;
  if (helperMode !== undefined && role === "leader") throw new UsageError("--helper-mode: expected none at the leader");
  if (peerCertificate.length > 0 && role === "leader") {
    throw new UsageError("--peer-certificate: expected none at the leader, which the helper never calls");
  }
  if (collectorCertificate.length > 0 && role === "helper") {
    throw new UsageError("--collector-certificate: expected none at the helper, which the collector never calls");
  }
  return {
    noise: readNoise(noise),
    reportExpiry: readExpiry(reportExpiry),
    maxJobDelay:
      maxJobDelay === undefined ? DEFAULT_SETTINGS.maxJobDelay : readDuration(maxJobDelay, "--max-job-delay"),
    helperMode: readChoice<HelperMode>(helperMode ?? "sync", "--helper-mode", HELPER_MODES),
    peerCertificates: usage("--peer-certificate", () => peerCertificate.map(parseFingerprint)),
    collectorCertificates: usage("--collector-certificate", () => collectorCertificate.map(parseFingerprint)),
  };
}

function readExpiry(text: string | undefined): number | null {
  if (text === undefined) return DEFAULT_SETTINGS.reportExpiry;
  return text === "never" ? null : readDuration(text, "--report-expiry");
}

function readNoise(text: string | undefined): NoiseSettings | null {
  if (text === undefined || text === "none") return null;
  const noise = usage("--noise", () => parseNoise(text));
  if (noise === null)
    throw new UsageError(`--noise: expected laplace:epsilon=E, gaussian:rho=R or none, got "${text}"`);
  return noise;
}

export function addTaskCreate(task: Command, io: Io): void {
  const command = task
    .command("create")
    .description("make a task with fresh secrets; asks for what no option gives")
    .option("--role <role>", "what this aggregator is: leader or helper")
    .option("--url <url>", "this aggregator's URL, as clients and the peer reach it")
    .option("--peer <url>", "the other aggregator's URL")
    .option("--vdaf <vdaf>", `what is measured: ${VDAF_FORMS}`)
    .option("--time-precision <duration>", "to what reports' times are rounded, such as 1h")
    .option("--min-batch-size <n>", "the fewest reports that are ever added up together")
    .option("--allow-small", `lets the batch size be below ${SMALL_BATCH}`)
    .option("--batch-mode <mode>", "time-interval or leader-selected", "time-interval")
    .option("--start <moment>", "reports before are refused, such as 2026-12-01")
    .option("--duration <duration>", "reports so long after the start are refused, such as 30d")
    .option("--collector-hpke <config>", "the collector's HPKE configuration: base64url, or a file with it")
    .option("--new-collector-key <file>", "make the collector's key pair, and write it into this new file")
    .option("--dialect <dialect>", "dap-18 or janus-0.9: what the peer speaks", "dap-18")
    .option("--allow-http", "lets URLs be http")
    .option("--json", "print JSON");
  withDatabase(withOwnOptions(command)).action((options: CreateOptions) => createTask(io, options));
}

async function createTask(io: Io, options: CreateOptions): Promise<void> {
  const key = secretsOfEnvironment(io);
  const role = await answerTo(
    io,
    options.role,
    "--role",
    "This aggregator is the leader or the helper",
    "leader",
    (x) => readChoice<Role>(x, "--role", ROLES),
  );
  const own = ownSettings(options, role);
  const dialect = readChoice<Dialect>(options.dialect, "--dialect", DIALECTS);
  const batchMode = readChoice(options.batchMode, "--batch-mode", BATCH_MODES);
  const allowHttp = options.allowHttp === true;
  const url = await answerTo(io, options.url, "--url", `URL of this ${role}`, null, (x) =>
    readUrl(x, "--url", allowHttp),
  );
  const peer = await answerTo(io, options.peer, "--peer", `URL of the ${otherRole(role)}`, null, (x) => {
    const given = readUrl(x, "--peer", allowHttp);
    if (given === url) throw new UsageError("--peer: expected the other aggregator's URL, got this one's");
    return given;
  });
  const vdaf = await answerTo(io, options.vdaf, "--vdaf", `What is measured (${VDAF_FORMS})`, null, (x) =>
    readVdaf(x, "--vdaf"),
  );
  const timePrecision = await answerTo(io, options.timePrecision, "--time-precision", "Time precision", "1h", (x) =>
    readDuration(x, "--time-precision"),
  );
  const minBatchSize = await answerTo(io, options.minBatchSize, "--min-batch-size", "Min batch size", "1000", (x) =>
    readBatchSize(x, options.allowSmall === true),
  );
  const interval = readInterval(options, timePrecision);
  const collector = await collectorConfig(io, options);
  const [leader, helper] = role === "leader" ? [url, peer] : [peer, url];
  const made = usage("task", () =>
    newTask({
      ...{ leader, helper, timePrecision, minBatchSize, batchMode, vdaf },
      ...(interval === null ? {} : { interval }),
      collectorHpkeConfig: Buffer.from(encodeHpkeConfig(collector.config)).toString("base64url"),
    }),
  );
  const secrets = newSecrets(role, randomBytes);
  const settings: TaskSettings = { ...DEFAULT_SETTINGS, ...own, dialect, ...acceptedHashes(role, secrets) };
  const task: NewTask = { role, task: made, settings, secrets };
  await useOrMakeStore(io, options, async (store) => {
    // The file first: a key that is lost would make the task's results unreadable, and a file too many does no harm.
    if (collector.write !== undefined) collector.write();
    await insertTask(store, task, key, io.clock(), "task created");
  });
  if (options.json === true) printJson(io, { id: made.idText, hash: made.hash, role, task: made.toJSON() });
  else print(io, describeNewTask(task));
  if (settings.noise !== null) {
    const deviation = deviationOf(settings.noise, vdafFromJSON(vdaf));
    note(
      io,
      `Noise: ${noiseText(settings.noise)}, a standard deviation of ${Math.round(deviation * 10) / 10} a result.`,
    );
  }
  note(io, `Next: prio-aggregator task export ${made.idText.slice(0, 8)} --for peer --output FILE`);
}

/** A new task whose id is not read as an option when it stands on a command line. */
function newTask(document: Parameters<typeof DapTask.create>[0]): DapTask {
  for (;;) {
    const task = DapTask.create(document);
    if (!task.idText.startsWith("-")) return task;
  }
}

/** An option's value, or a person's answer. Throws a UsageError where there is neither. */
function answerTo<T>(
  io: Io,
  given: string | undefined,
  option: string,
  question: string,
  standard: string | null,
  read: (text: string) => T,
): Promise<T> {
  if (given !== undefined) return Promise.resolve(read(given));
  if (!isInteractive(io)) throw new UsageError(`expected ${option}: there is no terminal to ask on`);
  return ask(io, question, standard, read);
}

function readBatchSize(text: string, allowSmall: boolean): number {
  const size = readInteger(text, "--min-batch-size", 1);
  if (size < SMALL_BATCH && !allowSmall) {
    throw new UsageError(
      `--min-batch-size: expected at least ${SMALL_BATCH}, got ${size}: so few reports hide nobody`,
      "--allow-small takes it, for trying things out",
    );
  }
  return size;
}

function readInterval(
  { start, duration }: Pick<CreateOptions, "start" | "duration">,
  timePrecision: number,
): { start: number; duration: number } | null {
  if (start === undefined && duration === undefined) return null;
  if (start === undefined || duration === undefined) {
    throw new UsageError("expected --start and --duration together, got one of them");
  }
  const interval = { start: readMoment(start, "--start"), duration: readDuration(duration, "--duration") };
  for (const [name, seconds] of Object.entries(interval)) {
    if (seconds % timePrecision === 0) continue;
    throw new UsageError(`--${name}: expected a multiple of the time precision, ${durationText(timePrecision)}`);
  }
  return interval;
}

interface CollectorConfig {
  readonly config: ReturnType<typeof decodeHpkeConfig>;
  /** Writes the private key that was made. */
  readonly write?: () => void;
}

async function collectorConfig(io: Io, options: CreateOptions): Promise<CollectorConfig> {
  const { collectorHpke, newCollectorKey } = options;
  if (collectorHpke !== undefined && newCollectorKey !== undefined) {
    throw new UsageError("expected --collector-hpke or --new-collector-key, got both");
  }
  if (newCollectorKey !== undefined) {
    const pair = HpkeKeyPair.generate(randomInt(HPKE_IDS));
    const text = collectorKeyText(pair);
    return { config: pair.config, write: () => createSecretFile(newCollectorKey, text) };
  }
  const config = await answerTo(
    io,
    collectorHpke,
    "--collector-hpke or --new-collector-key",
    COLLECTOR_QUESTION,
    null,
    (x) => x,
  );
  return { config: await readHpkeConfig(io, config) };
}

const COLLECTOR_QUESTION = "The collector's HPKE configuration (base64url, or a file with it)";

/** The collector's key file. */
function collectorKeyText(pair: HpkeKeyPair): string {
  const config = Buffer.from(encodeHpkeConfig(pair.config)).toString("base64url");
  const privateKey = Buffer.from(pair.toBytes()).toString("base64url");
  return `${JSON.stringify({ hpkeConfig: config, privateKey }, null, 2)}\n`;
}

async function readHpkeConfig(io: Io, given: string): Promise<ReturnType<typeof decodeHpkeConfig>> {
  const subject = "--collector-hpke";
  const isText = /^[\w-]{50,}={0,2}$/.test(given);
  const content = isText ? given : (await readText(io, given, "an HPKE configuration")).trim();
  let text = content;
  if (content.startsWith("{")) {
    const found: unknown = (JSON.parse(content) as Record<string, unknown>)["hpkeConfig"];
    text = typeof found === "string" ? found : "";
  }
  const config = usage(subject, () => {
    if (!/^[\w+/-]{50,}={0,2}$/.test(text)) {
      throw new UsageError(`${subject}: expected an HPKE configuration in base64url, or a file with it`);
    }
    return decodeHpkeConfig(Buffer.from(text, "base64"));
  });
  if (!isHpkeConfigSupported(config)) {
    throw new UsageError(`${subject}: expected DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM`);
  }
  return config;
}
