// A whole pair on one machine, to see it at work: leader and helper with a store each, a task of theirs, the collector,
// and a page with a small survey. Everything stands in one folder, with the files that two operators would have.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DapTask, encodeHpkeConfig, HpkeKeyPair } from "prio/dap";
import { readConfig } from "../config.js";
import { createLogger, type Level } from "../log.js";
import { createSecretFile } from "../operators-files.js";
import type { Role } from "../store/store.js";
import { insertTask } from "../tasks/changes.js";
import { acceptedHashes, newSecrets, peerDocument, readPeerDocument } from "../tasks/exchange.js";
import { OperatorError } from "../tasks/operator-error.js";
import { Secrets } from "../tasks/secrets.js";
import { DEFAULT_SETTINGS } from "../tasks/stored-task.js";
import { HISTOGRAM, startCollector, type Totals } from "./dev-collector.js";
import { openSurvey } from "./dev-survey.js";
import { type RunningProcess, startProcess } from "./process.js";

export interface DevOptions {
  /** Where everything is kept. */
  readonly folder: string;
  /** The survey's port; null for one that the system chooses. */
  readonly port: number | null;
  /** Reports of a batch. */
  readonly minBatchSize: number;
  readonly logLevel: Level;
  /** Called with each result: the totals so far. */
  readonly onTotals: (totals: Totals) => void;
}

export interface Dev {
  readonly surveyUrl: string;
  readonly leader: RunningProcess;
  readonly helper: RunningProcess;
  readonly task: DapTask;
  stop(): Promise<void>;
}

/** One of the two aggregators. */
interface Party {
  readonly role: Role;
  readonly key: Secrets;
  readonly running: RunningProcess;
}

/** Throws an OperatorError for what can be put right. */
export async function startDev(options: DevOptions): Promise<Dev> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const known = readTask(options.folder);
    const leader = await startParty("leader", options, known);
    ends.push(() => leader.running.stop());
    const helper = await startParty("helper", options, known);
    ends.push(() => helper.running.stop());
    const pair = readCollectorKey(options.folder);
    const task = known ?? (await makeTask(options, leader, helper, pair));
    const survey = await openSurvey(task, options.port);
    ends.push(() => survey.close());
    const collector = await startCollector(leader.running.ctx, leader.key, task, pair, (totals, isNew) => {
      survey.show(totals);
      if (isNew) options.onTotals(totals);
    });
    ends.push(() => collector.stop());
    return { surveyUrl: survey.url, leader: leader.running, helper: helper.running, task, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The task of a folder that was used before. */
function readTask(folder: string): DapTask | null {
  const path = join(folder, "task.json");
  return existsSync(path) ? DapTask.fromJSON(JSON.parse(readFileSync(path, "utf8"))) : null;
}

/** The text of a file with a secret; a new one with what `make` gives where there is none. */
function secretFile(path: string, make: () => string): string {
  if (!existsSync(path)) createSecretFile(path, `${make()}\n`);
  return readFileSync(path, "utf8").trim();
}

async function startParty(role: Role, { folder, logLevel }: DevOptions, task: DapTask | null): Promise<Party> {
  const own = join(folder, role);
  mkdirSync(own, { recursive: true, mode: 0o700 });
  const key = Secrets.fromEnvironment({ PRIO_AGGREGATOR_KEY: secretFile(join(own, "key"), Secrets.newKeyText) });
  // The task names the ports: those of a folder that was used before are taken again.
  const port = task === null ? "0" : new URL(task[role]).port;
  const config = readConfig(
    {},
    {
      database: `sqlite:${join(own, "store.sqlite")}`,
      ...{ listen: `127.0.0.1:${port}`, adminListen: "127.0.0.1:0", refreshSeconds: "1", logLevel },
    },
  );
  try {
    return { role, key, running: await startProcess(config, key, createLogger(logLevel)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new OperatorError(`the ${role}'s port ${port} is in use, and the task in ${folder} names it`);
  }
}

function readCollectorKey(folder: string): HpkeKeyPair {
  const made = (): string => Buffer.from(HpkeKeyPair.generate(1).toBytes()).toString("base64url");
  return HpkeKeyPair.fromBytes(1, Buffer.from(secretFile(join(folder, "collector.key"), made), "base64url"));
}

/** Makes the task as a leader's operator does, and lets the helper's import it. */
async function makeTask(
  { folder, minBatchSize }: DevOptions,
  leader: Party,
  helper: Party,
  collector: HpkeKeyPair,
): Promise<DapTask> {
  const task = DapTask.create({
    ...{ leader: urlOf(leader.running), helper: urlOf(helper.running), timePrecision: 60, minBatchSize },
    ...{ batchMode: "leader-selected", vdaf: { type: "Prio3Histogram", ...HISTOGRAM } },
    collectorHpkeConfig: Buffer.from(encodeHpkeConfig(collector.config)).toString("base64url"),
  });
  const secrets = newSecrets("leader", randomBytes);
  const settings = { ...DEFAULT_SETTINGS, maxJobDelay: 1, ...acceptedHashes("leader", secrets) };
  const { store, clock, tasks } = leader.running.ctx;
  await insertTask(store, { role: "leader", task, settings, secrets }, leader.key, clock(), "task created");
  const given = readPeerDocument(JSON.stringify(peerDocument("leader", task, "dap-18", secrets)), "the task");
  await insertTask(helper.running.ctx.store, given, helper.key, clock(), "task imported");
  await Promise.all([tasks.refresh(), helper.running.ctx.tasks.refresh()]);
  // Last: a folder with this file is complete.
  createSecretFile(join(folder, "task.json"), `${JSON.stringify(task, null, 2)}\n`);
  return task;
}

const urlOf = ({ port }: RunningProcess): string => `http://127.0.0.1:${port}/`;
