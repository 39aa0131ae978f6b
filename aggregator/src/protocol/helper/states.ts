// What a helper keeps in memory between two requests of a job: the states of its reports. They are only a way to save
// work: they can be made again from the stored request.

import type { Continued } from "prio/prio3";
import type { Context } from "../../context.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { keyOf } from "../bytes.js";
import type { Verdict } from "./verify.js";

/** Bytes of reports whose states are kept at most, of all jobs, as far as the largest report of a task tells. */
const MOST = 128 << 20;

/** A report that goes on. */
export interface GoingOn {
  readonly time: number;
  readonly state: Continued;
}

/** Those of a job, by their ids. */
export type States = Map<string, GoingOn>;

/** The states of the reports that go on. */
export function goingOn(verdicts: readonly Verdict[]): States {
  const states: States = new Map();
  for (const { id, time, outcome } of verdicts) {
    if (outcome.status === "continued") states.set(keyOf(id), { time, state: outcome });
  }
  return states;
}

export class HelperStates {
  readonly #jobs = new Map<string, { readonly states: States; readonly bytes: number }>();
  #bytes = 0;

  /** Keeps the states of a job, and drops those of the oldest jobs if there are too many. */
  keep({ key, limits }: Pick<AggregatorTask, "key" | "limits">, job: Uint8Array, states: States): void {
    if (states.size === 0) return;
    this.take(key, job);
    const bytes = states.size * limits.maxReportBytes;
    this.#jobs.set(`${key} ${keyOf(job)}`, { states, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#jobs) {
      if (this.#bytes <= MOST) return;
      this.#jobs.delete(oldest);
      this.#bytes -= freed;
    }
  }

  /** The states of a job, which are used once. */
  take(task: number, job: Uint8Array): States | undefined {
    const name = `${task} ${keyOf(job)}`;
    const kept = this.#jobs.get(name);
    if (kept === undefined) return undefined;
    this.#jobs.delete(name);
    this.#bytes -= kept.bytes;
    return kept.states;
  }
}

const memories = new WeakMap<object, HelperStates>();

/** The memory of a process, of which there is one for each context. */
export function statesOf(ctx: Context): HelperStates {
  let memory = memories.get(ctx);
  if (memory === undefined) {
    memory = new HelperStates();
    memories.set(ctx, memory);
  }
  return memory;
}
