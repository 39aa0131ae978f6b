// What passes between the threads of a run. All of it is plain data.

import type { Chunk } from "../files/chunks.js";
import type { Admitted, ReplayKeys } from "../index.js";
import type { Batch, ServerRole, ServerStage } from "./batch.js";
import type { GeneratingTask } from "./generated-rows.js";
import type { BothMessages, Refusal } from "./rows.js";

/** What a thread works on. */
export type Task = EncodingTask | ServerTask | GeneratingTask;

/** The client's side of a batch. */
export interface EncodingTask {
  readonly stage: "encode-shares";
  readonly batch: Batch;
}

/** A stage of a server. */
export interface ServerTask extends ServerRole {
  readonly stage: ServerStage;
  /** Whether the rows have both servers' messages. */
  readonly joined?: boolean;
  /** Whether each part of the input has a total of its own. */
  readonly perPart?: boolean;
}

/** Rows of one part of the input. The chunks of all parts are numbered through. */
export interface PartChunk extends Chunk {
  /** The number of the part, from 0. */
  readonly part: number;
}

/** A row whose packet opened. */
export interface OpenedRow {
  readonly id: string;
  /** What the admission asks of the report. */
  readonly replayKeys: ReplayKeys;
  /** Both servers' messages, where they come with the rows. */
  readonly messages?: BothMessages;
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
