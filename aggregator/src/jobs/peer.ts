// The other aggregator as the leader's jobs see it: a request goes out, and an answer comes, or it is known that none
// came. http-peer.ts sends requests over HTTP; tests hand in functions.

import type { MessageName } from "prio/dap";
import { MEDIA_TYPES, PROBLEM_MEDIA_TYPE, parseMediaType, problemName } from "prio/dap";
import type { ProblemName } from "../problem.js";
import type { AggregatorTask } from "../tasks/task.js";

export interface PeerRequest {
  readonly method: "POST" | "PUT" | "GET" | "DELETE";
  /** Behind `{helper}/tasks/{task-id}`. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: Uint8Array;
}

export interface PeerResponse {
  readonly status: number;
  readonly contentType: string | null;
  readonly location: string | null;
  /** Seconds, where there is such a field. */
  readonly retryAfter: number | null;
  readonly body: Uint8Array;
}

export interface Peer {
  /** Throws `PeerUnavailable` where no whole response came. */
  send(task: AggregatorTask, request: PeerRequest, signal: AbortSignal): Promise<PeerResponse>;
}

/** The peer did not answer, or nothing that says something about the request: the same request is sent again later. */
export class PeerUnavailable extends Error {
  override readonly name = "PeerUnavailable";
  /** Seconds to wait, where the peer said so. */
  readonly retryAfter: number | null;

  /** `message` is for the operators' page: it has no address. */
  constructor(message: string, retryAfter: number | null = null) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** The peer refuses the request itself, for good. */
export class PeerRefusal extends Error {
  override readonly name = "PeerRefusal";
  readonly problem: ProblemName;

  constructor(problem: ProblemName, detail: string) {
    super(`the helper refused: ${problem}${detail === "" ? "" : `: ${detail}`}`);
    this.problem = problem;
  }
}

/** What the helper says: the resource, or that it is not ready. */
export interface PeerAnswer {
  /** Null where it is not ready. */
  readonly body: Uint8Array | null;
  /** The id in the Location, as it stands there; null without one. */
  readonly resource: string | null;
  /** Seconds after which to ask again. */
  readonly retryAfter: number;
}

/** Seconds. */
const SOON = 1;
const LATEST = 600;
/** A resource's id in a Location: only this is used of it, so that it leads nowhere else. */
const ID = /\/(?:aggregation_jobs|aggregate_shares)\/([\w-]{1,100})(?:[?#].*)?$/;

/**
 * Sends a request and reads the answer. Throws `PeerUnavailable` for whatever an operator can mend, a wrong token or an
 * unknown task included, and `PeerRefusal` for the draft's errors about the request.
 */
export async function ask(
  peer: Peer,
  task: AggregatorTask,
  request: PeerRequest,
  expected: MessageName,
  signal: AbortSignal,
): Promise<PeerAnswer> {
  const { status, contentType, location, retryAfter, body } = await peer.send(task, request, signal);
  if (status < 200 || status > 299) throw errorOf(status, contentType, retryAfter, body);
  const resource = ID.exec(location ?? "")?.[1] ?? null;
  if (body.length === 0) {
    return { body: null, resource, retryAfter: Math.min(LATEST, Math.max(SOON, retryAfter ?? SOON)) };
  }
  // Something in between has answered, such as a page for people.
  if (parseMediaType(contentType)?.message !== expected) {
    throw new PeerUnavailable(
      `waiting for the helper: ${status} with another media type than ${MEDIA_TYPES[expected]}`,
    );
  }
  return { body, resource, retryAfter: SOON };
}

function errorOf(status: number, contentType: string | null, retryAfter: number | null, body: Uint8Array): Error {
  const { type, detail } = problemIn(contentType, body);
  const name = status >= 400 && status <= 499 ? problemName(type) : undefined;
  // A task that is not there (yet) is a matter of the operators, and not of this request.
  if (name === undefined || name === "unrecognizedTask") {
    const what = name === undefined ? "" : ` ${name}`;
    return new PeerUnavailable(`waiting for the helper: ${status}${what}`, retryAfter);
  }
  return new PeerRefusal(name, detail);
}

/** The longest text of a peer that is stored and shown. */
const MAX_DETAIL = 200;

function problemIn(contentType: string | null, body: Uint8Array): { type: unknown; detail: string } {
  const none = { type: undefined, detail: "" };
  if (contentType?.split(";", 1)[0]?.trim().toLowerCase() !== PROBLEM_MEDIA_TYPE) return none;
  try {
    const { type, detail } = JSON.parse(Buffer.from(body).toString("utf8")) as { type?: unknown; detail?: unknown };
    const text = typeof detail === "string" ? detail.replace(/[^\x20-\x7e]/g, "?").slice(0, MAX_DETAIL) : "";
    return { type, detail: text };
  } catch {
    return none;
  }
}
