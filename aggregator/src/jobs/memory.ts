// What a driver keeps in memory of the leader's jobs between two of their steps, to save work: what reports are on their
// way. It can be made again from what is stored.

import type { Context } from "../context.js";
import { keyOf } from "../protocol/bytes.js";
import type { Turn } from "../protocol/leader/turns.js";
import type { JobName } from "../store/store.js";

/** A request on its way, and what waits for its answer. */
export interface OnTheWay {
  readonly request: Uint8Array;
  readonly turns: readonly Turn[];
}

/** Reports that are kept at most, of all jobs. */
const MOST = 10_000;

class Memory {
  readonly #jobs = new Map<string, OnTheWay>();
  #reports = 0;

  keep(job: JobName, what: OnTheWay): void {
    this.take(job);
    this.#jobs.set(nameOf(job), what);
    this.#reports += what.turns.length;
    for (const [oldest, { turns }] of this.#jobs) {
      if (this.#reports <= MOST) return;
      this.#jobs.delete(oldest);
      this.#reports -= turns.length;
    }
  }

  /** Takes it out: the states in it are used once. */
  take(job: JobName): OnTheWay | undefined {
    const what = this.#jobs.get(nameOf(job));
    if (what === undefined) return undefined;
    this.#jobs.delete(nameOf(job));
    this.#reports -= what.turns.length;
    return what;
  }
}

const nameOf = ({ task, id }: JobName): string => `${task} ${keyOf(id)}`;

const memories = new WeakMap<object, Memory>();

/** The memory of a process, of which there is one for each context. */
export function memoryOf(ctx: Context): Memory {
  let memory = memories.get(ctx);
  if (memory === undefined) {
    memory = new Memory();
    memories.set(ctx, memory);
  }
  return memory;
}
