// How reports came in the last half hour, for the page's chart: a number for each task, looked at again and again.

import type { Store } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";
import { arrivedOf } from "./counters.js";

/** Looks that are kept. */
const KEPT = 360;

export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  /** How many reports had come so far, for each task by its id. */
  readonly arrived: Readonly<Record<string, number>>;
}

export class History {
  #samples: readonly Sample[] = [];

  /** The samples after a time, the earliest first. */
  since(at: number): Sample[] {
    return this.#samples.filter((sample) => sample.at > at);
  }

  /** Looks, once a second at most. */
  async look(store: Store, tasks: readonly AggregatorTask[], at: number): Promise<void> {
    if (at <= (this.#samples.at(-1)?.at ?? 0)) return;
    const arrived = await store.run("sample counters", async (tx) => {
      const found: [string, number][] = [];
      for (const { key, idText, role } of tasks) found.push([idText, arrivedOf(role, await tx.counters(key))]);
      return Object.fromEntries(found);
    });
    this.#samples = [...this.#samples, { at, arrived }].slice(-KEPT);
  }
}
