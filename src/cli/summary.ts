// --summary: what a run has done, as a JSON object for programs.

import type { Tally } from "../batch/tally.js";
import { type Output, type OutputStreams, openOutput, withOutputs } from "../files/output.js";
import type { NamedFile } from "./distinct-paths.js";

/** What a publication has done. */
interface PublishedCounts {
  /** Batches. */
  readonly published: number;
  readonly missing?: number;
  readonly failed?: number;
  readonly rows: number;
  readonly errors: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** When it began, as performance.now() gives it. */
  readonly started: number;
}

/** The file of --summary. It is opened before the work: at its end, it would be late to say that it cannot be. */
class SummaryFile {
  readonly #output: Output | undefined;

  constructor(output: Output | undefined) {
    this.#output = output;
  }

  /** Writes the summary of a stage. `isWritten` says whether the stage has written its output. */
  write(stage: string, tally: Tally, isWritten: boolean): Promise<void> {
    const { rows, leftOut, byReason, parts, bytesRead, bytesWritten, seconds } = tally.summary;
    return this.writeFacts({
      stage,
      written: isWritten,
      parts,
      rows,
      errors: leftOut,
      reasons: byReason,
      ...(tally.openedByKey.length > 0 && { opened_by_key: tally.openedByKey }),
      bytes_read: bytesRead,
      bytes_written: bytesWritten,
      seconds: rounded(seconds),
    });
  }

  /** Writes the summary of a publication. Its counts are those of this server's aggregates. */
  writeTotals({ bytesRead, bytesWritten, started, ...counts }: PublishedCounts): Promise<void> {
    return this.writeFacts({
      stage: "publish",
      written: true,
      ...counts,
      reports: counts.rows - counts.errors,
      reasons: {},
      bytes_read: bytesRead,
      bytes_written: bytesWritten,
      seconds: rounded((performance.now() - started) / 1000),
    });
  }

  async writeFacts(facts: Readonly<Record<string, unknown>>): Promise<void> {
    const output = this.#output;
    if (output === undefined) return;
    await withOutputs([() => output], [], () => output.write(`${JSON.stringify(facts)}\n`));
  }

  /** Leaves no trace of a summary that was not written. */
  discard(): void {
    this.#output?.discard();
  }
}

/** Opens the file, if there is one. Throws a Failure when it cannot be written. */
export function openSummary(file: NamedFile | undefined, streams: OutputStreams): SummaryFile {
  return new SummaryFile(file && openOutput(file.path, streams));
}

/** Seconds in milliseconds. */
export function rounded(seconds: number): number {
  return Math.round(1000 * seconds) / 1000;
}
