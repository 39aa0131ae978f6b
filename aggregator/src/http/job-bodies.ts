// The bodies of peers' and collectors' requests, and how many of these are worked on at once.

import type { FastifyRequest } from "fastify";
import { Problem } from "../problem.js";
import { readBody } from "./body.js";
import { Budget } from "./budget.js";

export class JobBodies {
  readonly #reading: Budget;
  readonly #working: Budget;

  /** `reading` bounds the bytes of bodies that are not read to their end. */
  constructor(reading: Budget, maxRequests: number) {
    this.#reading = reading;
    this.#working = new Budget(Number.POSITIVE_INFINITY, maxRequests);
  }

  /** Reads a body and works on it. Throws `unavailable` if too many others are worked on, and what `readBody` throws. */
  async with<T>(request: FastifyRequest, limit: number, work: (body: Uint8Array) => Promise<T>): Promise<T> {
    if (this.#working.isFull) throw tooMany();
    // A body that comes slowly is no work, or one peer could keep all others out with a few of them.
    const body = await readBody(request.raw, limit, this.#reading);
    if (!this.#working.take(0, 1)) throw tooMany();
    try {
      return await work(body);
    } finally {
      this.#working.give(0, 1);
    }
  }
}

const tooMany = (): Problem => new Problem("unavailable", "too many requests are being worked on", { retryAfter: 2 });
