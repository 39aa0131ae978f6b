// What a driver keeps in memory of the leader's jobs between two of their steps, to save work: what reports are on their
// way. It can be made again from what is stored.

import type { Context } from "../context.js";
import { keyOf } from "../protocol/bytes.js";
import type { Turn } from "../protocol/leader/turns.js";
import type { JobName } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";

/** A request on its way, and what waits for its answer. */
export interface OnTheWay {
  readonly request: Uint8Array;
  readonly turns: readonly Turn[];
}

/** Bytes of reports that are kept at most, of all jobs, as far as the largest report of a task tells. */
const MOST = 128 << 20;

class Memory {
  readonly #jobs = new Map<string, { readonly what: OnTheWay; readonly bytes: number }>();
  #bytes = 0;

  /** Drops what the oldest jobs have if there is too much. */
  keep(job: JobName, what: OnTheWay, { limits }: Pick<AggregatorTask, "limits">): void {
    this.take(job);
    const bytes = what.turns.length * limits.maxReportBytes;
    this.#jobs.set(nameOf(job), { what, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#jobs) {
      if (this.#bytes <= MOST) return;
      this.#jobs.delete(oldest);
      this.#bytes -= freed;
    }
  }

  /** Takes it out: the states in it are used once. */
  take(job: JobName): OnTheWay | undefined {
    const kept = this.#jobs.get(nameOf(job));
    if (kept === undefined) return undefined;
    this.#jobs.delete(nameOf(job));
    this.#bytes -= kept.bytes;
    return kept.what;
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
