// Uploads on their way into the store: many requests share one transaction, and each is answered once it is on disk.
// Disks and databases do hundreds of transactions a second, and one of them takes a thousand reports as easily as one.

import type { Context } from "../context.js";
import { Problem } from "../problem.js";
import { COUNTERS, refusedCounter } from "../protocol/counters.js";
import type { WaitingReport } from "../store/store.js";
import { Budget } from "./budget.js";

export interface GroupCommitOptions {
  /** Reports of a transaction, about. */
  readonly reports: number;
  /** Milliseconds that the first report of a group waits for others. */
  readonly delay: number;
  /** Transactions at a time. */
  readonly transactions: number;
  /** What may wait before uploads are refused for now. */
  readonly maxWaitingBytes: number;
  readonly maxWaitingReports: number;
}

type TaskReport = WaitingReport & { readonly task: number };

interface Upload {
  readonly reports: readonly TaskReport[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit {
  readonly #ctx: Context;
  readonly #options: GroupCommitOptions;
  readonly #budget: Budget;
  #waiting: Upload[] = [];
  #waitingReports = 0;
  #counters = new Map<string, { task: number; name: string; n: number }>();
  #timer: NodeJS.Timeout | null = null;
  #isDue = false;
  readonly #running = new Set<Promise<void>>();

  constructor(ctx: Context, options: GroupCommitOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.#budget = new Budget(options.maxWaitingBytes, options.maxWaitingReports);
  }

  /** Whether an upload that comes now is refused, so that its body need not be read. */
  get isFull(): boolean {
    return this.#budget.isFull;
  }

  /** Throws `unavailable` if too much waits. */
  checkRoom(): void {
    if (this.isFull) throw new Problem("unavailable", "too many uploads wait to be written", { retryAfter: 2 });
  }

  /** Counts the bytes of an upload as waiting while something is found out about it. Throws `unavailable`. */
  async during<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    this.checkRoom();
    this.#budget.take(bytes, 0);
    try {
      return await work();
    } finally {
      this.#budget.give(bytes, 0);
    }
  }

  /**
   * Keeps the reports of an upload. They are on disk when the promise resolves. `bytes` is what they keep in memory:
   * the body that they are parts of, however much of it was refused. Throws `unavailable`.
   */
  add(reports: readonly TaskReport[], bytes: number): Promise<void> {
    this.checkRoom();
    this.#budget.take(bytes, reports.length);
    for (const { task } of reports) this.#count(task, COUNTERS.uploaded);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ reports, bytes, resolve, reject });
      this.#waitingReports += reports.length;
      this.#wake();
    });
  }

  /** Counts a refused report with the next transaction. */
  countRefused(task: number, error: number): void {
    this.#count(task, refusedCounter(error));
    this.#wake();
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    while (this.#waiting.length > 0 || this.#counters.size > 0 || this.#running.size > 0) {
      this.#isDue = true;
      this.#start();
      await Promise.all(this.#running);
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #count(task: number, name: string): void {
    const key = `${task} ${name}`;
    const counter = this.#counters.get(key);
    if (counter === undefined) this.#counters.set(key, { task, name, n: 1 });
    else counter.n++;
  }

  #wake(): void {
    if (this.#waitingReports >= this.#options.reports) this.#start();
    else if (this.#timer === null && !this.#isDue) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#isDue = true;
        this.#start();
      }, this.#options.delay);
    }
  }

  /** Starts as many transactions as may run, of full groups or of what waited long enough. */
  #start(): void {
    while (this.#running.size < this.#options.transactions) {
      if (this.#waitingReports < this.#options.reports && !this.#isDue) return;
      if (this.#waiting.length === 0 && this.#counters.size === 0) {
        this.#isDue = false;
        return;
      }
      const group = this.#takeGroup();
      const counters = [...this.#counters.values()];
      this.#counters = new Map();
      if (this.#waiting.length === 0) this.#isDue = false;
      const running = this.#commit(group, counters).finally(() => {
        this.#running.delete(running);
        this.#start();
      });
      this.#running.add(running);
    }
  }

  #takeGroup(): Upload[] {
    let reports = 0;
    let uploads = 0;
    while (uploads < this.#waiting.length && (uploads === 0 || reports < this.#options.reports)) {
      reports += this.#waiting[uploads]?.reports.length ?? 0;
      uploads++;
    }
    this.#waitingReports -= reports;
    return this.#waiting.splice(0, uploads);
  }

  /** Never rejects: who waits is told. */
  async #commit(
    group: readonly Upload[],
    counters: readonly { task: number; name: string; n: number }[],
  ): Promise<void> {
    const { store, clock, log, metrics } = this.#ctx;
    const reports =
      group.length === 1 && group[0] !== undefined ? group[0].reports : group.flatMap((one) => one.reports);
    try {
      await store.run("upload", async (tx) => {
        if (reports.length > 0) await tx.insertReports(reports, clock());
        await tx.addCounters(counters);
      });
      metrics.observe("upload_group_reports", reports.length);
      for (const { resolve } of group) resolve();
    } catch (error) {
      log.error({ err: error, reports: reports.length }, "uploads could not be written");
      const problem = new Problem("unavailable", "the report could not be written", { retryAfter: 5, cause: error });
      for (const { reject } of group) reject(problem);
    } finally {
      for (const { bytes, reports: own } of group) this.#budget.give(bytes, own.length);
    }
  }
}
