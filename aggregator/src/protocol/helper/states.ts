// What a helper keeps in memory between two requests of a job: the states of its reports. They are only a way to save
// work: they can be made again from the stored request.

import type { Continued } from "prio/prio3";
import type { Context } from "../../context.js";
import { keyOf } from "../bytes.js";
import type { Verdict } from "./verify.js";

/** Reports whose states are kept at most, of all jobs. */
const MOST = 20_000;

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
  readonly #jobs = new Map<string, States>();
  #reports = 0;

  /** Keeps the states of a job, and drops those of the oldest jobs if there are too many. */
  keep(task: number, job: Uint8Array, states: States): void {
    if (states.size === 0) return;
    this.take(task, job);
    this.#jobs.set(`${task} ${keyOf(job)}`, states);
    this.#reports += states.size;
    for (const [oldest, { size }] of this.#jobs) {
      if (this.#reports <= MOST) return;
      this.#jobs.delete(oldest);
      this.#reports -= size;
    }
  }

  /** The states of a job, which are used once. */
  take(task: number, job: Uint8Array): States | undefined {
    const name = `${task} ${keyOf(job)}`;
    const states = this.#jobs.get(name);
    if (states === undefined) return undefined;
    this.#jobs.delete(name);
    this.#reports -= states.size;
    return states;
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
