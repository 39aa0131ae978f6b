// What the resources call: the operations of the leader and of the helper, which know no HTTP.

import type { Context } from "../context.js";
import type { Answer } from "../protocol/answer.js";
import type { UploadedReport } from "../protocol/leader/upload.js";
import type { AggregatorTask } from "../tasks/task.js";

/** An operation on the body of a request; `id` is what a dialect's peer chose as the resource's id, 16 bytes. */
export type Create = (ctx: Context, task: AggregatorTask, body: Uint8Array, id?: Uint8Array) => Promise<Answer>;
type Read = (ctx: Context, task: AggregatorTask, id: Uint8Array) => Promise<Answer>;
type Delete = (ctx: Context, task: AggregatorTask, id: Uint8Array) => Promise<void>;

export interface Operations {
  /** For each report a code of ReportError if it is refused at once, or null. */
  uploadRefusals(ctx: Context, task: AggregatorTask, reports: readonly UploadedReport[]): Promise<(number | null)[]>;
  readonly createCollectionJob: Create;
  readonly readCollectionJob: Read;
  readonly deleteCollectionJob: Delete;
  readonly createAggregationJob: Create;
  continueAggregationJob(ctx: Context, task: AggregatorTask, id: Uint8Array, body: Uint8Array): Promise<Answer>;
  readAggregationJob(ctx: Context, task: AggregatorTask, id: Uint8Array, step: number | undefined): Promise<Answer>;
  readonly deleteAggregationJob: Delete;
  readonly createAggregateShare: Create;
  readonly readAggregateShare: Read;
  readonly deleteAggregateShare: Delete;
}
