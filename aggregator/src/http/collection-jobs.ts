// {leader}/tasks/{task-id}/collection_jobs: the collector asks for a batch (DAP-18, sections 4.6.1 and 4.6.3).

import type { FastifyInstance } from "fastify";
import type { Context } from "../context.js";
import { addCreation } from "./creation.js";
import type { JobBodies } from "./job-bodies.js";
import { collectionLimit } from "./limits.js";
import type { Operations } from "./operations.js";
import { PATHS } from "./resources.js";
import { admit, idOf, sendAnswer, taskOf } from "./task-requests.js";

export function collectionJobsResource(
  app: FastifyInstance,
  ctx: Context,
  operations: Operations,
  bodies: JobBodies,
): void {
  const collector = { role: "leader", party: "collector" } as const;
  const reads = { onRequest: admit(ctx, { ...collector, body: null }) };

  addCreation(app, ctx, bodies, {
    ...{ all: "collectionJobs", one: "collectionJob", ...collector },
    ...{ message: "CollectionJobReq", limit: collectionLimit, noSuchId: "notFound" },
    create: operations.createCollectionJob,
  });

  app.get(PATHS.collectionJob, reads, async (request, reply) => {
    const task = taskOf(request);
    return sendAnswer(reply, task, await operations.readCollectionJob(ctx, task, idOf(request, "notFound")));
  });

  app.delete(PATHS.collectionJob, reads, async (request, reply) => {
    await operations.deleteCollectionJob(ctx, taskOf(request), idOf(request, "notFound"));
    return reply.code(204).send();
  });
}
