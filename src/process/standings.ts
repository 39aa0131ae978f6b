// Where every batch of a day stands, as this run knows it. It is written into the private store now and then, for
// `prio status`; nothing is decided by it.

import type { Clock } from "./clock.js";

/** What became of a batch, or what it does. */
export const STATES = ["working", "waiting", "published", "empty", "missing", "failed"] as const;

export type State = (typeof STATES)[number];

/** Where a batch stands. */
export interface BatchStanding {
  readonly batch: string;
  readonly state: State;
  /** The stage that it is at. */
  readonly stage: string;
  /** What it waits for. */
  readonly waitingFor?: string | undefined;
  /** Since when, ISO 8601. */
  readonly since: string;
  readonly rows?: number | undefined;
  readonly leftOut?: number | undefined;
  readonly reports?: number | undefined;
  /** Why it ended. */
  readonly reason?: string | undefined;
  readonly hint?: string | undefined;
}

/** A day as a run writes it down. */
export interface DayStanding {
  readonly date: string;
  readonly updated: string;
  /** Whether the run has ended. */
  readonly hasEnded: boolean;
  readonly batches: readonly BatchStanding[];
}

/** Keeps where batches stand, and writes it when something has changed. */
export class Standings {
  readonly #date: string;
  readonly #clock: Clock;
  readonly #write: (text: string) => Promise<void>;
  readonly #batches = new Map<string, BatchStanding>();
  #hasChanged = true;

  constructor(date: string, clock: Clock, write: (text: string) => Promise<void>) {
    this.#date = date;
    this.#clock = clock;
    this.#write = write;
  }

  /** Changes what is known of a batch. A new state, stage or thing to wait for begins now. */
  set(batch: string, change: Partial<BatchStanding> & Pick<BatchStanding, "state" | "stage">): void {
    const before = this.#batches.get(batch);
    const isSame =
      before?.state === change.state && before.stage === change.stage && before.waitingFor === change.waitingFor;
    const since = isSame ? before.since : this.#clock.date().toISOString();
    const { rows, leftOut, reports } = before ?? {};
    this.#batches.set(batch, { batch, rows, leftOut, reports, ...change, since });
    this.#hasChanged = true;
  }

  of(batch: string): BatchStanding {
    return this.#batches.get(batch) as BatchStanding;
  }

  get batches(): readonly BatchStanding[] {
    return [...this.#batches.values()];
  }

  /** Writes it every few seconds, when something has changed, until the signal; and once more at the end. */
  async keepWriting(interval: number, end: AbortSignal): Promise<void> {
    while (!end.aborted) {
      await this.write(false);
      await this.#clock.sleep(interval, end).catch(() => undefined);
    }
    await this.write(true);
  }

  async write(hasEnded: boolean): Promise<void> {
    if (!this.#hasChanged && !hasEnded) return;
    this.#hasChanged = false;
    const updated = this.#clock.date().toISOString();
    const day: DayStanding = { date: this.#date, updated, hasEnded, batches: this.batches };
    try {
      await this.#write(`${JSON.stringify(day)}\n`);
    } catch {
      // It is for people alone; what matters is told elsewhere.
      this.#hasChanged = true;
    }
  }
}
