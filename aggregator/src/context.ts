// What every part of a process is handed: where things are kept, which tasks and keys there are, and what comes from
// outside, time and randomness among it. Tests hand in their own.

import type { HpkeConfig, HpkeKeyPair } from "prio/dap";
import type { Logger } from "./log.js";
import type { Metrics } from "./metrics.js";
import type { Store } from "./store/store.js";
import type { AggregatorTask } from "./tasks/task.js";

/** The tasks that the process knows now; a TaskRegistry. */
export interface Tasks {
  /** The task of an id in unpadded base64url. */
  byId(idText: string): AggregatorTask | undefined;
  all(): readonly AggregatorTask[];
  refresh(): Promise<void>;
}

/** The keys that clients seal to; an HpkeKeys. */
export interface Keys {
  /** In decreasing order of preference. */
  announced(): readonly HpkeConfig[];
  /** The key pair of an id, whether it is announced or not. */
  pair(id: number): HpkeKeyPair | undefined;
  refresh(): Promise<void>;
  /** Reads the keys again, unless it was called with the same time before; then it waits for that reading. */
  refreshOnceAt(time: number): Promise<void>;
}

export interface Context {
  readonly store: Store;
  readonly tasks: Tasks;
  readonly keys: Keys;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** As many bytes of the system's generator. */
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Logger;
  readonly metrics: Metrics;
}
