// The threads that work on a file: the calling one, or several. Chunks are handed out in turn and come back in order, so the
// output does not depend on how many there are.

import { Worker } from "node:worker_threads";
import type { Assignment, Finished, OpenedRow, Ordered } from "./assignment.js";
import type { Chunk } from "./chunks.js";
import type { Refusal } from "./rows.js";
import { EncodingSession, ServerSession } from "./session.js";

/** What a thread is asked. */
export type Request =
  | { readonly ask: "encode"; readonly chunk: Chunk }
  | { readonly ask: "open"; readonly chunk: Chunk }
  | { readonly ask: "finish"; readonly chunkIndex: number; readonly orders: readonly Ordered[] }
  | { readonly ask: "state" };

/** One thread's desk: answers requests in order. The same code in every thread. */
export class Desk {
  readonly #encoding: EncodingSession | undefined;
  readonly #server: ServerSession | undefined;

  constructor(assignment: Assignment) {
    if (assignment.stage === "encode-shares") this.#encoding = new EncodingSession(assignment.batch);
    else this.#server = new ServerSession(assignment);
  }

  answer(request: Request): unknown {
    if (request.ask === "encode") return this.#encoding?.encode(request.chunk);
    if (request.ask === "open") return this.#server?.open(request.chunk);
    if (request.ask === "finish") return this.#server?.finish(request.chunkIndex, request.orders);
    return this.#server?.state();
  }
}

/** A desk wherever it stands. */
interface Hand {
  ask(request: Request): Promise<unknown>;
  close(): Promise<unknown>;
}

class OwnHand implements Hand {
  readonly #desk: Desk;

  constructor(assignment: Assignment) {
    this.#desk = new Desk(assignment);
  }

  ask(request: Request): Promise<unknown> {
    return new Promise((resolve) => resolve(this.#desk.answer(request)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class ThreadHand implements Hand {
  readonly #worker: Worker;
  /** Requests are answered in order, so the oldest is the one that an answer belongs to. */
  readonly #waiting: { resolve: (answer: unknown) => void; reject: (error: unknown) => void }[] = [];
  #broken: unknown;

  constructor(assignment: Assignment) {
    this.#worker = new Worker(new URL("./cli-worker.js", import.meta.url), {
      workerData: assignment,
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#worker.on("message", (answer: unknown) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on("error", (error: unknown) => this.#break(error));
    this.#worker.on("exit", (code) => this.#break(new Error(`worker thread ended with code ${code}`)));
  }

  ask(request: Request): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#broken !== undefined) return reject(this.#broken);
      this.#waiting.push({ resolve, reject });
      const lines = "chunk" in request ? [request.chunk.bytes.buffer as ArrayBuffer] : [];
      this.#worker.postMessage(request, lines);
    });
  }

  close(): Promise<unknown> {
    return this.#worker.terminate();
  }

  #break(error: unknown): void {
    this.#broken ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#broken);
  }
}

/** As many threads as there are jobs; with one job, none but the caller's. */
export class Crew {
  readonly #hands: readonly Hand[];

  constructor(assignment: Assignment, jobs: number) {
    this.#hands =
      jobs === 1 ? [new OwnHand(assignment)] : Array.from({ length: jobs }, () => new ThreadHand(assignment));
  }

  /** How many chunks are worth having under way in each step, so that no thread waits for the next. */
  get depth(): number {
    return this.#hands.length === 1 ? 1 : 2 * this.#hands.length;
  }

  encode(chunk: Chunk): Promise<Finished> {
    return this.#handOf(chunk.index).ask({ ask: "encode", chunk }) as Promise<Finished>;
  }

  open(chunk: Chunk): Promise<readonly (OpenedRow | Refusal)[]> {
    return this.#handOf(chunk.index).ask({ ask: "open", chunk }) as Promise<readonly (OpenedRow | Refusal)[]>;
  }

  /** The thread that opened a chunk has its shares. */
  finish(chunkIndex: number, orders: readonly Ordered[]): Promise<Finished> {
    return this.#handOf(chunkIndex).ask({ ask: "finish", chunkIndex, orders }) as Promise<Finished>;
  }

  /** The running totals of all threads. */
  states(): Promise<Uint8Array[]> {
    return Promise.all(this.#hands.map((hand) => hand.ask({ ask: "state" }) as Promise<Uint8Array>));
  }

  async close(): Promise<void> {
    await Promise.all(this.#hands.map((hand) => hand.close()));
  }

  #handOf(chunkIndex: number): Hand {
    return this.#hands[chunkIndex % this.#hands.length] as Hand;
  }
}
