// How a stage goes over a file: chunks to the crew, a decision on each row that opened, output in the file's order, counts at
// the end.

import type { Assignment, Finished, OpenedRow, Ordered } from "./assignment.js";
import { configOf } from "./batch.js";
import { type Chunk, type ChunkLimits, chunksOf } from "./chunks.js";
import type { Input } from "./input.js";
import type { Output } from "./output.js";
import { Queue, watched } from "./queue.js";
import { isRefusal } from "./rows.js";
import { Tally } from "./tally.js";
import { Crew } from "./worker-pool.js";

/** Field elements of one chunk's shares: bounds the memory of shares between the two steps. */
const CHUNK_ELEMENTS = 2 ** 14;
const MAX_CHUNK_ROWS = 32;
const CHUNK_BYTES = 2 ** 18;

function limitsFor(assignment: Assignment): ChunkLimits {
  const { fields, size } = configOf(assignment.batch).snip;
  const rows = Math.floor(CHUNK_ELEMENTS / (fields + size));
  return { rows: Math.max(1, Math.min(MAX_CHUNK_ROWS, rows)), bytes: CHUNK_BYTES };
}

/** A stage over the rows of one file. */
export interface PipelineOptions {
  readonly assignment: Assignment;
  readonly input: Input;
  /** How many threads work. */
  readonly jobs: number;
  /** Where rows left out are listed. */
  readonly errorsFile: string | undefined;
  /** Called after each chunk with the rows so far. */
  readonly progress: (rows: number) => void;
}

/** Runs `work` with a crew, an input and a tally, and ends all three whatever happens. */
export async function overRows(
  { assignment, input, jobs, errorsFile, progress }: PipelineOptions,
  work: (rows: Rows) => Promise<void>,
): Promise<Tally> {
  const tally = Tally.of(errorsFile);
  const crew = new Crew(assignment, jobs);
  try {
    await work(new Rows(crew, chunksOf(input.pieces(), limitsFor(assignment)), tally, progress));
    await tally.commit();
    return tally;
  } finally {
    tally.discard();
    input.close();
    await crew.close();
  }
}

/** The rows of a file on their way through a crew. */
export class Rows {
  readonly crew: Crew;
  readonly tally: Tally;
  readonly #chunks: AsyncIterable<Chunk>;
  readonly #progress: (rows: number) => void;

  constructor(crew: Crew, chunks: AsyncIterable<Chunk>, tally: Tally, progress: (rows: number) => void) {
    this.crew = crew;
    this.tally = tally;
    this.#chunks = chunks;
    this.#progress = progress;
  }

  /** One step: every chunk to `begin`, what it makes to the outputs in the file's order. */
  async inOneStep(begin: (chunk: Chunk) => Promise<Finished>, outputs: readonly Output[]): Promise<void> {
    const ending = new Queue<{ chunk: Chunk; finished: Promise<Finished> }>(this.crew.depth, ({ chunk, finished }) =>
      this.#end(chunk, finished, outputs),
    );
    for await (const chunk of this.#chunks) await ending.push({ chunk, finished: watched(begin(chunk)) });
    await ending.drain();
  }

  /** Two steps: opening, in any order, and after the decision in the file's order, finishing. */
  async inTwoSteps(decide: (row: OpenedRow) => Ordered, outputs: readonly Output[]): Promise<void> {
    const ending = new Queue<{ chunk: Chunk; finished: Promise<Finished> }>(this.crew.depth, ({ chunk, finished }) =>
      this.#end(chunk, finished, outputs),
    );
    const opening = new Queue<{ chunk: Chunk; opened: ReturnType<Crew["open"]> }>(
      this.crew.depth,
      async ({ chunk, opened }) => {
        const orders = (await opened).map((row) => (isRefusal(row) ? row : decide(row)));
        await ending.push({ chunk, finished: watched(this.crew.finish(chunk.index, orders)) });
      },
    );
    for await (const chunk of this.#chunks) await opening.push({ chunk, opened: watched(this.crew.open(chunk)) });
    await opening.drain();
    await ending.drain();
  }

  async #end(chunk: Chunk, finished: Promise<Finished>, outputs: readonly Output[]): Promise<void> {
    const { texts, outcomes } = await finished;
    await this.tally.add(chunk, outcomes);
    for (const [i, output] of outputs.entries()) await output.write(texts[i] as string);
    this.#progress(this.tally.total);
  }
}
