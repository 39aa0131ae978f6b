// What the helper says of a job that it has: its answer, that it is not ready, or that the request contradicts it.

import { Problem } from "../../problem.js";
import { ENDED, type NewJob } from "../../store/store.js";
import type { Answer } from "../answer.js";
import { equalBytes, sha256 } from "../bytes.js";
import { jobPath } from "../job-path.js";

/** Seconds after which the leader asks again for what is not ready. */
const RETRY_AFTER = 1;

/** The answer to a request that was taken before, or its contradiction. */
export function answerAgain(job: NewJob, step: number, body: Uint8Array): Answer {
  // A job that went on since has the hash of its last request; that of the first is the job's name.
  if (step === job.step && !equalBytes(job.requestHash ?? new Uint8Array(0), sha256(body))) {
    if (step > 0) throw new Problem("stepMismatch", `the job had another request for step ${step}`);
    throw new Problem("conflict", "there is a job of this id from another request");
  }
  return current(job);
}

/** The answer of the job's last step. */
export function current({ id, step, answer, state }: NewJob): Answer {
  if (state === "created" || state === "continued") return notReady(id, step);
  if ((state !== "done" && ENDED.includes(state)) || answer === null) throw unrecognized();
  return { location: jobPath(id), body: answer, message: "AggregationJobResp" };
}

function notReady(id: Uint8Array, step: number): Answer {
  return {
    location: `${jobPath(id)}?step=${step}`,
    body: null,
    retryAfter: RETRY_AFTER,
    message: "AggregationJobResp",
  };
}

/** Throws unless the job waits for this step. */
export function requireNext(job: NewJob, step: number): void {
  if (job.state !== "waiting" || step !== job.step + 1) throw stepMismatch(job.step, step);
}

export function stepMismatch(at: number, got: number): Problem {
  return new Problem("stepMismatch", `the job is at step ${at}, and the request is for step ${got}`);
}

/** What a row has in its state. */
export function stored(bytes: Uint8Array | null): Uint8Array {
  if (bytes === null) throw new Error("an aggregation job lacks what its state needs");
  return bytes;
}

export const unrecognized = (): Problem =>
  new Problem("unrecognizedAggregationJob", "there is no job of this id that goes on");
