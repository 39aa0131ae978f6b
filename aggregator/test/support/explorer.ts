// A pair that meets everything at once: two workers a side, processes that die between two transactions or in one,
// requests and answers that are lost, late, repeated and out of order, clocks that jump and differ, pauses, uploads
// that come twice, and a collector that asks at any time. One seed is one schedule. Each report has a bucket of a
// histogram of its own, so that a result says which reports are in it; at the end, all that the two say is compared.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReportError } from "prio/dap";
import { Driver } from "../../src/jobs/driver.js";
import { expire } from "../../src/jobs/expire.js";
import { type PeerRequest, type PeerResponse, PeerUnavailable } from "../../src/jobs/peer.js";
import { Problem } from "../../src/problem.js";
import {
  createCollectionJob,
  deleteCollectionJob,
  readCollectionJob,
} from "../../src/protocol/leader/collection-jobs.js";
import { openStore } from "../../src/store/open.js";
import { type LeasedJob, LeaseLost, type Role, type Store } from "../../src/store/store.js";
import { type Asked, judge, type Made, type Verdict } from "./explorer-verdict.js";
import { Pair, respond, responseOf } from "./pair.js";
import { Dead, type Life, Turns } from "./turns.js";

const ROLES = ["leader", "helper"] as const;
const REPORTS = 24;
const BUCKETS = 6;
const MIN_BATCH_SIZE = 2;
const PRECISION = 60;

/** A request that left, and what came of it. */
interface Letter {
  readonly request: PeerRequest;
  isDelivered: boolean;
  answer: PeerResponse | null;
  /** Ends the leader's wait. */
  waiter: { readonly life: Life; readonly end: (outcome: PeerResponse | Error) => void } | null;
}

/** What an exploration came to. */
export interface Explored extends Verdict {
  readonly crashes: number;
  /** What happened, a line a thing. */
  readonly trace: readonly string[];
}

