// Where every batch of a day stands, by what is in the stores: read-only, and good while a run goes on and after it.
// What only a run knows (what it waits for, since when, why a batch ended) is what the last one wrote down.

import { parseProcess, stateOf, thisProcess } from "../files/processes.js";
import type { Store } from "../stores/store.js";
import type { BatchEntry, ProcessConfig } from "./config.js";
import { AppLayout, type DayLayout, EXCHANGES, type Exchange, MANIFEST, SUCCESS } from "./layout.js";
import { MAX_MANIFEST, parseManifest, type StageManifest } from "./manifest.js";
import type { SideStores } from "./side-stores.js";
import { readSmall } from "./small-object.js";
import type { BatchStanding, DayStanding, State } from "./standings.js";

/** A batch, as `prio status` tells of it. */
export interface BatchStatus {
  readonly batch: string;
  /** `stopped`: the run that worked on it has ended. `not begun`: no run did. */
  readonly state: State | "stopped" | "not begun";
  /** What each server has handed over last. */
  readonly own: Exchange | "published" | null;
  readonly peer: Exchange | null;
  /** Of this server's last stage. */
  readonly rows: number | null;
  readonly leftOut: number | null;
  readonly reports: number | null;
  readonly waitingFor: string | null;
  readonly since: string | null;
  readonly reason: string | null;
  readonly hint: string | null;
}

/** A run that has the lock, or had it when it ended. */
export interface RunStatus {
  readonly host: string;
  readonly pid: string;
  /** Whether it lives; null for a process of another machine. */
  readonly lives: boolean | null;
}

export interface DayStatus {
  readonly date: string;
  readonly runs: readonly RunStatus[];
  /** Whether the ingestion has said that the day's shares are complete. */
  readonly hasShares: boolean;
  readonly batches: readonly BatchStatus[];
}

/** Reads where a day stands. Throws the stores' errors. */
export async function statusOf(config: ProcessConfig, stores: SideStores, date: string): Promise<DayStatus> {
  const app = new AppLayout({ ...config, prefix: config.stores.prefix });
  const day = app.day(date);
  const runs = await runsIn(stores.private, app.locks);
  const standing = await standingOf(stores.private, day.status);
  const own = await namesBelow(stores.private, day.internal("manifest").replace(/manifest$/, ""));
  const published = await namesBelow(stores.private, `${day.published}/`);
  const peer = await namesBelow(stores.shared, day.incoming("manifest").replace(/manifest$/, ""));
  const isRunning = standing?.hasEnded === false && runs.some(({ lives }) => lives !== false);
  const hasShares = (await stores.ingest.stat(`${day.raw}/${SUCCESS}`)) !== undefined;
  const batches: BatchStatus[] = [];
  for (const batch of config.batches) {
    const last = standing?.batches.find((entry) => entry.batch === batch.batchId);
    const isPublished = published.has(`${batch.folder}/${SUCCESS}`);
    const ownLast = lastOf(own, batch, true);
    const result = ownLast && (await resultOf(stores.private, day, batch, ownLast));
    batches.push({
      batch: batch.batchId,
      state: stateOfBatch(isPublished, last, isRunning),
      own: isPublished ? "published" : (ownLast ?? null),
      peer: lastOf(peer, batch, config.peer === "prio") ?? null,
      rows: result?.rows ?? last?.rows ?? null,
      leftOut: result?.leftOut ?? last?.leftOut ?? null,
      reports: result?.reports ?? last?.reports ?? null,
      waitingFor: isPublished ? null : (last?.waitingFor ?? null),
      since: last?.since ?? null,
      reason: isPublished ? null : (last?.reason ?? null),
      hint: isPublished ? null : (last?.hint ?? null),
    });
  }
  return { date, runs, hasShares, batches };
}

function stateOfBatch(isPublished: boolean, last: BatchStanding | undefined, isRunning: boolean): BatchStatus["state"] {
  if (isPublished) return "published";
  if (last === undefined) return "not begun";
  // A batch that waits when a run ends is one for the next run; only a run that was killed leaves one at work.
  return last.state === "working" && !isRunning ? "stopped" : last.state;
}

async function runsIn(store: Store, locks: string): Promise<RunStatus[]> {
  const runs: RunStatus[] = [];
  const self = thisProcess();
  for await (const { key } of store.list(locks)) {
    const process = parseProcess(key.slice(locks.length).replace(/,[^,]*$/, ""));
    if (process === undefined) continue;
    const state = stateOf(process, self);
    runs.push({ host: process.host, pid: process.pid, lives: state === "unknown" ? null : state === "alive" });
  }
  return runs;
}

/** In bytes: 10,000 batches with long reasons take less. */
const MAX_STANDING = 2 ** 24;

async function standingOf(store: Store, key: string): Promise<DayStanding | undefined> {
  const bytes = await readSmall(store, key, MAX_STANDING);
  try {
    return bytes && (JSON.parse(bytes.toString("utf8")) as DayStanding);
  } catch {
    // It is for people alone; without it, less is known.
    return undefined;
  }
}

/** All keys below a prefix, without it, and the folders of batches in which they are. */
async function namesBelow(store: Store, prefix: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  for await (const { key } of store.list(prefix)) {
    const name = key.slice(prefix.length);
    names.add(name).add(name.replace(/\/[^/]*$/, ""));
  }
  return names;
}

/** The last exchange of a batch that is complete: with a manifest, or of a prio-processor, with the stage's marker. */
function lastOf(names: ReadonlySet<string>, { folder }: BatchEntry, hasManifests: boolean): Exchange | undefined {
  const isThere = (exchange: Exchange): boolean =>
    hasManifests
      ? names.has(`${exchange}/${folder}/${MANIFEST}`)
      : names.has(`${exchange}/${SUCCESS}`) && names.has(`${exchange}/${folder}`);
  return [...EXCHANGES].reverse().find(isThere);
}

/** The counts of this server's last stage. */
async function resultOf(
  store: Store,
  day: DayLayout,
  { folder }: BatchEntry,
  exchange: Exchange,
): Promise<StageManifest | undefined> {
  const key = `${day.internal(exchange)}/${folder}/${MANIFEST}`;
  const bytes = await readSmall(store, key, MAX_MANIFEST);
  if (bytes === undefined || exchange === "manifest") return undefined;
  return parseManifest(bytes, exchange, `${store.name}/${key}`).manifest;
}
