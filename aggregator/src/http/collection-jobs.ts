// {leader}/tasks/{task-id}/collection_jobs: the collector asks for a batch (DAP-18, sections 4.6.1 and 4.6.3).

import type { FastifyInstance } from "fastify";
import type { Context } from "../context.js";
import type { JobBodies } from "./job-bodies.js";
import { collectionLimit } from "./limits.js";
import type { Operations } from "./operations.js";
import { PATHS } from "./resources.js";
import { admit, idOf, sendAnswer, taskOf, taskOfPut } from "./task-requests.js";

/** What a dialect's peers insist on. */
const CREATED = 201;

export function collectionJobsResource(
  app: FastifyInstance,
  ctx: Context,
  operations: Operations,
  bodies: JobBodies,
): void {
  const collector = { role: "leader", party: "collector" } as const;
  const reads = { onRequest: admit(ctx, { ...collector, body: null }) };

  const creates = admit(ctx, { ...collector, body: { message: "CollectionJobReq", limit: collectionLimit } });
  app.post(PATHS.collectionJobs, { onRequest: creates }, async (request, reply) => {
    const task = taskOf(request);
    const answer = await bodies.with(request, collectionLimit(), (body) =>
      operations.createCollectionJob(ctx, task, body),
    );
    return sendAnswer(reply, task, answer);
  });

  app.put(PATHS.collectionJob, { onRequest: creates }, async (request, reply) => {
    const task = taskOfPut(request, reply, "collectionJob");
    const id = idOf(request, "notFound");
    const answer = await bodies.with(request, collectionLimit(), (body) =>
      operations.createCollectionJob(ctx, task, body, id),
    );
    return sendAnswer(reply, task, answer, CREATED);
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
