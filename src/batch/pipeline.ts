// How a stage goes over the rows of its input: chunks go to the threads, each row that opened gets a decision, and the
// output and the counts are in the order of the input, part after part. A row can be left out in three places, whose
// reasons meet here: where a thread reads and opens it, where the run decides on it, and where a thread carries the
// decision out.

import type { ChunkLimits } from "../files/chunks.js";
import type { PartedOutput } from "../files/output-parts.js";
import { Queue, withRejectionHandled } from "../files/queue.js";
import { configOf } from "./batch.js";
import { maxShareRow, maxValuesRow } from "./row-limits.js";
import { isRefusal, type Refusal } from "./rows.js";
import { type RowRun, type RunSettings, runOver } from "./run.js";
import type { Tally } from "./tally.js";
import type { ChunkResult, Decision, Instruction, OpenedRow, PartChunk, Task } from "./thread-messages.js";
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

/** What a stage over rows needs. */
export interface PipelineSettings extends RunSettings {
  readonly task: Task;
  /** How many threads work. */
  readonly jobs: number;
}

/** Runs `work` on a pipeline over the input, and ends its threads whatever happens. */
export function runPipeline(
  { task, jobs, ...settings }: PipelineSettings,
  work: (pipeline: Pipeline) => Promise<void>,
): Promise<Tally> {
  return runOver(settings, async (run) => {
    const pool = new WorkerPool(task, jobs);
    try {
      await work(new Pipeline(run, pool, limitsFor(task)));
    } finally {
      await pool.close();
    }
  });
}

/** A chunk, and what a thread will have made of it. */
interface Pending<T> {
  readonly chunk: PartChunk;
  readonly result: Promise<T>;
}

/** What a server's stage does with rows, besides opening them. */
export interface CheckSteps {
  /** Decides on each row that opened, in the order of the input. */
  readonly decide: (row: OpenedRow) => Decision;
  /** Called for each row that was not left out after all, before it is written. */
  readonly carriedOut?: (instruction: Instruction) => void;
  /** Called when all rows of a part are done, for each part in order. */
  readonly endPart?: (part: number) => Promise<void>;
}

/** The rows of an input on their way through a pool of threads. */
export class Pipeline {
  readonly run: RowRun;
  readonly pool: WorkerPool;
  readonly #limits: ChunkLimits;

  constructor(run: RowRun, pool: WorkerPool, limits: ChunkLimits) {
    this.run = run;
    this.pool = pool;
    this.#limits = limits;
  }

  /** Encodes every chunk. Throws TooManyLeftOut. */
  async encode(outputs: readonly PartedOutput[]): Promise<void> {
    const finishing = this.#finishing(outputs);
    for await (const chunk of this.run.chunks(this.#limits)) {
      await finishing.push({ chunk, result: withRejectionHandled(this.pool.encode(chunk)) });
    }
    await finishing.drain();
    this.run.requireFew();
  }

  /** Opens every chunk, in any order; then takes the steps in the order of the input. Throws TooManyLeftOut. */
  async check({ decide, carriedOut, endPart }: CheckSteps, outputs: readonly PartedOutput[]): Promise<void> {
    let part = 0;
    const endPartsBefore = async (next: number): Promise<void> => {
      for (; part < next; part++) await endPart?.(part);
    };
    const finishing = this.#finishing(outputs, endPartsBefore);
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
    for await (const chunk of this.run.chunks(this.#limits)) {
      await opening.push({ chunk, result: withRejectionHandled(this.pool.open(chunk)) });
    }
    await opening.drain();
    await finishing.drain();
    this.run.requireFew();
    await endPartsBefore(this.run.input.inputs.length);
  }

  /** The last step of every chunk: counts its rows and writes what came of them. */
  #finishing(
    outputs: readonly PartedOutput[],
    endPartsBefore?: (part: number) => Promise<void>,
  ): Queue<Pending<ChunkResult>> {
    return new Queue(this.pool.depth, async ({ chunk, result }) => {
      const { texts, outcomes } = await result;
      await endPartsBefore?.(chunk.part);
      await this.run.add(chunk, outcomes);
      for (const [i, output] of outputs.entries()) await output.write(chunk.part, texts[i] as string);
    });
  }
}
