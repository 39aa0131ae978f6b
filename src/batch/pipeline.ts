// How a stage goes over the rows of its input: chunks go to the threads, each row that opened gets a decision, and the
// output and the counts are in the order of the input, part after part. A row can be left out in three places, whose
// reasons meet here: where a thread reads and opens it, where the run decides on it, and where a thread carries the
// decision out.

import { type ChunkLimits, chunksOf } from "../files/chunks.js";
import type { Input } from "../files/input.js";
import type { InputParts } from "../files/input-parts.js";
import type { Output } from "../files/output.js";
import type { PartedOutput } from "../files/output-parts.js";
import { Queue, withRejectionHandled } from "../files/queue.js";
import { configOf } from "./batch.js";
import { maxShareRow, maxValuesRow } from "./row-limits.js";
import { isRefusal, type Refusal } from "./rows.js";
import { type MaxLeftOut, Tally } from "./tally.js";
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
export interface PipelineSettings {
  readonly task: Task;
  readonly input: InputParts;
  /** How many threads work. */
  readonly jobs: number;
  /** How many rows may be left out before the run fails; any number by default. */
  readonly maxLeftOut?: MaxLeftOut | undefined;
  /** Opens the list of rows left out, if there is one. */
  readonly openErrors?: (() => Output) | undefined;
  /** Called after each chunk with the number of rows done. */
  readonly progress?: ((rows: number) => void) | undefined;
}

/** Runs `work` on a pipeline over the input, and ends its threads whatever happens. */
export async function runPipeline(
  { task, input, jobs, maxLeftOut, openErrors, progress }: PipelineSettings,
  work: (pipeline: Pipeline) => Promise<void>,
): Promise<Tally> {
  const tally = new Tally(openErrors?.());
  const pool = new WorkerPool(task, jobs);
  const started = performance.now();
  tally.parts = input.inputs.length;
  try {
    const requireFew = (): void => {
      if (maxLeftOut !== undefined) tally.requireFew(maxLeftOut);
    };
    await work(new Pipeline({ pool, input, limits: limitsFor(task), tally, requireFew, progress }));
    return tally;
  } finally {
    tally.bytesRead += input.bytesRead;
    tally.seconds = (performance.now() - started) / 1000;
    tally.list?.discard();
    input.close();
    await pool.close();
  }
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

/** What a pipeline is made of. */
interface PipelineParts {
  readonly pool: WorkerPool;
  readonly input: InputParts;
  readonly limits: ChunkLimits;
  readonly tally: Tally;
  /** Called when all rows are done; throws when too many were left out. */
  readonly requireFew: () => void;
  readonly progress: ((rows: number) => void) | undefined;
}

/** The rows of an input on their way through a pool of threads. */
export class Pipeline {
  readonly pool: WorkerPool;
  readonly tally: Tally;
  readonly #input: InputParts;
  readonly #limits: ChunkLimits;
  readonly #requireFew: () => void;
  readonly #progress: ((rows: number) => void) | undefined;

  constructor({ pool, input, limits, tally, requireFew, progress }: PipelineParts) {
    this.pool = pool;
    this.tally = tally;
    this.#input = input;
    this.#limits = limits;
    this.#requireFew = requireFew;
    this.#progress = progress;
  }

  /** Encodes every chunk. Throws TooManyLeftOut. */
  async encode(outputs: readonly PartedOutput[]): Promise<void> {
    const finishing = this.#finishing(outputs);
    for await (const chunk of this.#chunks()) {
      await finishing.push({ chunk, result: withRejectionHandled(this.pool.encode(chunk)) });
    }
    await finishing.drain();
    this.#requireFew();
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
    for await (const chunk of this.#chunks()) {
      await opening.push({ chunk, result: withRejectionHandled(this.pool.open(chunk)) });
    }
    await opening.drain();
    await finishing.drain();
    this.#requireFew();
    await endPartsBefore(this.#input.inputs.length);
  }

  /** The rows of all parts. Throws a Failure when a part changes meanwhile, and when one was added in the end. */
  async *#chunks(): AsyncGenerator<PartChunk> {
    let index = 0;
    for (const [part, input] of this.#input.inputs.entries()) {
      for await (const chunk of chunksOf(input.pieces(), this.#limits)) yield { ...chunk, index: index++, part };
    }
    this.#input.requireComplete();
  }

  /** The last step of every chunk: counts its rows and writes what came of them. */
  #finishing(
    outputs: readonly PartedOutput[],
    endPartsBefore?: (part: number) => Promise<void>,
  ): Queue<Pending<ChunkResult>> {
    return new Queue(this.pool.depth, async ({ chunk, result }) => {
      const { texts, outcomes } = await result;
      const { numbers, part } = chunk;
      await endPartsBefore?.(part);
      const place = this.#input.areParts ? { numbers, file: (this.#input.inputs[part] as Input).name } : { numbers };
      await this.tally.add(place, outcomes);
      for (const [i, output] of outputs.entries()) await output.write(part, texts[i] as string);
      this.#progress?.(this.tally.total);
    });
  }
}
