// What an aggregator keeps, as one interface. Two implementations agree on every operation, and one suite of tests
// holds them to it: SQLite, a file, and PostgreSQL, for several processes. Jobs and pages know nothing below this file.
//
// Identifiers are bytes. Times of reports are whole numbers of their task's time precision, as in the protocol; times
// of the aggregator itself ("at", "until", "notBefore") are seconds since 1970. Both are safe integers.

/** What this aggregator is for a task. */
export type Role = "leader" | "helper";

/** Whether a task takes part: a paused one answers nothing that makes new work, an ended one is read only. */
export type TaskState = "active" | "paused" | "ended";

/** A task as it is stored. The store never looks into its texts. */
export interface TaskRow {
  /** The number by which the other tables name the task. */
  readonly key: number;
  /** 32 bytes. */
  readonly id: Uint8Array;
  readonly role: Role;
  /** JSON: what both operators know. */
  readonly document: string;
  /** JSON: what only this operator needs, without secrets. */
  readonly settings: string;
  /** Sealed under the key of this deployment. */
  readonly secrets: Uint8Array;
  readonly state: TaskState;
  readonly createdAt: number;
}

/** A key that clients seal input shares to. */
export interface HpkeKeyRow {
  /** 0 to 255. */
  readonly id: number;
  /** Pending keys are not announced yet, expired ones are no longer announced but still open what comes. */
  readonly state: "pending" | "active" | "expired";
  /** The private key, sealed under the key of this deployment. */
  readonly sealed: Uint8Array;
  readonly createdAt: number;
  /** When it got its state. */
  readonly changedAt: number;
}

/** A report that waits at the leader. */
export interface WaitingReport {
  /** 16 bytes. */
  readonly id: Uint8Array;
  readonly time: number;
  /** The encoded Report. */
  readonly content: Uint8Array;
}

/** A report's name in the replay record. */
export interface ReplayKey {
  readonly id: Uint8Array;
  readonly time: number;
}

/** What waits of a task. */
export interface Waiting {
  readonly task: number;
  /** Reports in no job, counted up to a limit. */
  readonly reports: number;
  /** When the first of those that were counted came. */
  readonly since: number;
}

/** Times of reports: from ≤ time < to. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Names of batch buckets, from ≤ bucket < to in the order of bytes. A bucket of a time interval is its start in 8
 * bytes, big-endian; a batch that the leader selects is its id of 32 bytes.
 */
export interface BucketRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/**
 * What is done by steps, each of them a transaction: at the leader aggregation jobs ("aggregate") and collection jobs
 * ("collect"), at the helper aggregation jobs ("verify") and aggregate shares ("share").
 */
export type JobKind = "aggregate" | "collect" | "verify" | "share";

export interface NewJob {
  readonly task: number;
  /** 16 bytes, unique with the task and the kind. */
  readonly id: Uint8Array;
  readonly kind: JobKind;
  /** A word of the kind; jobs that ended have one of {@link ENDED}. */
  readonly state: string;
  /** The step of the protocol. */
  readonly step: number;
  /** SHA-256 of the last request that was accepted or sent. */
  readonly requestHash: Uint8Array | null;
  /** What is needed to make a message again. */
  readonly request: Uint8Array | null;
  /** The last answer, byte for byte. */
  readonly answer: Uint8Array | null;
  /** The job's own small things, JSON. */
  readonly detail: string;
  /** The times of the reports in it, or of a collection's interval; null where there is none. */
  readonly times: TimeRange | null;
  /** The batch that the leader selected, 32 bytes. */
  readonly batch: Uint8Array | null;
  /** It is not taken before. */
  readonly notBefore: number;
}

