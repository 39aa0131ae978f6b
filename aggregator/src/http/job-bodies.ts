// The bodies of peers' and collectors' requests, and how many of these are worked on at once.

import type { FastifyRequest } from "fastify";
import { Problem } from "../problem.js";
import { readBody } from "./body.js";
import { Budget } from "./budget.js";
import { taskOf } from "./task-requests.js";

/** What the requests of a task have. */
interface Share {
  /** Those that are read or worked on. */
  requests: number;
  working: number;
  bytes: number;
}

/** A quarter is left for others, however much one task's peer asks for. */
const mostOfTask = (all: number): number => all - Math.floor(all / 4);

export class JobBodies {
  readonly #bytes: Budget;
  readonly #maxBytes: number;
  readonly #maxRequests: number;
  /** Of each task, by its number. */
  readonly #shares = new Map<number, Share>();
  #working = 0;

  /** `maxBytes` bounds the bodies that are read or worked on: each is in memory until then, and more than once. */
  constructor(maxBytes: number, maxRequests: number) {
    this.#bytes = new Budget(maxBytes, Number.POSITIVE_INFINITY);
    this.#maxBytes = maxBytes;
    this.#maxRequests = maxRequests;
  }

  /**
   * Reads a body and works on it. Throws `unavailable` if too many others of the task or of all are worked on, and what
   * `readBody` throws.
   */
  async with<T>(request: FastifyRequest, limit: number, work: (body: Uint8Array) => Promise<T>): Promise<T> {
    const { key } = taskOf(request);
    const share = this.#shares.get(key) ?? { requests: 0, working: 0, bytes: 0 };
    this.#checkRoom(share);
    this.#shares.set(key, share);
    share.requests++;
    try {
      // A body that comes slowly is no work, or one peer could keep all others out with a few of them.
      const body = await readBody(request.raw, limit, {
        take: (bytes) => this.#take(share, bytes),
        give: (bytes) => this.#give(share, bytes),
      });
      this.#checkRoom(share);
      if (!this.#take(share, body.length)) throw tooMany();
      this.#work(share, 1);
      try {
        return await work(body);
      } finally {
        this.#work(share, -1);
        this.#give(share, body.length);
      }
    } finally {
      share.requests--;
      if (share.requests === 0) this.#shares.delete(key);
    }
  }

  #checkRoom(share: Share): void {
    if (this.#working < this.#maxRequests && share.working < mostOfTask(this.#maxRequests)) return;
    throw tooMany();
  }

  #work(share: Share, n: number): void {
    share.working += n;
    this.#working += n;
  }

  #take(share: Share, bytes: number): boolean {
    // A task's only body may be as long as all together.
    if (share.requests > 1 && share.bytes >= mostOfTask(this.#maxBytes)) return false;
    if (!this.#bytes.take(bytes, 0)) return false;
    share.bytes += bytes;
    return true;
  }

  #give(share: Share, bytes: number): void {
    share.bytes -= bytes;
    this.#bytes.give(bytes, 0);
  }
}

const tooMany = (): Problem => new Problem("unavailable", "too many requests are being worked on", { retryAfter: 2 });
