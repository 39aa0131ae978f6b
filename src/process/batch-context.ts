// What the work on a batch needs: the run's settings, stores and services, and which batch of which day it is.

import type { ServerRole } from "../batch/batch.js";
import type { Clock } from "./clock.js";
import type { BatchEntry, ProcessConfig } from "./config.js";
import type { OnEvent, ProcessEvent, Stage } from "./events.js";
import type { AppLayout, DayLayout } from "./layout.js";
import type { Permits } from "./permits.js";
import type { Context, Sealer } from "./seal.js";
import type { SideStores } from "./side-stores.js";
import type { BatchStanding } from "./standings.js";
import type { Waiting } from "./waiting.js";

/** What all batches of a run share. */
export interface RunContext {
  readonly config: ProcessConfig;
  readonly keys: { readonly privateKeys: readonly string[]; readonly secret: string };
  readonly stores: SideStores;
  readonly clock: Clock;
  readonly permits: Permits;
  readonly sealer: Sealer;
  readonly signal: AbortSignal;
  /** The version of the package. */
  readonly version: string;
  /** The time that published totals get, for tests and reproducible runs; by default, now. */
  readonly publishedAt: Date | undefined;
}

/** What a day's run needs besides the run's context. */
export interface DaySettings {
  readonly date: string;
  /** By the context's clock. */
  readonly deadline: number;
  readonly onEvent: OnEvent;
  /** Called when a batch stands elsewhere, or has done more rows. */
  readonly onProgress: (date: string, standing: BatchStanding, rows: number | undefined) => void;
}

/** A batch of a day. */
export interface BatchContext extends RunContext {
  readonly batch: BatchEntry;
  readonly date: string;
  readonly app: AppLayout;
  readonly day: DayLayout;
  readonly waiting: Waiting;
  /** Fulfilled when the ingestion says that the day's shares are complete. */
  readonly sharesReady: () => Promise<void>;
  readonly role: ServerRole;
  /** What manifests and seals are about. */
  readonly about: Context;
  /** A directory of the batch in the work directory. */
  readonly work: string;
  readonly tell: (event: Omit<ProcessEvent, "date" | "batch">) => void;
  /** Says where the batch stands, for `prio status` and the progress of a person. */
  readonly stand: (standing: Standing) => void;
  /** Called with the rows that a stage has done. */
  readonly progress: (rows: number) => void;
}

/** What a batch does at the moment. */
export interface Standing {
  readonly stage: Stage;
  /** What it waits for, or undefined when it works. */
  readonly waitingFor?: string | undefined;
}