export interface JobRow extends NewJob {
  /** How often a step failed since the last one that did not. */
  readonly attempts: number;
  /** What the last failed step said, without secrets and addresses. */
  readonly problem: string | null;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** A job without its messages, which may have megabytes. */
export type JobSummary = Omit<JobRow, "request" | "answer">;

/** What names a job. */
export type JobName = Pick<JobRow, "task" | "kind" | "id">;

/** What changes in a job. */
export type JobChange = Partial<Omit<JobRow, "task" | "kind" | "id" | "createdAt" | "changedAt">>;

/** A job that this worker may change until the lease ends. */
export interface LeasedJob extends JobRow {
  readonly lease: Lease;
}

/** Who holds a job. */
export interface Lease {
  readonly task: number;
  readonly kind: JobKind;
  readonly id: Uint8Array;
  /** 16 random bytes. */
  readonly token: Uint8Array;
}

/** The states of jobs that ended: nobody takes them again. */
export const ENDED: readonly string[] = ["done", "abandoned", "failed", "deleted"];

/** What a job added to one batch bucket. */
export interface PartialAggregate {
  readonly bucket: Uint8Array;
  /** At least 1: a job that counts no report of a bucket adds nothing to it. */
  readonly count: number;
  /** 32 bytes. */
  readonly checksum: Uint8Array;
  /** The encoded aggregate share. */
  readonly share: Uint8Array;
  /** The smallest and the largest time of its reports. */
  readonly minTime: number;
  readonly maxTime: number;
}

/** A partial aggregate as it is stored. */
export interface StoredPartial extends PartialAggregate {
  /** The job that added it, 16 bytes. */
  readonly job: Uint8Array;
}

/** A part of what there is to read. */
export interface Page<T> {
  readonly limit: number;
  /** What the page before ended with. */
  readonly after?: T | undefined;
}

/** A batch that the leader selects, and fills. */
export interface OpenBatch {
  /** 32 bytes. */
  readonly id: Uint8Array;
  /** Reports in its jobs, those that were refused taken away. */
  readonly assigned: number;
  readonly createdAt: number;
}

/** A bucket with what is in it, for people. */
export interface BucketSummary {
  readonly bucket: Uint8Array;
  readonly count: number;
  readonly jobs: number;
  readonly minTime: number;
  readonly maxTime: number;
}

/** A result that a collector gave back for people to see. */
export interface ResultRow {
  readonly task: number;
  /** The collection's name, unique in the task. */
  readonly name: string;
  /** JSON. */
  readonly result: string;
  readonly at: number;
}

/** A line of the record of what operators did. */
export interface AuditRow {
  readonly at: number;
  readonly what: string;
  readonly task: number | null;
}

/**
 * The operations of a transaction. None of them can be used after its end.
 *
 * An operation sees what this transaction did, and what others committed before the operation began. What it read may
 * change until the end of the transaction, but for what is held: a task by `lockTask`, a job by `lockJob` or a lease,
 * open batches by `openBatches`, and claimed reports. Take locks before you read what they protect.
 */
export interface Transaction {
  // Tasks and keys.
  /** The new task's key, or null if there is a task of this id. */
  insertTask(task: Omit<TaskRow, "key">): Promise<number | null>;
  tasks(): Promise<TaskRow[]>;
  updateTask(task: number, change: { state?: TaskState; settings?: string; secrets?: Uint8Array }): Promise<void>;
  /**
   * Holds the task until the end of the transaction: "shared" for whoever adds reports to its batches, "exclusive" for
   * whoever closes a batch.
   */
  lockTask(task: number, mode: "shared" | "exclusive"): Promise<void>;
  /** False if the id is taken. */
  insertHpkeKey(key: HpkeKeyRow): Promise<boolean>;
  hpkeKeys(): Promise<HpkeKeyRow[]>;
  updateHpkeKey(id: number, state: HpkeKeyRow["state"], at: number): Promise<void>;
  removeHpkeKey(id: number): Promise<void>;

  // Reports that wait at the leader.
  /** Adds what is not waiting already, and returns how many it added. */
  insertReports(reports: readonly (WaitingReport & { readonly task: number })[], at: number): Promise<number>;
  /** Of each task with reports in no job; of each, the `limit` reports of the earliest times are looked at. */
  waiting(limit: number): Promise<Waiting[]>;
  /** Reports in no job, in the range where there is one, counted up to `limit` where there is one. */
  countWaiting(task: number, range?: TimeRange, limit?: number): Promise<number>;
  /**
   * Gives up to `limit` reports to a job, the earliest times first, and of one time those that came first: clients
   * choose their ids, and none may wait longer for them. Skips those that another transaction takes.
   */
  claimReports(task: number, job: Uint8Array, limit: number, range?: TimeRange): Promise<ReplayKey[]>;
  /** The reports of a job, by time and then by id. */
  reportsOf(task: number, job: Uint8Array): Promise<WaitingReport[]>;
  /** Removes reports of a job: those named, or all. */
  removeReports(task: number, job: Uint8Array, ids?: readonly Uint8Array[]): Promise<void>;
  /** Gives reports of a job to another one. */
  moveReports(task: number, from: Uint8Array, to: Uint8Array, ids: readonly Uint8Array[]): Promise<void>;

  // The replay record.
  /**
   * Adds those whose ids are not there, whatever their times, and returns the ids of those that were. An id that comes
   * twice is there the second time. Of transactions that add the same id at once, one adds it. What has a time before
   * anything that `removeReplayKeys` was ever given for the task counts as there: its key may have been removed.
   */
  insertReplayKeys(task: number, keys: readonly ReplayKey[]): Promise<Uint8Array[]>;
  /**
   * Removes keys of reports with a time before this one, at most `limit`, and returns how many. From then on, no key
   * with such a time is added.
   */
  removeReplayKeys(task: number, before: number, limit: number): Promise<number>;

