// How a stage goes over the rows of a file: chunks go to the threads, each row that opened gets a decision, and the
// output and the counts are in the order of the file. A row can be left out in three places, whose reasons meet here:
// where a thread reads and opens it, where the run decides on it, and where a thread carries the decision out.

import { type Chunk, type ChunkLimits, chunksOf } from "../files/chunks.js";
import type { Input } from "../files/input.js";
import type { Output } from "../files/output.js";
import { configOf } from "./batch.js";
import { Queue, withRejectionHandled } from "./queue.js";
import { maxShareRow, maxValuesRow } from "./row-limits.js";
import { isRefusal, type Refusal } from "./rows.js";
import { Tally } from "./tally.js";
import type { ChunkResult, Decision, Instruction, OpenedRow, Task } from "./thread-messages.js";
import { WorkerPool } from "./worker-pool.js";

/** Field elements in the shares of one chunk. It bounds the memory of shares between opening and checking. */
const CHUNK_ELEMENTS = 2 ** 14;
const MAX_CHUNK_ROWS = 32;
const CHUNK_BYTES = 2 ** 18;

function limitsFor({ stage, batch }: Task): ChunkLimits {
  const config = configOf(batch);
  const { fields } = config;
  // A share has the fields, and as many elements of h as the least power of two above their number.
  const elements = fields + 2 ** Math.ceil(Math.log2(fields + 1));
  const line = stage === "encode-shares" ? maxValuesRow(batch.count) : maxShareRow(config);
  const rows = Math.floor(CHUNK_ELEMENTS / elements);
  return { rows: Math.max(1, Math.min(MAX_CHUNK_ROWS, rows)), bytes: CHUNK_BYTES, line };
}

/** What a stage over a file of rows needs. */
export interface PipelineSettings {
  readonly task: Task;
  readonly input: Input;
  /** How many threads work. */
  readonly jobs: number;
  /** Opens the list of rows left out, if there is one. */
  readonly openErrors: (() => Output) | undefined;
  /** Called after each chunk with the number of rows done. */
  readonly progress: (rows: number) => void;
}

/** Runs `work` on a pipeline over the input, and ends its threads whatever happens. */
export async function runPipeline(
  { task, input, jobs, openErrors, progress }: PipelineSettings,
  work: (pipeline: Pipeline) => Promise<void>,
): Promise<Tally> {
  const tally = new Tally(openErrors?.());
  const pool = new WorkerPool(task, jobs);
  try {
    await work(new Pipeline(pool, chunksOf(input.pieces(), limitsFor(task)), tally, progress));
    return tally;
  } finally {
    tally.list?.discard();
    input.close();
    await pool.close();
  }
}

/** A chunk, and what a thread will have made of it. */
interface Pending<T> {
  readonly chunk: Chunk;
  readonly result: Promise<T>;
}

/** The rows of a file on their way through a pool of threads. */
export class Pipeline {
  readonly pool: WorkerPool;
  readonly tally: Tally;
  readonly #chunks: AsyncIterable<Chunk>;
  readonly #progress: (rows: number) => void;

  constructor(pool: WorkerPool, chunks: AsyncIterable<Chunk>, tally: Tally, progress: (rows: number) => void) {
    this.pool = pool;
    this.tally = tally;
    this.#chunks = chunks;
    this.#progress = progress;
  }

  /** Encodes every chunk. */
  async encode(outputs: readonly Output[]): Promise<void> {
    const finishing = this.#finishing(outputs);
    for await (const chunk of this.#chunks) {
      await finishing.push({ chunk, result: withRejectionHandled(this.pool.encode(chunk)) });
    }
    await finishing.drain();
  }

  /**
   * Opens every chunk, in any order; then calls `decide` in the order of the file, and carries out the decisions. Calls
   * `carriedOut` for each row that was not left out after all, before it is written.
   */
  async check(
    decide: (row: OpenedRow) => Decision,
    outputs: readonly Output[],
    carriedOut?: (instruction: Instruction) => void,
  ): Promise<void> {
    const finishing = this.#finishing(outputs);
    const opening = new Queue<Pending<readonly (OpenedRow | Refusal)[]>>(this.pool.depth, async ({ chunk, result }) => {
      const decisions = (await result).map((row) => (isRefusal(row) ? row : decide(row)));
      const finished = this.pool.finish(chunk.index, decisions).then((chunkResult) => {
        chunkResult.outcomes.forEach((outcome, i) => {
          if (outcome === null) carriedOut?.(decisions[i] as Instruction);
        });
        return chunkResult;
      });
      await finishing.push({ chunk, result: withRejectionHandled(finished) });
    });
    for await (const chunk of this.#chunks) {
      await opening.push({ chunk, result: withRejectionHandled(this.pool.open(chunk)) });
    }
    await opening.drain();
    await finishing.drain();
  }

  /** The last step of every chunk: counts its rows and writes what came of them. */
  #finishing(outputs: readonly Output[]): Queue<Pending<ChunkResult>> {
    return new Queue(this.pool.depth, async ({ chunk, result }) => {
      const { texts, outcomes } = await result;
      await this.tally.add(chunk, outcomes);
      for (const [i, output] of outputs.entries()) await output.write(texts[i] as string);
      this.#progress(this.tally.total);
    });
  }
}
