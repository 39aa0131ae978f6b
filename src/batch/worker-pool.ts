// The threads that work on a file: the calling one alone, or several. Chunks go to the threads in turn and come back in
// order, so the output does not depend on how many threads there are.

import { Worker } from "node:worker_threads";
import type { GeneratedRows, RowRange } from "./generated-rows.js";
import { type PackedRows, packDecisions, unpackRows } from "./packed-rows.js";
import type { Refusal } from "./rows.js";
import { createSession, type Request, type Session } from "./session.js";
import type { ChunkResult, Decision, OpenedRow, PartChunk, Task } from "./thread-messages.js";

/** A session, in whichever thread it runs. */
interface Handle {
  ask(request: Request): Promise<unknown>;
  close(): Promise<unknown>;
}

/** A session in the calling thread. */
class LocalHandle implements Handle {
  readonly #session: Session;

  constructor(task: Task) {
    this.#session = createSession(task);
  }

  ask(request: Request): Promise<unknown> {
    return new Promise((resolve) => resolve(this.#session(request)));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A session in a thread of its own. */
class WorkerHandle implements Handle {
  readonly #worker: Worker;
  /** The requests without an answer. A session answers in order, so an answer belongs to the oldest. */
  readonly #waiting: { resolve: (answer: unknown) => void; reject: (error: unknown) => void }[] = [];
  #broken: unknown;

  constructor(task: Task) {
    this.#worker = new Worker(new URL("./cli-worker.js", import.meta.url), {
      workerData: task,
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
      // The bytes of a chunk move to the thread instead of being copied.
      const moved = "chunk" in request ? [request.chunk.bytes.buffer as ArrayBuffer] : [];
      this.#worker.postMessage(request, moved);
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

/** As many sessions as there are jobs, each in a thread of its own; with one job, one session in the calling thread. */
export class WorkerPool {
  readonly #handles: readonly Handle[];

  constructor(task: Task, jobs: number) {
    this.#handles = jobs === 1 ? [new LocalHandle(task)] : Array.from({ length: jobs }, () => new WorkerHandle(task));
  }

  /** How many chunks to have under way in each step, so that no thread waits for its next one. */
  get depth(): number {
    return this.#handles.length === 1 ? 1 : 2 * this.#handles.length;
  }

  /** Encodes a chunk of values. */
  encode(chunk: PartChunk): Promise<ChunkResult> {
    return this.#handleOf(chunk.index).ask({ ask: "encode", chunk }) as Promise<ChunkResult>;
  }

  /** Makes rows of a test batch. The chunks are numbered through. */
  generate(chunkIndex: number, range: RowRange): Promise<GeneratedRows> {
    return this.#handleOf(chunkIndex).ask({ ask: "generate", range }) as Promise<GeneratedRows>;
  }

  /** Opens a chunk of packets. */
  async open(chunk: PartChunk): Promise<readonly (OpenedRow | Refusal)[]> {
    return unpackRows((await this.#handleOf(chunk.index).ask({ ask: "open", chunk })) as PackedRows);
  }

  /** Carries out the decisions on a chunk, in the thread that opened it: that one has the shares. */
  finish(chunkIndex: number, decisions: readonly Decision[]): Promise<ChunkResult> {
    const request = { ask: "finish", chunkIndex, decisions: packDecisions(decisions) } as const;
    return this.#handleOf(chunkIndex).ask(request) as Promise<ChunkResult>;
  }

  /** How many packets each private key has opened, in all sessions. */
  async openedByKey(): Promise<number[]> {
    const ask = (handle: Handle) => handle.ask({ ask: "opened-by-key" }) as Promise<number[]>;
    const [first = [], ...others] = await Promise.all(this.#handles.map(ask));
    return first.map((count, key) => others.reduce((sum, counts) => sum + (counts[key] as number), count));
  }

  /**
   * The running total of each session that had rows of a part. With one total for all parts, any part stands for them.
   * The sessions give it up: no more rows of the part may come.
   */
  async takeStates(part: number): Promise<Uint8Array[]> {
    const ask = (handle: Handle) => handle.ask({ ask: "take-state", part }) as Promise<Uint8Array | null>;
    return (await Promise.all(this.#handles.map(ask))).filter((state) => state !== null);
  }

  async close(): Promise<void> {
    await Promise.all(this.#handles.map((handle) => handle.close()));
  }

  #handleOf(chunkIndex: number): Handle {
    return this.#handles[chunkIndex % this.#handles.length] as Handle;
  }
}
