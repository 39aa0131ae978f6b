// The helper's aggregation jobs, read and deleted by the leader (DAP-18, sections 4.5.3.2 and 4.5.5).

import type { Context } from "../../context.js";
import type { AggregatorTask } from "../../tasks/task.js";
import type { Answer } from "../answer.js";
import { nowOf } from "../now.js";
import { current, stepMismatch, unrecognized } from "./job-answers.js";
import { statesOf } from "./states.js";

/** GET of a job. `step` is the one that the leader waits for; it may be missing where the job is at its first. */
export async function readAggregationJob(
  ctx: Context,
  task: AggregatorTask,
  id: Uint8Array,
  step?: number,
): Promise<Answer> {
  const job = await ctx.store.run("find aggregation job", (tx) => tx.job(task.key, "verify", id));
  if (job === null) throw unrecognized();
  if (step !== undefined && step !== job.step) throw stepMismatch(job.step, step);
  return current(job);
}

/** DELETE of a job: its contents go, and its row and the replay record stay. */
export async function deleteAggregationJob(ctx: Context, task: AggregatorTask, id: Uint8Array): Promise<void> {
  await ctx.store.run("delete aggregation job", async (tx) => {
    const job = await tx.lockJob(task.key, "verify", id);
    if (job === null) throw unrecognized();
    // What is done is counted, and the same request must find it: it stays until it is old.
    if (job.state === "done" || job.state === "deleted") return;
    await tx.updateJob(job, { state: "deleted", request: null, answer: null }, nowOf(ctx));
  });
  statesOf(ctx).take(task.key, id);
}
