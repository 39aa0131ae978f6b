// {helper}/tasks/{task-id}/aggregate_shares: the leader asks for the helper's half of a batch (DAP-18, section 4.6.4).

import type { FastifyInstance } from "fastify";
import type { Context } from "../context.js";
import { addCreation } from "./creation.js";
import type { JobBodies } from "./job-bodies.js";
import { collectionLimit } from "./limits.js";
import type { Operations } from "./operations.js";
import { PATHS } from "./resources.js";
import { admit, idOf, sendAnswer, taskOf } from "./task-requests.js";

export function aggregateSharesResource(
  app: FastifyInstance,
  ctx: Context,
  operations: Operations,
  bodies: JobBodies,
): void {
  const leader = { role: "helper", party: "peer" } as const;
  const reads = { onRequest: admit(ctx, { ...leader, body: null }) };

  addCreation(app, ctx, bodies, {
    ...{ all: "aggregateShares", one: "aggregateShare", ...leader },
    ...{ message: "AggregateShareReq", limit: collectionLimit, noSuchId: "notFound" },
    create: operations.createAggregateShare,
  });

  app.get(PATHS.aggregateShare, reads, async (request, reply) => {
    const task = taskOf(request);
    return sendAnswer(reply, task, await operations.readAggregateShare(ctx, task, idOf(request, "notFound")));
  });

  app.delete(PATHS.aggregateShare, reads, async (request, reply) => {
    await operations.deleteAggregateShare(ctx, taskOf(request), idOf(request, "notFound"));
    return reply.code(204).send();
  });
}
