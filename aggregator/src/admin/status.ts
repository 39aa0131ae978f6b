// What an operator sees of an aggregator, as JSON for the page: tasks, what became of reports, jobs, batches, results,
// and what is being waited for. Nothing in it is a secret, or of one report.

import type { Vdaf } from "prio/prio3";
import { detailOf } from "../protocol/leader/collection-jobs.js";
import type { JobKind, JobSummary, Role, Store, TaskState, Transaction } from "../store/store.js";
import { ENDED } from "../store/store.js";
import { deviationOf, type NoiseFor, noiseText } from "../tasks/noise.js";
import type { AggregatorTask } from "../tasks/task.js";
import { vdafText } from "../tasks/vdaf-text.js";
import type { ShownResult } from "./results.js";

/** Waiting reports are counted up to this. */
export const MOST_WAITING = 100_000;
const MOST_BATCHES = 40;
const MOST_JOBS = 100;
const MOST_RESULTS = 12;

export interface TaskStatus {
  readonly id: string;
  readonly role: Role;
  readonly state: TaskState;
  readonly peer: string;
  readonly measures: string;
  readonly batchMode: string;
  /** Seconds. */
  readonly timePrecision: number;
  readonly minBatchSize: number;
  readonly noise: string | null;
  /** The standard deviation of this aggregator's noise in a total. */
  readonly deviation: number | null;
  readonly hash: string;
  /** What became of reports since the task was made. */
  readonly counters: Readonly<Record<string, number>>;
  /** Reports in no job. */
  readonly waiting: { readonly reports: number; readonly isMore: boolean; readonly since: number | null };
  readonly jobs: readonly { readonly kind: JobKind; readonly state: string; readonly count: number }[];
  readonly troubles: readonly Trouble[];
  /** Recent jobs that were given up, by their reasons. */
  readonly givenUp: readonly GivenUp[];
  readonly batches: readonly BatchStatus[];
  readonly collections: readonly CollectionStatus[];
  readonly results: readonly (ShownResult & { readonly at: number })[];
}

/** What keeps jobs from going on. */
export interface Trouble {
  readonly kind: JobKind;
  readonly problem: string;
  readonly jobs: number;
  /** When it was first seen. */
  readonly since: number;
  /** The next attempt. */
  readonly next: number;
}

export interface GivenUp {
  readonly kind: JobKind;
  readonly problem: string;
  readonly jobs: number;
  /** The last time. */
  readonly at: number;
}

export interface BatchStatus {
  /** The start of a time interval in seconds, or the first digits of a batch's id. */
  readonly start: number | null;
  readonly name: string | null;
  /** Reports that were counted. */
  readonly reports: number;
  readonly jobs: number;
  /** Times of its first and last reports, in seconds. */
  readonly from: number;
  readonly to: number;
}

export interface CollectionStatus {
  readonly kind: JobKind;
  readonly state: string;
  /** Seconds; null for a batch that the leader selects. */
  readonly start: number | null;
  readonly end: number | null;
  readonly problem: string | null;
  readonly since: number;
  readonly changed: number;
}

export interface Status {
  readonly at: number;
  readonly tasks: readonly TaskStatus[];
  readonly keys: readonly { readonly id: number; readonly state: string; readonly since: number }[];
}

/** Remembers when each trouble was first seen, which the store does not. */
export type FirstSeen = Map<string, number>;

export function readStatus(
  store: Store,
  tasks: readonly AggregatorTask[],
  at: number,
  firstSeen: FirstSeen,
): Promise<Status> {
  return store.run("read status", async (tx) => {
    const waiting = new Map((await tx.waiting(MOST_WAITING)).map((one) => [one.task, one]));
    const shown: TaskStatus[] = [];
    const seen = new Set<string>();
    for (const task of tasks) {
      const jobs = await Promise.all([...JOB_KINDS].map((kind) => tx.jobs(task.key, kind, MOST_JOBS)));
      const troubles = troublesOf(task, jobs.flat(), firstSeen);
      for (const trouble of troubles) seen.add(troubleName(task, trouble));
      shown.push({
        ...describe(task),
        counters: Object.fromEntries((await tx.counters(task.key)).map(({ name, n }) => [name, n])),
        waiting: waitingOf(waiting.get(task.key)),
        jobs: await tx.jobStates(task.key),
        troubles,
        givenUp: givenUpOf(jobs.flat()),
        batches: await batchesOf(tx, task),
        collections: jobs
          .flat()
          .filter(isCollection)
          .map((job) => collectionOf(job, task)),
        results: await resultsOf(tx, task),
      });
    }
    for (const name of firstSeen.keys()) if (!seen.has(name)) firstSeen.delete(name);
    const keys = (await tx.hpkeKeys()).map(({ id, state, changedAt }) => ({ id, state, since: changedAt }));
    return { at, tasks: shown, keys };
  });
}

