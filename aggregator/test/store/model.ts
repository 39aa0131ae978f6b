// A store in a few plain maps, which is simple enough to be right: the property test compares the real ones with it. It
// has no transactions of its own; a copy of it is one that can be thrown away. Bytes are texts of hexadecimal digits.

import { ENDED } from "../../src/store/store.js";

interface Report {
  readonly time: number;
  readonly at: number;
  readonly content: string;
  job: string | null;
}

interface Job {
  readonly kind: string;
  readonly id: string;
  readonly order: number;
  state: string;
  step: number;
  answer: string | null;
  times: readonly [number, number] | null;
  batch: string | null;
  notBefore: number;
  changedAt: number;
  holder: number | null;
  leaseUntil: number;
}

interface Partial {
  readonly bucket: number;
  readonly job: string;
  readonly count: number;
}

/** What the model knows of one task. All names, times and numbers are those of the operations in store.ts. */
export class Model {
  reports = new Map<string, Report>();
  replayKeys = new Map<string, number>();
  horizon = 0;
  jobs = new Map<string, Job>();
  made = 0;
  partials: Partial[] = [];
  collected: [number, number][] = [];
  batches = new Map<string, { assigned: number; createdAt: number }>();
  counters = new Map<string, number>();

  copy(): Model {
    return Object.assign(new Model(), structuredClone({ ...this }));
  }

  // Reports.

  insertReports(reports: readonly { id: string; time: number; content: string }[], at: number): number {
    const before = this.reports.size;
    for (const { id, time, content } of reports) {
      if (!this.reports.has(id)) this.reports.set(id, { time, at, content, job: null });
    }
    return this.reports.size - before;
  }

  countWaiting(range: readonly [number, number], limit: number): number {
    return Math.min(limit, this.#in(null, range).length);
  }

  waiting(limit: number): { reports: number; since: number } | null {
    const first = this.#waiting().slice(0, limit);
    return first.length === 0 ? null : { reports: first.length, since: Math.min(...first.map(([, { at }]) => at)) };
  }

  /** The ids that a store has claimed, if it may claim them: of those that came in one second, it chooses. */
  claimReports(job: string, limit: number, range: readonly [number, number], chosen: readonly string[]): string[] {
    const due = this.#waiting(range).slice(0, limit);
    const claimed = this.#in(null, range).filter(([id]) => chosen.includes(id));
    const moments = (reports: readonly [string, Report][]) => reports.map(([, { time, at }]) => `${time} ${at}`).sort();
    if (moments(claimed).join() !== moments(due).join()) throw new Error("other reports were due");
    for (const [, report] of claimed) report.job = job;
    return claimed.map(([id]) => id);
  }

  reportsOf(job: string): { id: string; time: number; content: string }[] {
    return this.#in(job).map(([id, { time, content }]) => ({ id, time, content }));
  }

  removeReports(job: string, ids: readonly string[] | null): void {
    for (const [id] of this.#in(job)) if (ids === null || ids.includes(id)) this.reports.delete(id);
  }

  /** To another job, or to none. */
  moveReports(job: string, to: string | null, ids: readonly string[] | null): void {
    for (const [id, report] of this.#in(job)) if (ids === null || ids.includes(id)) report.job = to;
  }

  /** Those in no job, in the order in which they are claimed. */
  #waiting(range?: readonly [number, number]): [string, Report][] {
    return this.#in(null, range).sort(([, x], [, y]) => x.time - y.time || x.at - y.at);
  }

  /** By time and then by id. */
  #in(job: string | null, [from, to]: readonly [number, number] = [0, Number.POSITIVE_INFINITY]): [string, Report][] {
    return [...this.reports]
      .filter(([, report]) => report.job === job && report.time >= from && report.time < to)
      .sort(([a, x], [b, y]) => x.time - y.time || (a < b ? -1 : 1));
  }

  // The replay record.

  insertReplayKeys(keys: readonly { id: string; time: number }[]): string[] {
    return keys
      .filter(({ id, time }) => {
        if (time < this.horizon || this.replayKeys.has(id)) return true;
        this.replayKeys.set(id, time);
        return false;
      })
      .map(({ id }) => id);
  }

  /** All of them: which ones a limit chooses among equal times is left open. */
  removeReplayKeys(before: number): number {
    this.horizon = Math.max(this.horizon, before);
    const gone = [...this.replayKeys].filter(([, time]) => time < before);
    for (const [id] of gone) this.replayKeys.delete(id);
    return gone.length;
  }

  // Jobs.

  insertJob(job: Omit<Job, "order" | "changedAt" | "holder" | "leaseUntil">, at: number): boolean {
    const name = `${job.kind} ${job.id}`;
    if (this.jobs.has(name)) return false;
    this.jobs.set(name, { ...job, order: this.made++, changedAt: at, holder: null, leaseUntil: 0 });
    return true;
  }

  acquireJobs(kinds: readonly string[], limit: number, at: number, until: number, holder: number): string[] {
    const due = this.#open(
      ({ kind, notBefore, leaseUntil }) => kinds.includes(kind) && notBefore <= at && leaseUntil <= at,
    )
      .sort(([, a], [, b]) => a.notBefore - b.notBefore || a.order - b.order)
      .slice(0, limit);
    for (const [, job] of due) Object.assign(job, { holder, leaseUntil: until });
    return due.map(([name]) => name);
  }

