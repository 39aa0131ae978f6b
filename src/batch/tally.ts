// What became of the rows of a run: counts by reason, and the list that --errors names.

import type { Chunk } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import type { Output } from "../files/output.js";
import { pythonString, type Reason, type Refusal } from "./rows.js";

/** What a run has done. Plain data. */
export interface Summary {
  readonly rows: number;
  readonly leftOut: number;
  /** How many rows were left out for each reason that there was. */
  readonly byReason: Readonly<Partial<Record<Reason, number>>>;
  /** Files of the input. */
  readonly parts: number;
  /** Bytes on disk of all files that were read. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly seconds: number;
}

/** How many rows may be left out of a run, or how many of a hundred. */
export type MaxLeftOut = { readonly rows: number } | { readonly percent: number };

/** More rows were left out than a run may leave out. It has written nothing. */
export class TooManyLeftOut extends Failure {
  readonly tally: Tally;

  constructor(tally: Tally, max: MaxLeftOut) {
    const allowed = "rows" in max ? `${max.rows}` : `${max.percent} %`;
    super(`${tally.leftOut} of ${tally.total} rows were left out, more than ${allowed}`, "nothing was written");
    this.tally = tally;
  }
}

/** Counts rows, and lists those that were left out. */
export class Tally {
  /** All rows. */
  total = 0;
  /** Rows that were left out. */
  leftOut = 0;
  /** Where the last row is that was not left out: its line and, of several files, the file. Empty if there was none. */
  lastPassed = "";
  /** How many rows after it were left out because their proof failed. */
  failedSince = 0;
  /** Whether an earlier aggregate of the same reports had no noise, and this one has. */
  hadNoNoise = false;
  /** How many packets each private key has opened, when a server has several. */
  openedByKey: readonly number[] = [];
  parts = 1;
  bytesRead = 0;
  bytesWritten = 0;
  seconds = 0;
  readonly #byReason = new Map<Reason, number>();
  /** The list of rows left out, if there is one. It appears together with the outputs. */
  readonly list: Output | undefined;

  constructor(list: Output | undefined) {
    this.list = list;
  }

  /** What appears together with the outputs of a run. */
  get lists(): Output[] {
    return this.list === undefined ? [] : [this.list];
  }

  /**
   * Counts the rows of a chunk. The list gets the line, the id and the reason of those left out, and nothing of their
   * content. A run over several files names the file, too.
   */
  async add(
    { numbers, file }: Pick<Chunk, "numbers"> & { readonly file?: string },
    outcomes: readonly (Refusal | null)[],
  ): Promise<void> {
    let listed = "";
    const place = file === undefined ? "" : `"file": ${pythonString(file)}, `;
    let lastPassed = 0;
    outcomes.forEach((outcome, i) => {
      const line = numbers[i] as number;
      this.total++;
      if (outcome === null) {
        lastPassed = line;
        this.failedSince = 0;
        return;
      }
      const { refused, id } = outcome;
      this.leftOut++;
      this.#byReason.set(refused, this.countOf(refused) + 1);
      if (refused === "proof-failed") this.failedSince++;
      const shownId = id === undefined ? "null" : pythonString(id);
      listed += `{${place}"line": ${line}, "id": ${shownId}, "reason": "${refused}"}\n`;
    });
    if (lastPassed > 0) this.lastPassed = file === undefined ? `line ${lastPassed}` : `line ${lastPassed} of ${file}`;
    if (listed !== "") await this.list?.write(listed);
  }

  /** How many rows were left out for a reason. */
  countOf(reason: Reason): number {
    return this.#byReason.get(reason) ?? 0;
  }

  /** Throws TooManyLeftOut when more rows were left out than may be. */
  requireFew(max: MaxLeftOut): void {
    const allowed = "rows" in max ? max.rows : (max.percent / 100) * this.total;
    if (this.leftOut > allowed) throw new TooManyLeftOut(this, max);
  }

  get summary(): Summary {
    const { total: rows, leftOut, parts, bytesRead, bytesWritten, seconds } = this;
    const byReason = Object.fromEntries(this.reasons);
    return { rows, leftOut, byReason, parts, bytesRead, bytesWritten, seconds };
  }

  /** The reasons with their counts, the most frequent first. */
  get reasons(): (readonly [Reason, number])[] {
    return [...this.#byReason].sort(([, a], [, b]) => b - a);
  }
}
