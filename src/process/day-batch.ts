// A batch of a day's run: carries it on until it ends, whatever the stores do meanwhile, and says how it ended. What
// goes wrong with one batch stays with that batch.

import { rmSync } from "node:fs";
import { join } from "node:path";
import type { ServerRole } from "../batch/batch.js";
import { TooManyLeftOut } from "../batch/tally.js";
import { Failure } from "../files/failure.js";
import { PrioError } from "../index.js";
import { ReplayRecordError } from "../replays/record.js";
import { Disagreement } from "./agreement.js";
import type { BatchContext, DaySettings, RunContext } from "./batch-context.js";
import { type Outcome, runBatch } from "./batch-run.js";
import type { BatchEntry } from "./config.js";
import type { Stage } from "./events.js";
import { EXCHANGES, type Exchange } from "./layout.js";
import { writeNotice } from "./notice.js";
import { PeerLacksBatch } from "./peer-result.js";
import { OtherParts } from "./pinned-parts.js";
import { TooFewReports } from "./stage-run.js";
import type { BatchStanding, Standings } from "./standings.js";
import { NotCome } from "./waiting.js";

/** Failures with which a batch is over: whatever this side does, the other need not wait for it. */
const FINAL = [Disagreement, OtherParts, TooManyLeftOut, TooFewReports];

/** What a batch needs of its day. */
export interface DayServices extends DaySettings, Pick<BatchContext, "app" | "day" | "waiting" | "sharesReady"> {
  readonly standings: Standings;
}

export class DayBatch {
  readonly #context: BatchContext;
  readonly #services: DayServices;
  readonly #passed: ReadonlyMap<Exchange, Deferred<boolean>>;
  #stage: Stage = "raw";

  constructor(run: RunContext, services: DayServices, batch: BatchEntry) {
    const { config, keys } = run;
    const { date, app, day, waiting, sharesReady, onEvent } = services;
    this.#services = services;
    this.#passed = new Map(EXCHANGES.map((exchange) => [exchange, new Deferred<boolean>()]));
    this.#context = {
      ...run,
      ...{ batch, date, app, day, waiting, sharesReady },
      role: roleOf(run, batch, keys),
      about: { app: config.app, date, batchId: batch.batchId },
      work: join(config.work, config.app, date, batch.folder),
      tell: (event) => onEvent({ date, batch: batch.batchId, ...event }),
      stand: ({ stage, waitingFor }) => {
        this.#stage = stage;
        this.#stand({ state: waitingFor === undefined ? "working" : "waiting", waitingFor });
      },
      progress: (rows) => services.onProgress(date, this.#standing(), rows),
    };
    this.#stand({ state: "waiting", waitingFor: "its turn" });
  }

  /** True when the batch is through an exchange, or is given up; false when a later run will carry it on. */
  passed(exchange: Exchange): Promise<boolean> {
    return (this.#passed.get(exchange) as Deferred<boolean>).promise;
  }

  /** Carries the batch on until it ends. Throws the signal's reason when the whole run must end. */
  async run(): Promise<void> {
    const { signal, tell } = this.#context;
    try {
      const outcome = await this.#untilStoresAnswer();
      this.#end(standingOf(outcome));
      this.#tellEnd(outcome);
      if (outcome.state === "published") this.#clean();
    } catch (error) {
      signal.throwIfAborted();
      const { message, hint } = failureOf(error);
      const isOpen = error instanceof NotCome;
      this.#end({
        state: isOpen ? "waiting" : "failed",
        reason: message,
        hint,
        ...(isOpen && { waitingFor: message }),
      });
      tell({
        level: isOpen ? "warn" : "error",
        event: "batch-ended",
        stage: this.#stage,
        message: hint === undefined ? message : `${message} (${hint})`,
        fields: { state: isOpen ? "waiting" : "failed" },
      });
      if (FINAL.some((kind) => error instanceof kind)) await this.#notify();
    }
  }

  /** A store that does not answer is tried until the deadline: everything goes on from where it was. */
  async #untilStoresAnswer(): Promise<Outcome> {
    const { waiting, tell } = this.#context;
    try {
      return await waiting.untilStoresAnswer(
        () => runBatch(this.#context, (exchange) => this.#passed.get(exchange)?.resolve(true)),
        (message) => tell({ level: "warn", event: "store-trouble", message }),
      );
    } catch (error) {
      if (error instanceof PeerLacksBatch) return { state: "missing", where: "there" };
      throw error;
    }
  }

  #tellEnd(outcome: Outcome): void {
    const { tell } = this.#context;
    if (outcome.state === "published") return;
    const message =
      outcome.state === "empty" ? "neither server has shares of it" : `there are no shares of it ${outcome.where}`;
    const level = outcome.state === "empty" ? "info" : "warn";
    tell({ level, event: "batch-ended", stage: this.#stage, message, fields: { state: outcome.state } });
  }

  #end(standing: Partial<BatchStanding> & Pick<BatchStanding, "state">): void {
    this.#stand(standing);
    // A batch that waits is not given up: those who wait for a stage's `_SUCCESS` wait for it, too.
    for (const passed of this.#passed.values()) passed.resolve(standing.state !== "waiting");
  }

  #stand(standing: Partial<BatchStanding> & Pick<BatchStanding, "state">): void {
    const { date, standings, onProgress } = this.#services;
    standings.set(this.#context.batch.batchId, { stage: this.#stage, ...standing });
    onProgress(date, this.#standing(), undefined);
  }

  #standing(): BatchStanding {
    return this.#services.standings.of(this.#context.batch.batchId);
  }

  async #notify(): Promise<void> {
    try {
      await writeNotice(this.#context, this.#context.batch.folder, this.#stage);
    } catch {
      // The other server waits until its deadline.
    }
  }

  /** Removes what was under way: the stores have it. */
  #clean(): void {
    const { config, work } = this.#context;
    if (config.keepWork > 0) return;
    try {
      rmSync(work, { recursive: true, force: true });
    } catch {
      // A later run removes what is old.
    }
  }
}

function roleOf({ config }: RunContext, batch: BatchEntry, keys: RunContext["keys"]): ServerRole {
  const { server, publicKeyInternal, publicKeyExternal, prgKey, queryPoints } = config;
  const [publicKeyA, publicKeyB] =
    server === "A" ? [publicKeyInternal, publicKeyExternal] : [publicKeyExternal, publicKeyInternal];
  const { batchId, count, precision } = batch;
  return {
    batch: { batchId, count, precision, publicKeyA, publicKeyB, prgKey },
    serverId: server,
    queryPoints,
    ...keys,
  };
}

function standingOf(outcome: Outcome): Partial<BatchStanding> & Pick<BatchStanding, "state"> {
  if (outcome.state !== "published") {
    return { state: outcome.state, ...(outcome.state === "missing" && { reason: `no shares ${outcome.where}` }) };
  }
  const { rows, leftOut, reports } = outcome.result ?? {};
  return { state: "published", rows, leftOut, reports };
}

/** Any error as a failure of the batch. A fault of ours is thrown again. */
function failureOf(error: unknown): Pick<Failure, "message" | "hint"> {
  if (error instanceof Failure) return error;
  if (error instanceof PrioError || error instanceof ReplayRecordError)
    return { message: error.message, hint: undefined };
  throw error;
}

/** A promise that is resolved from outside, once. */
class Deferred<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => undefined;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
