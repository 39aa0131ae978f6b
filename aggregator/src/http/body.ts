// Reading a request's body within a bound: Content-Length is checked before anything is read, and what comes is counted
// while it is read. Bytes that wait for the rest of their body count against one budget of the process.

import type { IncomingMessage } from "node:http";
import { Pieces } from "../pieces.js";
import { Problem } from "../problem.js";
import type { Budget } from "./budget.js";

/** Bodies up to this size are read away after a refusal, so that the connection can go on. */
const READ_AWAY = 1 << 20;

/** A body of more pieces than this has so many bytes a piece, or somebody wants to keep the process busy. */
const MANY_PIECES = 10_000;
const LEAST_PIECE = 64;

const tooLarge = (limit: number): Problem => new Problem("tooLarge", `expected a body of at most ${limit} bytes`);

const tooManyPieces = (): Problem => new Problem("invalidMessage", "the body comes in too many small pieces");

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

/**
 * Throws `tooLarge`, `unavailable` where the budget is used up, `invalidMessage` where the body breaks off or comes in
 * too many pieces.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  budget: Pick<Budget, "take" | "give">,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let pieces: Pieces | null = new Pieces();
    let count = 0;
    /** Ends the reading, and returns what there is; null if it has ended before. */
    const end = (): Pieces | null => {
      const all = pieces;
      pieces = null;
      budget.give(all?.length ?? 0, 0);
      request.off("data", onData);
      request.off("end", onEnd);
      request.off("close", onBroken);
      return all;
    };
    const refuse = (problem: Problem): void => {
      if (end() === null) return;
      // What comes still is read away, or the connection ends; see endsConnection.
      request.resume();
      reject(problem);
    };
    const onData = (piece: Buffer): void => {
      if (pieces === null) return;
      if (++count > MANY_PIECES && pieces.length < count * LEAST_PIECE) refuse(tooManyPieces());
      else if (pieces.length + piece.length > limit) refuse(tooLarge(limit));
      else if (budget.take(piece.length, 0)) pieces.add(piece);
      else refuse(new Problem("unavailable", "too many bodies are being read", { retryAfter: 2 }));
    };
    const onEnd = (): void => {
      const all = end();
      if (all !== null) resolve(all.join());
    };
    const onBroken = (): void => refuse(new Problem("invalidMessage", "the body breaks off before its end"));
    request.on("data", onData);
    request.on("end", onEnd);
    request.on("close", onBroken);
    // It comes with "close", which says the same.
    request.on("error", () => undefined);
  });
}
