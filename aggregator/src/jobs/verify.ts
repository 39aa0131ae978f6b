// The jobs of an asynchronous helper, and those of any helper that no leader continued.

import { Problem } from "../problem.js";
import { continueStored } from "../protocol/helper/continue-aggregation-job.js";
import { verifyStored } from "../protocol/helper/create-aggregation-job.js";
import { nowOf } from "../protocol/now.js";
import type { Step } from "./aggregate.js";

/** Carries out what a job's stored request asks for. */
export async function stepVerify({ ctx, task, job }: Omit<Step, "peer">): Promise<void> {
  try {
    if (job.state === "created") return await verifyStored(ctx, task, job);
    if (job.state === "continued") return await continueStored(ctx, task, job);
    // "waiting" for longer than a leader that goes on with it.
    await abandon("the leader has not continued the job");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    await abandon(error.detail);
  }

  async function abandon(problem: string): Promise<void> {
    ctx.log.warn({ task: task.idText, reason: problem }, "aggregation job abandoned");
    await ctx.store.run("abandon aggregation job", (tx) =>
      tx.updateJob(job, { state: "abandoned", request: null, answer: null, problem }, nowOf(ctx), {
        ...{ lease: job.lease, release: true },
      }),
    );
  }
}
