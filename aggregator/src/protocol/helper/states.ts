// What a helper keeps in memory between two requests of a job: the states of its reports.

import type { Continued } from "prio/prio3";
import type { Context } from "../../context.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { keyOf } from "../bytes.js";
import { JobMemory } from "../job-memory.js";
import type { Verdict } from "./verify.js";

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

/** Keeps the states of a job's reports that go on. */
export function keepStates(ctx: Context, task: AggregatorTask, job: Uint8Array, verdicts: readonly Verdict[]): void {
  const states = goingOn(verdicts);
  if (states.size > 0) statesOf(ctx).keep(task, job, states, states.size);
}

/** The states that a process keeps. */
export const statesOf: (ctx: Context) => JobMemory<States> = JobMemory.ofContexts<States>();
