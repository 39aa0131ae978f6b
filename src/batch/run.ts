// What every run over the parts of an input has in common: it counts the rows, measures itself, and closes its files.

import { type ChunkLimits, chunksOf } from "../files/chunks.js";
import type { Input } from "../files/input.js";
import type { InputParts } from "../files/input-parts.js";
import { type Output, withOutputs } from "../files/output.js";
import type { PartedOutput } from "../files/output-parts.js";
import type { Refusal } from "./rows.js";
import { type MaxLeftOut, Tally } from "./tally.js";
import type { PartChunk } from "./thread-messages.js";

/**
 * Opens what a run writes: a file for each part of its input, or one for all. A run calls it when its threads have
 * started and its inputs are known to be there.
 */
export type OpenOutput = () => PartedOutput;

export interface RunSettings {
  readonly input: InputParts;
  /** How many rows may be left out before the run fails; any number by default. */
  readonly maxLeftOut?: MaxLeftOut | undefined;
  /** Opens the list of rows left out, if there is one. */
  readonly openErrors?: (() => Output) | undefined;
  /** Called after each chunk with the number of rows done. */
  readonly progress?: ((rows: number) => void) | undefined;
}

/** One run: its rows, and what became of them. */
export class RowRun {
  readonly input: InputParts;
  readonly tally: Tally;
  readonly #settings: RunSettings;

  constructor(settings: RunSettings) {
    this.#settings = settings;
    this.input = settings.input;
    this.tally = new Tally(settings.openErrors?.());
    this.tally.parts = settings.input.inputs.length;
  }

  /** The rows of all parts. Throws a Failure when a part changes meanwhile, and when one was added in the end. */
  async *chunks(limits: ChunkLimits): AsyncGenerator<PartChunk> {
    let index = 0;
    for (const [part, input] of this.input.inputs.entries()) {
      for await (const chunk of chunksOf(input.pieces(), limits)) yield { ...chunk, index: index++, part };
    }
    this.input.requireComplete();
  }

  /** Counts the rows of a chunk. */
  async add({ numbers, part }: PartChunk, outcomes: readonly (Refusal | null)[]): Promise<void> {
    const place = this.input.areParts ? { numbers, file: (this.input.inputs[part] as Input).name } : { numbers };
    await this.tally.add(place, outcomes);
    this.#settings.progress?.(this.tally.total);
  }

  /** To be asked when all rows are done, before anything is written for good. Throws TooManyLeftOut. */
  requireFew(): void {
    if (this.#settings.maxLeftOut !== undefined) this.tally.requireFew(this.#settings.maxLeftOut);
  }

  /** Runs `work` on the outputs, which appear together with the list of rows left out. Counts their bytes. */
  async write(outputs: readonly OpenOutput[], work: (opened: readonly PartedOutput[]) => Promise<void>): Promise<void> {
    let written: readonly PartedOutput[] = [];
    await withOutputs<PartedOutput>(outputs, this.tally.lists, (opened) => work((written = opened)));
    this.tally.bytesWritten = written.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
  }
}

/** Does a run, and returns its counts. */
export async function runOver(settings: RunSettings, work: (run: RowRun) => Promise<void>): Promise<Tally> {
  const run = new RowRun(settings);
  const { input, tally } = run;
  const started = performance.now();
  try {
    await work(run);
    return tally;
  } finally {
    tally.bytesRead += input.bytesRead;
    tally.seconds = (performance.now() - started) / 1000;
    tally.list?.discard();
    input.close();
  }
}
