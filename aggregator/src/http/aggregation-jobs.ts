// {helper}/tasks/{task-id}/aggregation_jobs: the leader makes, continues, reads and deletes its jobs at the helper
// (DAP-18, sections 4.5.3 to 4.5.5).

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Context } from "../context.js";
import { Problem } from "../problem.js";
import { addCreation } from "./creation.js";
import type { JobBodies } from "./job-bodies.js";
import { aggregationLimit } from "./limits.js";
import type { Operations } from "./operations.js";
import { PATHS } from "./resources.js";
import { admit, idOf, sendAnswer, taskOf } from "./task-requests.js";

/** The step that a reader asks for: the draft's leaders give it. */
function stepOf(request: FastifyRequest): number | undefined {
  const { step } = request.query as { step?: unknown };
  if (step === undefined) return undefined;
  if (typeof step !== "string" || !/^\d{1,5}$/.test(step) || Number(step) > 0xffff) {
    throw new Problem("invalidMessage", "expected a step from 0 to 65535");
  }
  return Number(step);
}

export function aggregationJobsResource(
  app: FastifyInstance,
  ctx: Context,
  operations: Operations,
  bodies: JobBodies,
): void {
  const leader = { role: "helper", party: "peer" } as const;
  const reads = { onRequest: admit(ctx, { ...leader, body: null }) };
  const idIn = (request: FastifyRequest): Uint8Array => idOf(request, "unrecognizedAggregationJob");

  addCreation(app, ctx, bodies, {
    ...{ all: "aggregationJobs", one: "aggregationJob", ...leader },
    ...{ message: "AggregationJobInitReq", limit: aggregationLimit, noSuchId: "unrecognizedAggregationJob" },
    create: operations.createAggregationJob,
  });

  const continues = admit(ctx, { ...leader, body: { message: "AggregationJobContinueReq", limit: aggregationLimit } });
  app.post(PATHS.aggregationJob, { onRequest: continues }, async (request, reply) => {
    const task = taskOf(request);
    const id = idIn(request);
    const answer = await bodies.with(request, aggregationLimit(task), (body) =>
      operations.continueAggregationJob(ctx, task, id, body),
    );
    return sendAnswer(reply, task, answer);
  });

  app.get(PATHS.aggregationJob, reads, async (request, reply) => {
    const task = taskOf(request);
    return sendAnswer(reply, task, await operations.readAggregationJob(ctx, task, idIn(request), stepOf(request)));
  });

  app.delete(PATHS.aggregationJob, reads, async (request, reply) => {
    await operations.deleteAggregationJob(ctx, taskOf(request), idIn(request));
    return reply.code(204).send();
  });
}
