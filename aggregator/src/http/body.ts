// Reading a request's body within a bound: Content-Length is checked before anything is read, and what comes is counted
// while it is read. Bytes that wait for the rest of their body count against one budget of the process.

import type { IncomingMessage } from "node:http";
import { Problem } from "../problem.js";
import type { Budget } from "./budget.js";

/** Bodies up to this size are read away after a refusal, so that the connection can go on. */
const READ_AWAY = 1 << 20;

const tooLarge = (limit: number): Problem => new Problem("tooLarge", `expected a body of at most ${limit} bytes`);

/** The length that a request announces; undefined where it comes in chunks. */
export function announcedLength(request: IncomingMessage): number | undefined {
  const header = request.headers["content-length"];
  return header === undefined ? undefined : Number(header);
}

/** Throws `tooLarge` if the announced length exceeds the limit. */
export function checkLength(request: IncomingMessage, limit: number): void {
  if ((announcedLength(request) ?? 0) > limit) throw tooLarge(limit);
}

/** Whether a refused request's connection must end with the answer, because too much of its body is to come. */
export function endsConnection(request: IncomingMessage): boolean {
  if (request.complete) return false;
  const length = announcedLength(request);
  return length === undefined ? request.headers["transfer-encoding"] !== undefined : length > READ_AWAY;
}

/** Throws `tooLarge`, `unavailable` where the budget is used up, `invalidMessage` where the body breaks off. */
export function readBody(request: IncomingMessage, limit: number, budget: Budget): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    let isEnded = false;
    const end = (): void => {
      isEnded = true;
      budget.give(bytes, 0);
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onBroken);
    };
    const refuse = (problem: Problem): void => {
      if (isEnded) return;
      end();
      chunks = [];
      // What comes still is read away, or the connection ends; see endsConnection.
      request.resume();
      reject(problem);
    };
    const onData = (chunk: Buffer): void => {
      if (bytes + chunk.length > limit) refuse(tooLarge(limit));
      else if (budget.take(chunk.length, 0)) {
        bytes += chunk.length;
        chunks.push(chunk);
      } else refuse(new Problem("unavailable", "too many bodies are being read", { retryAfter: 2 }));
    };
    const onEnd = (): void => {
      if (isEnded) return;
      end();
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, bytes));
    };
    const onBroken = (): void => refuse(new Problem("invalidMessage", "the body breaks off before its end"));
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onBroken);
    // It comes with "close", which says the same.
    request.on("error", () => undefined);
  });
}
