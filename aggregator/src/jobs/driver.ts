// The driver: takes jobs that are due, with leases, and carries them on. Any number of processes may have one; they
// meet in the store alone. A job that fails is tried again after a while, longer each time. The jobs of a worker that
// died are taken by another when their leases have ended.

import type { Context } from "../context.js";
import { nowOf } from "../protocol/now.js";
import { type JobKind, type LeasedJob, LeaseLost } from "../store/store.js";
import { stepAggregate } from "./aggregate.js";
import { stepCollect } from "./collect.js";
import { createDueJobs } from "./create-aggregation-jobs.js";
import { Pause } from "./pause.js";
import { type Peer, PeerUnavailable } from "./peer.js";
import { stepVerify } from "./verify.js";

export interface DriverOptions {
  /** How the helper is reached. */
  readonly peer: Peer;
  /** Jobs at once. While one waits for the helper, another computes. */
  readonly concurrency: number;
  /** Seconds for which a job is taken. If its worker dies, the job waits as long. */
  readonly lease: number;
  /** Seconds between two attempts at most. */
  readonly longestWait: number;
}

/** Milliseconds after which it looks for jobs again where there were none. */
const POLL = 250;

const LEASE = 120;
/** Of a lease, the part after which it is prolonged. */
const RENEW_PART = 1 / 3;
/** Seconds before the next attempt: 1, 2, 4, … and then always the last. */
const LONGEST_WAIT = 600;
const KINDS: readonly JobKind[] = ["aggregate", "collect", "verify"];

export class Driver {
  readonly #ctx: Context;
  readonly #peer: Peer;

  readonly #lease: number;
  readonly #longestWait: number;

  constructor(
    ctx: Context,
    peer: Peer,
    { lease = LEASE, longestWait = LONGEST_WAIT }: Partial<Pick<DriverOptions, "lease" | "longestWait">> = {},
  ) {
    this.#ctx = ctx;
    this.#peer = peer;
    this.#lease = lease;
    this.#longestWait = longestWait;
  }

  /** Makes the jobs that are due. Returns whether there were some. */
  async create(): Promise<boolean> {
    return (await createDueJobs(this.#ctx)) > 0;
  }

  /** Takes up to `limit` jobs that are due. */
  acquire(limit: number): Promise<LeasedJob[]> {
    const now = nowOf(this.#ctx);
    return this.#ctx.store.run("acquire jobs", (tx) => tx.acquireJobs(KINDS, limit, now, now + this.#lease));
  }

  /** Carries a job on. Only throws where the store does. */
  async step(job: LeasedJob, signal: AbortSignal): Promise<void> {
    const ctx = this.#ctx;
    const renewal = setInterval(
      () => {
        const until = nowOf(ctx) + this.#lease;
        ctx.store.run("renew lease", (tx) => tx.renewLease(job.lease, until)).catch(() => undefined);
      },
      this.#lease * RENEW_PART * 1000,
    );
    const start = performance.now();
    let outcome = "done";
    try {
      await this.#carryOn(job, signal);
    } catch (error) {
      if (error instanceof LeaseLost) {
        outcome = "lost";
        ctx.log.warn({ kind: job.kind }, "lease lost");
        return;
      }
      outcome = "postponed";
      await this.#postpone(job, error, signal.aborted);
    } finally {
      clearInterval(renewal);
      ctx.metrics.observe("step_seconds", (performance.now() - start) / 1000, { kind: job.kind, outcome });
    }
  }

  async #carryOn(job: LeasedJob, signal: AbortSignal): Promise<void> {
    const ctx = this.#ctx;
    const task = ctx.tasks.all().find(({ key }) => key === job.task);
    // Made by the command a moment ago, perhaps.
    if (task === undefined) throw new PeerUnavailable("waiting for the task to be read");
    const step = { ctx, peer: this.#peer, task, job, signal };
    if (job.kind === "aggregate") await stepAggregate(step);
    else if (job.kind === "collect") await stepCollect(step);
    else await stepVerify(step);
  }

  /** Gives a job back, to be tried again. */
  async #postpone(job: LeasedJob, error: unknown, isStopping: boolean): Promise<void> {
    const ctx = this.#ctx;
    const now = nowOf(ctx);
    const holder = { lease: job.lease, release: true };
    const attempts = job.attempts + 1;
    const fields = { task: idOf(ctx, job), kind: job.kind, state: job.state, attempts };
    let change = {};
    if (!isStopping) {
      const isWaiting = error instanceof PeerUnavailable;
      const wait = Math.max(backOff(attempts, this.#longestWait, ctx.random), isWaiting ? (error.retryAfter ?? 0) : 0);
      const problem = isWaiting ? error.message : "an error of this server; its log has more";
      if (isWaiting) ctx.log.warn({ ...fields, reason: problem, wait }, "job waits");
      else ctx.log.error({ ...fields, err: error, wait }, "job failed");
      change = { attempts, problem, notBefore: now + Math.min(this.#longestWait, wait) };
    }
    try {
      await ctx.store.run("postpone job", (tx) => tx.updateJob(job, change, now, holder));
    } catch (failed) {
      if (!(failed instanceof LeaseLost)) throw failed;
    }
  }
}

/** Seconds before the next attempt, up to a quarter less by chance, so that not all come at once. */
function backOff(attempts: number, longestWait: number, random: Context["random"]): number {
  const longest = Math.min(longestWait, 2 ** Math.min(attempts - 1, 20));
  return Math.ceil(longest * (1 - (random(1)[0] as number) / 1024));
}

function idOf(ctx: Context, job: LeasedJob): string {
  return ctx.tasks.all().find(({ key }) => key === job.task)?.idText ?? "";
}

/** Runs a driver until it is stopped. */
export function startDriver(ctx: Context, { peer, concurrency, ...times }: DriverOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const driver = new Driver(ctx, peer, times);
  const running = new Set<Promise<void>>();
  const pause = new Pause();

  const guarded = async (what: string, body: () => Promise<void>): Promise<boolean> => {
    try {
      await body();
      return true;
    } catch (err) {
      ctx.log.error({ err }, what);
      return false;
    }
  };

  const round = async (): Promise<boolean> => {
    let isBusy = false;
    await guarded("jobs cannot be made", async () => {
      isBusy = await driver.create();
    });
    await guarded("jobs cannot be taken", async () => {
      for (const job of await driver.acquire(concurrency - running.size)) {
        isBusy = true;
        const one = guarded("a job cannot be given back", () => driver.step(job, signal)).then(() => {
          running.delete(one);
          pause.wake();
        });
        running.add(one);
      }
    });
    return isBusy;
  };

  const loop = async () => {
    while (!signal.aborted) {
      const isBusy = await round();
      if (signal.aborted) break;
      if (!isBusy || running.size >= concurrency) await pause.wait(POLL);
    }
    await Promise.all(running);
  };
  const ended = loop();
  return {
    async stop() {
      stopping.abort();
      pause.wake();
      await ended;
    },
  };
}
