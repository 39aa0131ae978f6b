// `prio-aggregator task create`: asks for or takes what a task is, and adds it to the store with fresh secrets.

import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { DapTask, encodeHpkeConfig, vdafFromJSON } from "prio/dap";
import type { Role } from "../store/store.js";
import { insertTask, type NewTask } from "../tasks/changes.js";
import { acceptedHashes, newSecrets, otherRole } from "../tasks/exchange.js";
import { deviationOf, noiseText } from "../tasks/noise.js";
import { DEFAULT_SETTINGS, type TaskSettings } from "../tasks/stored-task.js";
import type { Dialect } from "../tasks/task.js";
import { type CollectorOptions, collectorConfig } from "./collector-config.js";
import { answerTo, type Io, note, print, printJson, UsageError } from "./io.js";
import { type OwnOptions, ownSettings, withOwnOptions } from "./own-settings.js";
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
const ROLES = ["leader", "helper"] as const;
const BATCH_MODES = ["time-interval", "leader-selected"] as const;
const DIALECTS = ["dap-18", "janus-0.9"] as const;

interface CreateOptions extends StoreOptions, OwnOptions, CollectorOptions {
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
  readonly dialect: string;
  readonly json?: true;
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
