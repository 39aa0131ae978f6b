// Where messages come in and go out: those of tasks that speak a dialect are translated here, so that every operation
// and every job knows the draft alone.

import { PrioError, parseMediaType } from "prio/dap";
import * as janus from "../dialects/janus-0.9.js";
import type { Operations } from "../http/operations.js";
import type { Peer, PeerRequest, PeerResponse } from "../jobs/peer.js";
import type { Answer } from "../protocol/answer.js";
import { textOf } from "../protocol/bytes.js";
import { Contradiction } from "../protocol/leader/turns.js";
import { wellFormed } from "../protocol/well-formed.js";
import type { AggregatorTask } from "../tasks/task.js";

const { isJanus } = janus;

/** The operations for requests in the dialects of their tasks. */
export function inDialects(operations: Operations): Operations {
  const { createAggregationJob, continueAggregationJob, readAggregationJob } = operations;
  const inJanus = (answer: Answer): Answer =>
    answer.body === null ? answer : { ...answer, body: janus.encodeResp(answer.body) };
  return {
    ...operations,
    async createAggregationJob(ctx, task, body, id) {
      if (!isJanus(task)) return createAggregationJob(ctx, task, body, id);
      const request = wellFormed(() => janus.decodeInitReq(body));
      return inJanus(await createAggregationJob(ctx, task, request, id));
    },
    async continueAggregationJob(ctx, task, id, body) {
      if (!isJanus(task)) return continueAggregationJob(ctx, task, id, body);
      const request = wellFormed(() => janus.decodeContinueReq(body));
      return inJanus(await continueAggregationJob(ctx, task, id, request));
    },
    async readAggregationJob(ctx, task, id, step) {
      const answer = await readAggregationJob(ctx, task, id, step);
      return isJanus(task) ? inJanus(answer) : answer;
    },
  };
}

/** The helper, asked in the dialects of its tasks. Its `send` throws `Contradiction` for an answer in no dialect. */
export function peerInDialects(peer: Peer): Peer {
  return {
    async send(task, request, signal) {
      if (!isJanus(task)) return peer.send(task, request, signal);
      const sent = requestInJanus(task, request);
      const response = await peer.send(task, sent, signal);
      // The leader has named what is made, and the helper does not repeat it.
      return fromJanus({ ...response, location: sent.method === "PUT" ? sent.path : response.location });
    },
  };
}

function requestInJanus(task: AggregatorTask, request: PeerRequest): PeerRequest {
  const { method, path, body } = request;
  if (method !== "POST" || body === undefined) return request;
  if (path === "/aggregation_jobs" || path === "/aggregate_shares") {
    const resource = path === "/aggregation_jobs" ? "aggregation_jobs" : "aggregate_shares";
    const id = textOf(janus.resourceId(resource, task.id, body));
    const isInit = resource === "aggregation_jobs";
    return { ...request, method: "PUT", path: `${path}/${id}`, body: isInit ? janus.encodeInitReq(body) : body };
  }
  return path.startsWith("/aggregation_jobs/") ? { ...request, body: janus.encodeContinueReq(body) } : request;
}

function fromJanus(response: PeerResponse): PeerResponse {
  const { contentType, body } = response;
  if (parseMediaType(contentType)?.message !== "AggregationJobResp" || body.length === 0) return response;
  try {
    return { ...response, body: janus.decodeResp(body) };
  } catch (error) {
    if (error instanceof PrioError) throw new Contradiction("the answer is malformed");
    throw error;
  }
}