  // Jobs.
  /** False if the task has a job of this kind and id. */
  insertJob(job: NewJob, at: number): Promise<boolean>;
  job(task: number, kind: JobKind, id: Uint8Array): Promise<JobRow | null>;
  /** Takes jobs that nobody holds, that did not end, and whose time has come, the longest due first. */
  acquireJobs(kinds: readonly JobKind[], limit: number, at: number, until: number): Promise<LeasedJob[]>;
  /** Prolongs a lease. False if it was lost. */
  renewLease(lease: Lease, until: number): Promise<boolean>;
  /**
   * Writes what changed, and gives the job back if `release` is true. Throws {@link LeaseLost} if another took it. From
   * then on the job is held until the end of the transaction: a worker begins with it, so that it never meets what
   * another has done. Without a lease, for requests that the peer or the collector sends, the caller holds the job by
   * `lockJob`; if it changes the state, a worker that has a lease loses it.
   */
  updateJob(
    job: JobName,
    change: JobChange,
    at: number,
    holder?: { readonly lease: Lease; readonly release: boolean },
  ): Promise<void>;
  /** Reads a job and holds it until the end of the transaction. */
  lockJob(task: number, kind: JobKind, id: Uint8Array): Promise<JobRow | null>;
  /** Jobs that did not end, touch the range of times or the batch, and are in the state. */
  countOpenJobs(
    task: number,
    kind: JobKind,
    where: { readonly times?: TimeRange; readonly batch?: Uint8Array; readonly state?: string },
  ): Promise<number>;
  /** Jobs of a kind, the newest first. */
  jobs(task: number, kind: JobKind, limit: number): Promise<JobSummary[]>;
  /** How many jobs of each kind are in each state. */
  jobStates(task: number): Promise<{ kind: JobKind; state: string; count: number }[]>;
  /**
   * Removes aggregation jobs that ended before this time and collection jobs that were deleted, at most `limit`, and
   * returns how many. Other collection jobs and aggregate shares stay.
   */
  forgetJobs(task: number, before: number, limit: number): Promise<number>;

  // Batches.
  /** Throws if the job added to one of these buckets before. */
  insertPartials(task: number, job: Uint8Array, partials: readonly PartialAggregate[]): Promise<void>;
  /**
   * By bucket and then by job. A batch of many jobs is read in pages of up to `limit`, each after the last partial of
   * the page before.
   */
  partials(task: number, range: BucketRange, page?: Page<StoredPartial>): Promise<StoredPartial[]>;
  removePartials(task: number, range: BucketRange): Promise<void>;
  /** Reports in the partials of a range. */
  countAggregated(task: number, range: BucketRange): Promise<number>;
  /** Of those that were not collected, the earliest first. */
  buckets(task: number, limit: number): Promise<BucketSummary[]>;
  /**
   * Writes down that the buckets of a range are collected, for as long as the task lives. The caller holds the task
   * exclusively. Throws if one of them was collected before.
   */
  insertCollected(task: number, range: BucketRange, at: number): Promise<void>;
  /** Those of the buckets that were collected. */
  collectedAmong(task: number, buckets: readonly Uint8Array[]): Promise<Uint8Array[]>;
  /** Whether any bucket of a range was collected. */
  isCollected(task: number, range: BucketRange): Promise<boolean>;
  insertBatch(task: number, batch: Uint8Array, at: number): Promise<void>;
  /** The batches that were inserted and not removed, the oldest first; held until the end of the transaction. */
  openBatches(task: number): Promise<OpenBatch[]>;
  /** Takes reports away where the number is negative. */
  addToBatch(task: number, batch: Uint8Array, reports: number): Promise<void>;
  removeBatch(task: number, batch: Uint8Array): Promise<void>;

  // For people.
  /** Adds to counters, such as "uploaded" or "refused:report_replayed". */
  addCounters(counters: readonly { readonly task: number; readonly name: string; readonly n: number }[]): Promise<void>;
  counters(task: number): Promise<{ name: string; n: number }[]>;
  putResult(result: ResultRow): Promise<void>;
  results(task: number, limit: number): Promise<ResultRow[]>;
  insertAudit(row: AuditRow): Promise<void>;
  audit(limit: number): Promise<AuditRow[]>;
}

/** Where an aggregator keeps what it must not lose. */
export interface Store {
  /**
   * Carries out a transaction: all of it or nothing, and on disk when the promise resolves. Where the database says
   * that transactions conflict, `body` is called again, so that it must change nothing else. It waits for nothing but
   * the operations of its transaction, and begins no other. `name` stands in errors and metrics.
   */
  run<T>(name: string, body: (tx: Transaction) => Promise<T>): Promise<T>;
  /**
   * Gives back to the system some of the space that removed rows leave, a bounded amount a call, so that the cleaner
   * calls it each round. Returns whether there is more to give back.
   */
  compact(): Promise<boolean>;
  /** Waits for transactions that run, and closes. */
  close(): Promise<void>;
}

/** Another worker has taken the job: whatever this one did since is not written. */
export class LeaseLost extends Error {
  override readonly name = "LeaseLost";
  constructor() {
    super("the lease of a job was lost");
  }
}
