// What passes between the threads of a run: plain data.

import type { Batch, ServerRole, ServerStage } from "./batch.js";
import type { Refusal } from "./rows.js";

/** What a thread needs to know of a run. */
export type Assignment = { readonly stage: "encode-shares"; readonly batch: Batch } | ServerAssignment;

/** What a thread needs to know of a server's run. */
export interface ServerAssignment extends ServerRole {
  readonly stage: ServerStage;
  readonly fingerprintKey: Uint8Array;
}

/** A row that opened: what the run's record asks of it. */
export interface OpenedRow {
  readonly id: string;
  readonly idPrint: readonly [number, number];
  readonly packetPrint: readonly [number, number];
}

/** What is to be done with a row that opened. */
export interface Order {
  /** The query point in stream mode; those of the other modes are made where they are used. */
  readonly point?: bigint;
  /** The servers' messages in base64, A's first, for verify2 and aggregate. */
  readonly messages?: readonly [string, string];
}

/** A chunk's output: text for each file, and what became of each row. */
export interface Finished {
  readonly texts: readonly string[];
  readonly outcomes: readonly (Refusal | null)[];
}

export type Ordered = { readonly id: string; readonly order: Order } | Refusal;
