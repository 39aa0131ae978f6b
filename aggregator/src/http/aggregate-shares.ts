// {helper}/tasks/{task-id}/aggregate_shares: the leader asks for the helper's half of a batch (DAP-18, section 4.6.4).

import type { FastifyInstance } from "fastify";
import type { Context } from "../context.js";
import type { JobBodies } from "./job-bodies.js";
import { collectionLimit } from "./limits.js";
import type { Operations } from "./operations.js";
import { PATHS } from "./resources.js";
import { admit, idOf, sendAnswer, taskOf, taskOfPut } from "./task-requests.js";

/** What a dialect's peers insist on. */
const CREATED = 201;

export function aggregateSharesResource(
  app: FastifyInstance,
  ctx: Context,
  operations: Operations,
  bodies: JobBodies,
): void {
  const leader = { role: "helper", party: "peer" } as const;
  const reads = { onRequest: admit(ctx, { ...leader, body: null }) };

  const creates = admit(ctx, { ...leader, body: { message: "AggregateShareReq", limit: collectionLimit } });
  app.post(PATHS.aggregateShares, { onRequest: creates }, async (request, reply) => {
    const task = taskOf(request);
    const answer = await bodies.with(request, collectionLimit(), (body) =>
      operations.createAggregateShare(ctx, task, body),
    );
    return sendAnswer(reply, task, answer);
  });

  app.put(PATHS.aggregateShare, { onRequest: creates }, async (request, reply) => {
    const task = taskOfPut(request, reply, "aggregateShare");
    const id = idOf(request, "notFound");
    const answer = await bodies.with(request, collectionLimit(), (body) =>
      operations.createAggregateShare(ctx, task, body, id),
    );
    return sendAnswer(reply, task, answer, CREATED);
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
