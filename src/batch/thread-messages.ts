// What passes between the threads of a run. All of it is plain data.

import type { Admitted, ReplayKeys } from "../index.js";
import type { Batch, ServerRole, ServerStage } from "./batch.js";
import type { Refusal } from "./rows.js";

/** What a thread works on. */
export type Task = EncodingTask | ServerTask;

/** The client's side of a batch. */
export interface EncodingTask {
  readonly stage: "encode-shares";
  readonly batch: Batch;
}

/** A stage of a server. */
export interface ServerTask extends ServerRole {
  readonly stage: ServerStage;
}

/** A row whose packet opened. */
export interface OpenedRow {
  readonly id: string;
  /** What the admission asks of the report. */
  readonly replayKeys: ReplayKeys;
}

/** To carry on with a row that opened. */
export interface Instruction {
  readonly admitted: Admitted;
  /** The servers' messages in base64, A's first, for verify2 and aggregate. */
  readonly messages?: readonly [string, string];
}

/** What was decided on a row: an instruction, or why the row is left out. */
export type Decision = Instruction | Refusal;

/** What came of a chunk. */
export interface ChunkResult {
  /** The text for each output. */
  readonly texts: readonly string[];
  /** For each row, null or why it was left out. */
  readonly outcomes: readonly (Refusal | null)[];
}
