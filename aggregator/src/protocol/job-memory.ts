// What a process keeps in memory of its jobs between two of their steps: the states of reports in the middle of their
// verification. It saves work only: all of it can be made again from what is stored. So the oldest goes when there is
// too much.

import type { Context } from "../context.js";
import type { AggregatorTask } from "../tasks/task.js";
import { keyOf } from "./bytes.js";

/** Bytes that are kept at most, of all jobs. */
const MOST = 128 << 20;

/** `T` is what is kept of a job. */
export class JobMemory<T> {
  readonly #jobs = new Map<string, { readonly what: T; readonly bytes: number }>();
  #bytes = 0;

  /** A memory for each process, which a context stands for. */
  static ofContexts<T>(): (ctx: Context) => JobMemory<T> {
    const memories = new WeakMap<Context, JobMemory<T>>();
    return (ctx) => {
      const memory = memories.get(ctx) ?? new JobMemory<T>();
      memories.set(ctx, memory);
      return memory;
    };
  }

  /** Keeps what there is of so many reports of a job: each counts as the largest that the task takes. */
  keep({ key, limits }: Pick<AggregatorTask, "key" | "limits">, job: Uint8Array, what: T, reports: number): void {
    this.take(key, job);
    const bytes = reports * limits.maxReportBytes;
    this.#jobs.set(nameOf(key, job), { what, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#jobs) {
      if (this.#bytes <= MOST) return;
      this.#jobs.delete(oldest);
      this.#bytes -= freed;
    }
  }

  /** Takes it out: a state of a report can be used once. */
  take(task: number, job: Uint8Array): T | undefined {
    const name = nameOf(task, job);
    const kept = this.#jobs.get(name);
    if (kept === undefined) return undefined;
    this.#jobs.delete(name);
    this.#bytes -= kept.bytes;
    return kept.what;
  }
}

const nameOf = (task: number, job: Uint8Array): string => `${task} ${keyOf(job)}`;