const JOB_KINDS: readonly JobKind[] = ["aggregate", "verify", "collect", "share"];
const isCollection = ({ kind }: JobSummary): boolean => kind === "collect" || kind === "share";

function describe(task: AggregatorTask) {
  const { dap, noiseSettings, vdaf } = task;
  return {
    id: task.idText,
    role: task.role,
    state: task.state,
    peer: task.peer.url,
    measures: vdafText(dap.vdaf),
    batchMode: dap.batchMode,
    timePrecision: dap.timePrecision,
    minBatchSize: dap.minBatchSize,
    noise: noiseSettings === null ? null : noiseText(noiseSettings),
    deviation: noiseSettings === null ? null : deviationOf(noiseSettings, vdaf as Vdaf<unknown, unknown> & NoiseFor),
    hash: dap.hash,
  };
}

function waitingOf(waiting: { readonly reports: number; readonly since: number } | undefined): TaskStatus["waiting"] {
  if (waiting === undefined) return { reports: 0, isMore: false, since: null };
  return { reports: waiting.reports, isMore: waiting.reports >= MOST_WAITING, since: waiting.since };
}

const troubleName = (task: AggregatorTask, { kind, problem }: Pick<Trouble, "kind" | "problem">): string =>
  JSON.stringify([task.key, kind, problem]);

function troublesOf(task: AggregatorTask, jobs: readonly JobSummary[], firstSeen: FirstSeen): Trouble[] {
  const troubles = new Map<string, Trouble>();
  for (const { kind, state, problem, attempts, changedAt, notBefore } of jobs) {
    if (problem === null || attempts === 0 || ENDED.includes(state)) continue;
    const name = troubleName(task, { kind, problem });
    const known = troubles.get(name);
    const since = Math.min(known?.since ?? changedAt, changedAt);
    const next = Math.min(known?.next ?? notBefore, notBefore);
    troubles.set(name, { kind, problem, jobs: (known?.jobs ?? 0) + 1, since, next });
  }
  return Array.from(troubles, ([name, trouble]) => {
    const since = Math.min(firstSeen.get(name) ?? trouble.since, trouble.since);
    firstSeen.set(name, since);
    return { ...trouble, since };
  }).sort((a, b) => a.since - b.since);
}

function givenUpOf(jobs: readonly JobSummary[]): GivenUp[] {
  const found = new Map<string, GivenUp>();
  for (const { kind, state, problem, changedAt } of jobs) {
    if (state !== "abandoned") continue;
    const reason = problem ?? "no reason is known";
    const name = JSON.stringify([kind, reason]);
    const { jobs: n = 0, at = 0 } = found.get(name) ?? {};
    found.set(name, { kind, problem: reason, jobs: n + 1, at: Math.max(at, changedAt) });
  }
  return [...found.values()].sort((a, b) => b.at - a.at);
}

async function batchesOf(tx: Transaction, { key, dap }: AggregatorTask): Promise<BatchStatus[]> {
  const buckets = await tx.buckets(key, MOST_BATCHES);
  return buckets.map(({ bucket, count, jobs, minTime, maxTime }) => {
    const isTime = dap.batchMode === "time-interval";
    const bytes = Buffer.from(bucket);
    return {
      start: isTime ? Number(bytes.readBigUInt64BE(0)) * dap.timePrecision : null,
      name: isTime ? null : bytes.toString("base64url").slice(0, 8),
      reports: count,
      jobs,
      from: minTime * dap.timePrecision,
      to: maxTime * dap.timePrecision,
    };
  });
}

function collectionOf(job: JobSummary, { dap }: AggregatorTask): CollectionStatus {
  const { kind, state, times, createdAt, changedAt } = job;
  // Why it failed stands in what the job keeps for itself.
  const { failure } = kind === "collect" ? detailOf(job) : {};
  const problem = failure === undefined ? job.problem : `${failure.problem}: ${failure.detail}`;
  const [start, end] = times === null ? [null, null] : [times.from * dap.timePrecision, times.to * dap.timePrecision];
  return { kind, state, start, end, problem, since: createdAt, changed: changedAt };
}

async function resultsOf(tx: Transaction, { key }: AggregatorTask): Promise<(ShownResult & { at: number })[]> {
  const rows = await tx.results(key, MOST_RESULTS);
  return rows.map(({ result, at }) => ({ ...(JSON.parse(result) as ShownResult), at }));
}
