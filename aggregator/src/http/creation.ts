// Resources that requests make: by POST to all of their kind, and in a dialect by PUT at an id that the asking party
// chooses.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { MessageName } from "prio/dap";
import type { Context } from "../context.js";
import { namesResources } from "../dialects/janus-0.9.js";
import { Problem } from "../problem.js";
import type { Role } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";
import type { Party } from "./authentication.js";
import type { JobBodies } from "./job-bodies.js";
import type { Create } from "./operations.js";
import { METHODS, PATHS, type ResourceName } from "./resources.js";
import { admit, idOf, sendAnswer, taskOf } from "./task-requests.js";

export interface Creation {
  /** Where they are made, and where one of them is. */
  readonly all: ResourceName;
  readonly one: ResourceName;
  /** This server's role, and who makes them. */
  readonly role: Role;
  readonly party: Party;
  readonly message: MessageName;
  /** Bytes of the message, at most. */
  readonly limit: (task: AggregatorTask) => number;
  /** The problem of an id that can be none. */
  readonly noSuchId: "notFound" | "unrecognizedAggregationJob";
  readonly create: Create;
}

/** What Janus wants to see where a PUT made something. */
const CREATED = 201;

export function addCreation(app: FastifyInstance, ctx: Context, bodies: JobBodies, creation: Creation): void {
  const { all, one, role, party, message, limit, noSuchId, create } = creation;
  const onRequest = admit(ctx, { role, party, body: { message, limit } });
  app.post(PATHS[all], { onRequest }, async (request, reply) => {
    const task = taskOf(request);
    const answer = await bodies.with(request, limit(task), (body) => create(ctx, task, body));
    return sendAnswer(reply, task, answer);
  });
  app.put(PATHS[one], { onRequest }, async (request, reply) => {
    const task = taskOfPut(request, reply, one);
    const id = idOf(request, noSuchId);
    const answer = await bodies.with(request, limit(task), (body) => create(ctx, task, body, id));
    return sendAnswer(reply, task, answer, CREATED);
  });
}

/** The task of a PUT. Throws `methodNotAllowed` unless the task speaks a dialect that has it. */
function taskOfPut(request: FastifyRequest, reply: FastifyReply, resource: ResourceName): AggregatorTask {
  const task = taskOf(request);
  if (namesResources(task)) return task;
  const methods = METHODS[resource].join(", ");
  reply.header("allow", methods);
  throw new Problem("methodNotAllowed", `the resource has ${methods}`, { taskId: task.idText });
}
