// What a driver keeps in memory of the leader's jobs between two of their steps: what waits for the helper's answer.

import type { Context } from "../context.js";
import { JobMemory } from "../protocol/job-memory.js";
import type { Turn } from "../protocol/leader/turns.js";

/** A request on its way, and what waits for its answer. */
export interface OnTheWay {
  readonly request: Uint8Array;
  readonly turns: readonly Turn[];
}

/** The requests that a process keeps. */
export const memoryOf: (ctx: Context) => JobMemory<OnTheWay> = JobMemory.ofContexts<OnTheWay>();
