// The bodies of peers' and collectors' requests, and how many of these are worked on at once.

import type { FastifyRequest } from "fastify";
import { Problem } from "../problem.js";
import { readBody } from "./body.js";
import type { Budget } from "./budget.js";
import { taskOf } from "./task-requests.js";

export class JobBodies {
  readonly #bytes: Budget;
  readonly #maxRequests: number;
  /** Requests that are worked on, of each task by its number. */
  readonly #working = new Map<number, number>();
  #sum = 0;

  /** `bytes` bounds the bodies that are read or worked on: each is in memory until then, and more than once. */
  constructor(bytes: Budget, maxRequests: number) {
    this.#bytes = bytes;
    this.#maxRequests = maxRequests;
  }

  /**
   * Reads a body and works on it. Throws `unavailable` if too many others of the task or of all are worked on, and what
   * `readBody` throws.
   */
  async with<T>(request: FastifyRequest, limit: number, work: (body: Uint8Array) => Promise<T>): Promise<T> {
    const { key } = taskOf(request);
    this.#checkRoom(key);
    // A body that comes slowly is no work, or one peer could keep all others out with a few of them.
    const body = await readBody(request.raw, limit, this.#bytes);
    this.#checkRoom(key);
    if (!this.#bytes.take(body.length, 0)) throw tooMany();
    this.#add(key, 1);
    try {
      return await work(body);
    } finally {
      this.#add(key, -1);
      this.#bytes.give(body.length, 0);
    }
  }

  #checkRoom(task: number): void {
    // A quarter is left for others, however much one task's peer asks for.
    const mostOfTask = this.#maxRequests - Math.floor(this.#maxRequests / 4);
    if (this.#sum < this.#maxRequests && (this.#working.get(task) ?? 0) < mostOfTask) return;
    throw tooMany();
  }

  #add(task: number, n: number): void {
    const requests = (this.#working.get(task) ?? 0) + n;
    if (requests === 0) this.#working.delete(task);
    else this.#working.set(task, requests);
    this.#sum += n;
  }
}

const tooMany = (): Problem => new Problem("unavailable", "too many requests are being worked on", { retryAfter: 2 });
