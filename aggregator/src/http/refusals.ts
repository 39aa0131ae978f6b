// How refusals reach whoever asked: every error of a route, of the framework and of the HTTP parser is a problem
// document. What an unexpected error says stays in the log.

import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Context } from "../context.js";
import { Problem, type ProblemName } from "../problem.js";
import { endsConnection } from "./body.js";
import { METHODS, resourceAt } from "./resources.js";

const MEDIA_TYPE = "application/problem+json";

/** Refusals that are logged at once, and from then on in a second. */
const BURST = 100;
const LINES_A_SECOND = 10;

/** What the framework refuses by itself, by its status. */
const BY_STATUS: Readonly<Record<number, readonly [ProblemName, string]>> = {
  400: ["invalidMessage", "the request is not well-formed"],
  404: ["notFound", "the path cannot be read"],
  413: ["tooLarge", "the body is too large"],
  414: ["notFound", "the path is too long"],
  415: ["unsupportedMediaType", "the media type cannot be read"],
  503: ["unavailable", "the server is shutting down"],
};

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === "number" && typeof code === "string" && code.startsWith("FST_")) {
    const [type, detail] = BY_STATUS[statusCode] ?? (statusCode < 500 ? BY_STATUS[400] : undefined) ?? [];
    if (type !== undefined && detail !== undefined)
      return new Problem(type, detail, statusCode === 503 ? { retryAfter: 5 } : {});
  }
  return new Problem("internal", "the server made a mistake, and its log has more", { cause: error });
}

export class Refusals {
  readonly #ctx: Context;
  /** Lines that may be written now; a flood of bad requests makes no flood of lines. */
  #lines = BURST;
  #since = 0;

  constructor(ctx: Context) {
    this.#ctx = ctx;
  }

  /** Answers with a problem document. */
  send(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const problem = problemOf(error);
    const taskId = problem.taskId ?? request.task?.idText;
    // The id says nothing about who sent the request, nor how many others did.
    const id = problem.type === "internal" ? randomBytes(6).toString("hex") : undefined;
    this.#log(problem, request, taskId, id);
    reply.code(problem.status).header("content-type", MEDIA_TYPE).header("cache-control", "no-store");
    if (problem.type === "unauthorized") reply.header("www-authenticate", "Bearer");
    if (problem.retryAfter !== undefined) reply.header("retry-after", String(problem.retryAfter));
    if (endsConnection(request.raw)) reply.header("connection", "close");
    // As bytes, or the framework adds a charset, which JSON does not have.
    return reply.send(
      Buffer.from(JSON.stringify({ ...problem.document(taskId), ...(id === undefined ? {} : { request: id }) })),
    );
  }

  /** Answers where there is no route: OPTIONS, a resource without the method, or no resource. */
  noRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const name = resourceAt(request.url);
    if (name === undefined)
      return this.send(new Problem("notFound", "there is no resource at this path"), request, reply);
    reply.header("allow", METHODS[name].join(", "));
    if (request.method === "OPTIONS") return reply.code(204).send();
    const problem = new Problem("methodNotAllowed", `the resource has ${METHODS[name].join(", ")}`);
    return this.send(problem, request, reply);
  }

  #log(problem: Problem, request: FastifyRequest, task: string | undefined, id: string | undefined): void {
    const isOurs = problem.status >= 500 && problem.type !== "unavailable";
    // Clients' refusals are counted. Those of a peer or a collector, and our own failures, are for the operator to see.
    const isOfParty =
      problem.status === 401 || (request.task != null && request.routeOptions.url !== "/tasks/:task/reports");
    if (!isOurs && !(isOfParty && this.#mayLog())) return;
    const line = {
      route: request.routeOptions.url,
      status: problem.status,
      problem: problem.type,
      reason: problem.detail,
      request: id,
      task,
    };
    if (isOurs) this.#ctx.log.error({ ...line, err: problem.cause }, "request failed");
    else this.#ctx.log.warn(line, "request refused");
  }

  #mayLog(): boolean {
    const now = this.#ctx.clock();
    this.#lines = Math.min(BURST, this.#lines + Math.max(0, now - this.#since) * LINES_A_SECOND);
    this.#since = now;
    if (this.#lines < 1) return false;
    this.#lines--;
    return true;
  }
}

/** Answers what is no HTTP. Nothing is known of such a request but its connection. */
export function refuseConnection(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const [line, problem] =
    error.code === "ERR_HTTP_REQUEST_TIMEOUT"
      ? (["408 Request Timeout", new Problem("timeout", "the request did not arrive in time")] as const)
      : error.code === "HPE_HEADER_OVERFLOW"
        ? (["431 Request Header Fields Too Large", new Problem("invalidMessage", "the headers are too large")] as const)
        : (["400 Bad Request", new Problem("invalidMessage", "the request is not HTTP/1.1")] as const);
  const body = JSON.stringify({ ...problem.document(), status: Number(line.slice(0, 3)) });
  const fields = [`Content-Type: ${MEDIA_TYPE}`, `Content-Length: ${body.length}`, "Connection: close"];
  socket.end([`HTTP/1.1 ${line}`, ...fields, "", body].join("\r\n"));
}

/** The framework's errors before there is a route. */
export function handleRefusals(app: FastifyInstance, refusals: Refusals): void {
  app.setErrorHandler((error, request, reply) => refusals.send(error, request, reply));
  app.setNotFoundHandler((request, reply) => refusals.noRoute(request, reply));
}
