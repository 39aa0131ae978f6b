// An unattended run of one side: opens the stores, makes sure that no other run works, and processes a day, or with
// `watch` one day after the other.

import { readdirSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { DirectoryInUse, DirectoryLock } from "../files/directory-lock.js";
import { systemFailure } from "../files/failure.js";
import type { Store } from "../stores/store.js";
import type { DaySettings, RunContext } from "./batch-context.js";
import { type Clock, dayAfter, dayOf, isDay } from "./clock.js";
import type { ProcessConfig } from "./config.js";
import { isWhole, runDay } from "./day-run.js";
import { GuardedStore } from "./guarded-store.js";
import { AppLayout } from "./layout.js";
import { LimitedStore } from "./limited-store.js";
import { makePrivate } from "./local-folder.js";
import { Permits } from "./permits.js";
import { AnotherRun, RunLock } from "./run-lock.js";
import { Sealer } from "./seal.js";
import type { SideStores } from "./side-stores.js";
import type { BatchStanding } from "./standings.js";

/** What a run is made of. */
export interface ProcessRun extends Pick<DaySettings, "onEvent" | "onProgress"> {
  readonly config: ProcessConfig;
  readonly keys: RunContext["keys"];
  /** See {@link openStores}. */
  readonly stores: SideStores;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Ends the run. Its reason is what the run throws. */
  readonly signal: AbortSignal;
  readonly version: string;
}

/** How a day ended. */
export interface DayResult {
  readonly date: string;
  readonly batches: readonly BatchStanding[];
}

/** Days before today that `watch` looks at, too: shares may be late, and so may the other server. */
const LOOK_BACK = 2;
/** Milliseconds before `watch` looks again at a day that is not whole. */
const AGAIN = 600_000;
/** Days that files under way are kept of batches that were never published. */
const KEPT_WORK = 14;

/** Processes a day, and returns how it ended. Throws AnotherRun, LockLost, the signal's reason, and other failures. */
export function processDay(run: ProcessRun, date: string): Promise<DayResult> {
  return withRun(run, async (context) => {
    removeOldWork(run.config, date);
    const deadline = run.clock.now() + 1000 * run.config.deadline;
    return { date, batches: await runDay(context, { ...run, date, deadline }) };
  });
}

/**
 * Processes today and the days before, as they come, until the signal. A day that is not whole when its deadline has
 * passed is tried again now and then, as long as it is one of them.
 */
export function watchDays(run: ProcessRun, onDay: (result: DayResult) => void): Promise<never> {
  const { clock, config } = run;
  return withRun(run, async (context) => {
    const first = dayAfter(dayOf(clock.date()), -LOOK_BACK);
    const failed = new AbortController();
    const signal = AbortSignal.any([context.signal, failed.signal]);
    const isOpen = (date: string): boolean => date >= dayAfter(dayOf(clock.date()), -LOOK_BACK);
    const work = async (date: string): Promise<void> => {
      removeOldWork(config, date);
      while (isOpen(date)) {
        const deadline = clock.now() + 1000 * config.deadline;
        const batches = await runDay({ ...context, signal }, { ...run, date, deadline });
        onDay({ date, batches });
        if (isWhole(batches)) return;
        await clock.sleep(AGAIN, signal);
      }
    };
    for (let date = first; ; ) {
      for (; date <= dayOf(clock.date()); date = dayAfter(date, 1)) {
        work(date).catch((error: unknown) => failed.abort(error));
      }
      const midnight = Date.parse(`${dayAfter(dayOf(clock.date()), 1)}T00:00:00Z`);
      // Clocks are set, and machines sleep: look now and then.
      await clock.sleep(Math.min(60_000, Math.max(1000, midnight - clock.date().getTime())), signal);
    }
  });
}

/** Runs `work` while no other run of this side does, on this machine or any other. */
async function withRun<T>(run: ProcessRun, work: (context: RunContext) => Promise<T>): Promise<T> {
  const { config, keys, stores, env, clock, version } = run;
  const local = lockWork(config.work);
  try {
    const app = new AppLayout({ ...config, prefix: config.stores.prefix });
    const { signal } = run;
    const lock = await RunLock.take({ store: stores.private, prefix: app.locks, clock, signal });
    try {
      const guarded = (store: Store): Store => new LimitedStore(new GuardedStore(store, lock));
      return await work({
        config,
        keys,
        stores: {
          ingest: new LimitedStore(stores.ingest),
          shared: new LimitedStore(stores.shared),
          private: guarded(stores.private),
          peer: guarded(stores.peer),
        },
        clock,
        permits: new Permits(config.jobs ?? availableParallelism()),
        sealer: new Sealer(keys.secret),
        signal: AbortSignal.any([signal, lock.lost]),
        version,
        publishedAt: sourceDate(env),
      });
    } finally {
      await lock.release();
    }
  } finally {
    local.release();
  }
}

/** Locks the work directory. Throws AnotherRun. */
function lockWork(work: string): DirectoryLock {
  makePrivate(work);
  try {
    return DirectoryLock.take(work);
  } catch (error) {
    if (error instanceof DirectoryInUse) throw new AnotherRun(`another run is there: ${error.message}`);
    throw systemFailure(error, `cannot lock ${work}`);
  }
}

/** Removes what is under way of old days: all of it can be made again. */
function removeOldWork({ work, app, keepWork }: ProcessConfig, date: string): void {
  const oldest = dayAfter(date, -(keepWork || KEPT_WORK));
  const directory = join(work, app);
  makePrivate(directory);
  try {
    for (const name of readdirSync(directory)) {
      if (isDay(name) && name < oldest) rmSync(join(directory, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw systemFailure(error, `cannot remove what is old in ${directory}`);
  }
}

/** SOURCE_DATE_EPOCH (reproducible-builds.org): seconds that stand for the time, so that runs make the same bytes. */
function sourceDate(env: ProcessRun["env"]): Date | undefined {
  const text = env["SOURCE_DATE_EPOCH"];
  return text && /^\d{1,11}$/.test(text) ? new Date(1000 * Number(text)) : undefined;
}