  /** "lost" without a lease that holds; "none" without the job. */
  updateJob(
    name: string,
    { state, step, answer }: { state?: string; step?: number; answer?: string | null },
    at: number,
    holder: number | null,
    release: boolean,
  ): "done" | "lost" | "none" {
    const job = this.jobs.get(name);
    if (holder !== null && job?.holder !== holder) return "lost";
    if (job === undefined) return "none";
    if (state !== undefined) job.state = state;
    if (step !== undefined) job.step = step;
    if (answer !== undefined) job.answer = answer;
    job.changedAt = at;
    if (holder === null ? state !== undefined : release) Object.assign(job, { holder: null, leaseUntil: 0 });
    return "done";
  }

  renewLease(name: string, holder: number, until: number): boolean {
    const job = this.jobs.get(name);
    if (job?.holder !== holder) return false;
    job.leaseUntil = until;
    return true;
  }

  countOpenJobs(kind: string, times: readonly [number, number] | null, batch: string | null): number {
    return this.#open(
      (job) =>
        job.kind === kind &&
        (times === null || (job.times !== null && job.times[0] < times[1] && job.times[1] > times[0])) &&
        (batch === null || job.batch === batch),
    ).length;
  }

  jobStates(): string[] {
    const states = [...this.jobs.values()].map(({ kind, state }) => `${kind} ${state}`);
    return [...new Set(states)].sort().map((state) => `${state} ${states.filter((other) => other === state).length}`);
  }

  forgetJobs(before: number): number {
    const gone = [...this.jobs].filter(
      ([, { kind, state, changedAt }]) =>
        ENDED.includes(state) &&
        changedAt < before &&
        (kind === "aggregate" || kind === "verify" || (kind === "collect" && state === "deleted")),
    );
    for (const [name] of gone) this.jobs.delete(name);
    return gone.length;
  }

  #open(isMeant: (job: Job) => boolean): [string, Job][] {
    return [...this.jobs].filter(([, job]) => !ENDED.includes(job.state) && isMeant(job));
  }

  // Batches.

  /** False where the job has added to the bucket before. */
  insertPartial(partial: Partial): boolean {
    if (this.partials.some(({ bucket, job }) => bucket === partial.bucket && job === partial.job)) return false;
    this.partials.push(partial);
    return true;
  }

  partialsIn([from, to]: readonly [number, number]): Partial[] {
    return this.partials
      .filter(({ bucket }) => bucket >= from && bucket < to)
      .sort((a, b) => a.bucket - b.bucket || (a.job < b.job ? -1 : 1));
  }

  removePartials([from, to]: readonly [number, number]): void {
    this.partials = this.partials.filter(({ bucket }) => bucket < from || bucket >= to);
  }

  buckets(): { bucket: number; count: number; jobs: number }[] {
    const open = this.partials.filter(({ bucket }) => !this.isCollected([bucket, bucket + 1]));
    return [...new Set(open.map(({ bucket }) => bucket))]
      .sort((a, b) => a - b)
      .map((bucket) => {
        const own = open.filter((partial) => partial.bucket === bucket);
        return { bucket, count: own.reduce((sum, { count }) => sum + count, 0), jobs: own.length };
      });
  }

  /** False where a part of the range was collected before. */
  insertCollected(range: readonly [number, number]): boolean {
    if (this.isCollected(range)) return false;
    this.collected.push([...range]);
    return true;
  }

  isCollected([from, to]: readonly [number, number]): boolean {
    return this.collected.some(([start, end]) => start < to && end > from);
  }

  addCounter(name: string, n: number): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + n);
  }
}