export async function explore(seed: number, turns = 400): Promise<Explored> {
  const folder = mkdtempSync(join(tmpdir(), "explorer-"));
  try {
    const explorer = await Explorer.make(seed, folder);
    try {
      await explorer.misbehave(turns);
      await explorer.calmDown();
      return await explorer.end();
    } finally {
      await explorer.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Explorer {
  readonly #pair: Pair;
  readonly #urls: Readonly<Record<Role, string>>;
  readonly #stores: Record<Role, Store>;
  readonly #turns = new Turns();
  readonly #lives: Record<Role, Life> = { leader: { isOver: false }, helper: { isOver: false } };
  readonly #skew: Record<Role, number> = { leader: 0, helper: 0 };
  readonly #isPaused: Record<Role, boolean> = { leader: false, helper: false };
  readonly #letters: Letter[] = [];
  readonly #reports: Made[] = [];
  /** Reports that were uploaded, and of these the ones whose upload was answered. */
  readonly #sent = new Set<number>();
  readonly #taken = new Set<number>();
  /** The collector's requests, answered or not. */
  readonly #queries = new Map<string, Uint8Array>();
  readonly #asked: Asked[] = [];
  readonly #errors: string[] = [];
  readonly #trace: string[] = [];
  #isCalm = false;
  #crashes = 0;
  #state: number;

  private constructor(pair: Pair, seed: number, urls: Record<Role, string>) {
    this.#pair = pair;
    this.#urls = urls;
    this.#state = (Math.imul(seed, 2_654_435_761) ^ 0x9e37_79b9) >>> 0;
    this.#stores = { leader: pair.leader.ctx.store, helper: pair.helper.ctx.store };
    for (const role of ROLES) this.#start(role, this.#stores[role]);
    pair.peer = { send: (_task, request) => this.#send(request) };
    const first = Number(pair.time) - BUCKETS;
    for (let i = 0; i < REPORTS; i++) {
      // Some are of the future for one whose clock is late.
      const time = BigInt(first + (i % 5 === 4 ? BUCKETS : i % BUCKETS));
      const isGood = i % 8 !== 7;
      const measurement =
        pair.dap.vdaf.type === "Prio1" ? Array.from({ length: REPORTS }, (_, j) => Number(i === j)) : i;
      const report = pair.report(measurement, { time });
      const bad = { ...report, helperEncryptedInputShare: { ...report.helperEncryptedInputShare, configId: 77 } };
      this.#reports.push({ content: isGood ? report : bad, isGood });
    }
  }

  static async make(seed: number, folder: string): Promise<Explorer> {
    const urls = { leader: `sqlite:${join(folder, "leader")}`, helper: `sqlite:${join(folder, "helper")}` };
    const pair = await Pair.make({
      vdaf:
        seed % 3 === 0
          ? { type: "Prio1", fields: REPORTS }
          : { type: "Prio3Histogram", length: REPORTS, chunkLength: 5 },
      batchMode: seed % 4 < 2 ? "time-interval" : "leader-selected",
      helperMode: seed % 8 < 4 ? "sync" : "async",
      minBatchSize: MIN_BATCH_SIZE,
      timePrecision: PRECISION,
      limits: { maxJobReports: 1 + (seed % 5) },
      stores: urls,
    });
    return new Explorer(pair, seed, urls);
  }

  async close(): Promise<void> {
    for (const role of ROLES) await this.#stores[role].close();
  }

  // What is random.

  #below(n: number): number {
    // xorshift32
    let x = this.#state || 1;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % n;
  }

  #oneIn(n: number): boolean {
    return !this.#isCalm && this.#below(n) === 0;
  }

  // Processes.

  #start(role: Role, real: Store): void {
    const life: Life = { isOver: false };
    this.#lives[role] = life;
    this.#stores[role] = real;
    const store: Store = {
      run: async (name, body) => {
        await this.#turns.cut(life);
        const result = await real.run(name, async (tx) => {
          const made = await body(tx);
          if (this.#oneIn(150)) life.isOver = true;
          if (life.isOver) throw new Dead("it died in a transaction");
          return made;
        });
        await this.#turns.cut(life);
        return result;
      },
      compact: () => real.compact(),
      close: () => real.close(),
    };
    const side = this.#pair[role];
    side.ctx = { ...side.ctx, store, clock: () => this.#pair.now + this.#skew[role] };
  }

  async #crash(role: Role): Promise<void> {
    this.#trace.push(`${role} dies`);
    this.#crashes++;
    await this.#turns.end(this.#lives[role]);
    for (const letter of this.#letters) {
      if (letter.waiter?.life === this.#lives[role]) this.#endWait(letter, new Dead("it died"));
    }
    await this.#turns.settle();
    await this.#stores[role].close();
    this.#start(role, await openStore(this.#urls[role]));
  }

  /** Those that died in a transaction start anew. */
  async #restart(): Promise<void> {
    for (const role of ROLES) if (this.#lives[role].isOver) await this.#crash(role);
  }

  // The network.

  #send(request: PeerRequest): Promise<PeerResponse> {
    const life = this.#lives.leader;
    if (life.isOver) return Promise.reject(new Dead("it is dead"));
    const letter: Letter = { request, isDelivered: false, answer: null, waiter: null };
    this.#letters.push(letter);
    return new Promise((resolve, reject) => {
      letter.waiter = { life, end: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)) };
      this.#turns.leave();
    });
  }

  #endWait(letter: Letter, outcome: PeerResponse | Error): void {
    const { waiter } = letter;
    letter.waiter = null;
    if (waiter === null) return;
    this.#turns.enter();
    waiter.end(outcome);
  }

  /** The helper gets a request, perhaps again. */
  #deliver(letter: Letter): Promise<void> {
    letter.isDelivered = true;
    const { request } = letter;
    this.#trace.push(`helper gets ${request.method} ${request.path}`);
    return this.#turns.begin(async () => {
      if (this.#isPaused.helper && request.body !== undefined) {
        letter.answer = respond(503);
        return;
      }
      const base = `https://helper.test/tasks/${this.#pair.dap.idText}`;
      const life = this.#lives.helper;
      let hasDied = false;
      const answer = await responseOf(async () => {
        try {
          return await this.#pair.serve(request);
        } catch (error) {
          if (error instanceof Dead) hasDied = true;
          else if (!(error instanceof Problem)) this.#errors.push(`helper: ${String((error as Error).stack)}`);
          throw error;
        }
      }, base);
      if (!hasDied && !life.isOver) letter.answer = answer;
    });
  }

  // What the parties do.

  /** Something that a process does on its own. Whatever is wrong with it is written down. */
  #doing(what: string, role: Role, body: () => Promise<unknown>): Promise<void> {
    const life = this.#lives[role];
    return this.#turns.begin(async () => {
      try {
        await body();
      } catch (error) {
        if (life.isOver || error instanceof LeaseLost) return;
        if (error instanceof Problem && error.status < 500) return;
        this.#errors.push(`${what}: ${String((error as Error).stack)}`);
      }
    });
  }

  #drive(role: Role): Promise<void> {
    const driver = new Driver(this.#pair[role].ctx, this.#pair.peer);
    return this.#doing("driver", role, async () => {
      if (role === "leader") await driver.create();
      for (const job of await driver.acquire(1)) {
        this.#trace.push(`${role} carries on ${nameOf(job)} at ${this.#pair.now}`);
        await driver.step(job, new AbortController().signal);
        const after = await this.#stores[role].run("trace", (tx) => tx.job(1, job.kind, job.id));
        this.#trace.push(`${role} has carried on ${nameOf(job)}: ${after?.state} ${after?.problem ?? ""}`);
      }
    });
  }

  #upload(): Promise<void> {
    const at = this.#below(REPORTS);
    this.#trace.push(`upload ${at}`);
    return this.#doing("upload", "leader", async () => {
      this.#sent.add(at);
      const [error] = await this.#pair.upload((this.#reports[at] as Made).content);
      if (error === null) this.#taken.add(at);
      else if (error !== ReportError.reportTooEarly) throw new Error(`an upload is refused: ${error}`);
    });
  }

  #ask(body: Uint8Array): Promise<void> {
    const { ctx, task } = this.#pair.leader;
    this.#queries.set(Buffer.from(body).toString("hex"), body);
    return this.#doing("collector", "leader", async () => {
      const { location = "" } = await createCollectionJob(ctx, task, body);
      this.#trace.push(`collector asks: ${location}`);
      const id = Buffer.from(location.split("/").at(-1) ?? "", "base64url");
      const known = this.#asked.find((one) => id.equals(one.id));
      if (known === undefined) this.#asked.push({ body, id, isDeleted: false });
      else known.isDeleted = false;
    });
  }

  #query(): Uint8Array {
    if (this.#pair.dap.batchMode === "leader-selected") return this.#pair.query();
    const from = this.#below(BUCKETS + 1);
    const duration = 1 + this.#below(BUCKETS + 1 - from);
    return this.#pair.query({
      start: (this.#reports[0]?.content.reportMetadata.time as bigint) + BigInt(from),
      duration: BigInt(duration),
    });
  }

  #collector(): Promise<void> {
    const { ctx, task } = this.#pair.leader;
    const one = this.#asked[this.#below(this.#asked.length || 1)];
    if (one === undefined || this.#below(3) === 0) return this.#ask(this.#query());
    if (this.#below(12) === 0) {
      this.#trace.push("collector deletes");
      return this.#doing("collector", "leader", async () => {
        one.isDeleted = true;
        await deleteCollectionJob(ctx, task, one.id);
      });
    }
    return this.#doing("collector", "leader", () => readCollectionJob(ctx, task, one.id));
  }

  #pause(): void {
    const role = ROLES[this.#below(2)] as Role;
    this.#isPaused[role] = !this.#isPaused[role];
    this.#trace.push(`${role} is ${this.#isPaused[role] ? "paused" : "resumed"}`);
    const side = this.#pair[role];
    side.task = { ...side.task, state: this.#isPaused[role] ? "paused" : "active" };
  }

  #jump(): void {
    const kind = this.#below(10);
    const by = kind < 6 ? 1 + this.#below(5) : kind < 8 ? 121 + this.#below(600) : kind < 9 ? -this.#below(300) : 3600;
    this.#pair.now += by;
    if (this.#below(4) === 0) this.#skew[ROLES[this.#below(2)] as Role] = this.#below(600) - 500;
  }

  async end(): Promise<Explored> {
    const verdict = await judge({
      ...{ pair: this.#pair, stores: this.#stores, reports: this.#reports, asked: this.#asked },
      ...{ sent: this.#sent, taken: this.#taken, minBatchSize: MIN_BATCH_SIZE },
    });
    return { ...verdict, faults: [...this.#errors, ...verdict.faults], crashes: this.#crashes, trace: this.#trace };
  }

  /** One thing after another, at random. */
  async misbehave(turns: number): Promise<void> {
    for (let i = 0; i < turns; i++) {
      const kind = this.#below(100);
      if (kind < 45 && this.#turns.waiting > 0) await this.#turns.goOn(this.#below(this.#turns.waiting));
      else if (kind < 58) await this.#post();
      else if (kind < 70) await this.#drive("leader");
      else if (kind < 76) await this.#drive("helper");
      else if (kind < 84) await this.#upload();
      else if (kind < 89) await this.#collector();
      else if (kind < 94) this.#jump();
      else if (kind < 95) this.#pause();
      else if (kind < 96) await this.#doing("cleaner", "leader", () => expire(this.#pair.leader.ctx));
      else if (kind < 98) await this.#crash(ROLES[this.#below(2)] as Role);
      else await this.#repeat();
      await this.#restart();
    }
  }

  /** A letter goes on: the request arrives, or the answer, or the leader has waited for too long. */
  async #post(): Promise<void> {
    const open = this.#letters.filter(({ waiter, isDelivered }) => waiter !== null || !isDelivered);
    const letter = open[this.#below(open.length || 1)];
    if (letter === undefined) return;
    const { answer } = letter;
    const isLost = this.#oneIn(6);
    if (isLost && letter.waiter !== null)
      this.#endWait(letter, new PeerUnavailable("waiting for the helper: ETIMEDOUT"));
    else if (!letter.isDelivered) await this.#deliver(letter);
    else if (answer !== null) this.#endWait(letter, this.#oneIn(12) ? respond(500) : answer);
    else if (this.#isCalm) this.#endWait(letter, new PeerUnavailable("waiting for the helper: ECONNRESET"));
    await this.#turns.settle();
  }

  /** Something in between sends an old request again. */
  async #repeat(): Promise<void> {
    const letter = this.#letters[this.#below(this.#letters.length || 1)];
    if (letter === undefined) return;
    await this.#deliver({ ...letter, waiter: null });
  }

  /** No more faults. What is on its way arrives; then everything has time to come to its end. */
  async calmDown(): Promise<void> {
    this.#isCalm = true;
    this.#trace.push("calm");
    for (const role of ROLES) {
      if (this.#isPaused[role]) {
        this.#isPaused[role] = false;
        this.#pair[role].task = { ...this.#pair[role].task, state: "active" };
      }
      this.#skew[role] = 0;
    }
    await this.#quiet();
    // Answers were lost: the collector asks again.
    for (const body of [...this.#queries.values()]) await this.#ask(body);
    await this.#quiet();
    await this.#pass(7200);
    // Those that nobody uploaded until now, and what is left to collect.
    if (this.#pair.dap.batchMode === "time-interval") {
      const first = this.#reports[0]?.content.reportMetadata.time as bigint;
      for (let i = 0; i <= BUCKETS; i++) await this.#ask(this.#pair.query({ start: first + BigInt(i), duration: 1n }));
    } else {
      for (let i = 0; i < REPORTS; i++) {
        await this.#ask(this.#pair.query());
        await this.#quiet();
        await this.#pass(60);
        for (const { id } of this.#asked) {
          await this.#doing("collector", "leader", () =>
            readCollectionJob(this.#pair.leader.ctx, this.#pair.leader.task, id),
          );
        }
        await this.#quiet();
      }
    }
    await this.#quiet();
    await this.#pass(3600);
  }

  /** Everything that waits has its turn. */
  async #quiet(): Promise<void> {
    for (let i = 0; ; i++) {
      if (i > 10_000) throw new Error("it does not come to an end");
      if (this.#turns.waiting > 0) await this.#turns.goOn(0);
      else if (this.#letters.some(({ waiter, isDelivered }) => waiter !== null || !isDelivered)) await this.#post();
      else return;
    }
  }

  /** Time goes on, and so do the drivers. */
  async #pass(seconds: number): Promise<void> {
    for (const end = this.#pair.now + seconds; this.#pair.now < end; this.#pair.now += 60) {
      for (let left = 8; left > 0; left--) {
        const before = this.#trace.length;
        for (const role of ROLES) {
          await this.#drive(role);
          await this.#quiet();
        }
        if (this.#trace.length === before) break;
      }
    }
  }
}

const nameOf = ({ kind, id, state }: LeasedJob): string =>
  `${kind} ${Buffer.from(id).toString("hex").slice(0, 8)} ${state}`;
