// What comes before every operation on a task: the task, this server's role in it, the party that asks, the task's
// state, the body's type, length and bytes.

import type { FastifyReply, FastifyRequest } from "fastify";
import type { MessageName } from "prio/dap";
import { MEDIA_TYPES } from "prio/dap";
import type { Context } from "../context.js";
import { Problem } from "../problem.js";
import type { Answer } from "../protocol/answer.js";
import type { Role } from "../store/store.js";
import type { AggregatorTask } from "../tasks/task.js";
import { authenticate, type Party } from "./authentication.js";
import { checkLength } from "./body.js";
import { checkMediaType } from "./media-type.js";

declare module "fastify" {
  interface FastifyRequest {
    /** The task of the path, once the request is let in. */
    task: AggregatorTask | null;
  }
}

/** What a route asks of a request. */
export interface Admission {
  readonly role: Role;
  /** Who may ask; null for everyone. */
  readonly party: Party | null;
  /** What the body must be, and how long it may be; null where there is none. */
  readonly body: { readonly message: MessageName; readonly limit: (task: AggregatorTask) => number } | null;
}

type Hook = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void;

/** Seconds after which a peer asks a paused task again. */
const PAUSED_RETRY = 300;

/** A hook that lets a request in, or refuses it with a problem before its body is read. */
export function admit({ tasks }: Context, { role, party, body }: Admission): Hook {
  const check = (request: FastifyRequest): void => {
    const { task: idText = "" } = request.params as { task?: string };
    const task = tasks.byId(idText);
    if (task === undefined) throw new Problem("unrecognizedTask", "this server has no task of this id");
    request.task = task;
    if (task.role !== role)
      throw new Problem("unrecognizedTask", `this server is the task's ${task.role}, not its ${role}`);
    if (party !== null) authenticate(request.raw, task, party);
    if (body === null) return;
    if (task.state === "paused") {
      throw new Problem("unavailable", "the task is paused by its operator", { retryAfter: PAUSED_RETRY });
    }
    if (task.state === "ended") throw new Problem("forbidden", "the task has ended, and takes nothing new");
    checkMediaType(request.headers, body.message);
    checkLength(request.raw, body.limit(task));
  };
  return (request, _reply, done) => {
    try {
      check(request);
    } catch (error) {
      done(error as Error);
      return;
    }
    done();
  };
}

/** The task of an admitted request. */
export function taskOf(request: FastifyRequest): AggregatorTask {
  if (request.task === null) throw new Error("a route without admission asks for its task");
  return request.task;
}

/** The 16 bytes of an id in a path. Throws `problem` for what is none: such a resource does not exist. */
export function idOf(request: FastifyRequest, problem: "notFound" | "unrecognizedAggregationJob"): Uint8Array {
  const { id = "" } = request.params as { id?: string };
  const bytes = Buffer.from(id, "base64url");
  if (bytes.length !== 16 || bytes.toString("base64url") !== id) {
    throw new Problem(problem, "there is no resource of this id");
  }
  return bytes;
}

/** Sends what an operation answered. */
export function sendAnswer(reply: FastifyReply, task: AggregatorTask, answer: Answer, status = 200): FastifyReply {
  reply.code(status).header("cache-control", "no-store");
  if (answer.location !== undefined) reply.header("location", locationOf(task, answer.location));
  if (answer.retryAfter !== undefined) reply.header("retry-after", String(Math.max(0, Math.ceil(answer.retryAfter))));
  if (answer.body === null) return reply.send();
  return reply.header("content-type", MEDIA_TYPES[answer.message]).send(asBuffer(answer.body));
}

/** The path of a resource as the task's other parties see it, whatever a proxy makes of it on the way. */
function locationOf(task: AggregatorTask, location: string): string {
  const base = new URL(task.role === "leader" ? task.dap.leader : task.dap.helper).pathname.replace(/\/$/, "");
  return `${base}/tasks/${task.idText}${location}`;
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
