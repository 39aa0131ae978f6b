// What became of a file's rows: counted by reason, listed for --errors, told at the end, and what it usually means when
// nearly all of them were refused.

import { basename, dirname } from "node:path";
import type { QueryPoints } from "../index.js";
import type { Chunk } from "./chunks.js";
import { type Output, openFile } from "./output.js";
import { pythonString, type Reason, type Refusal } from "./rows.js";

/** The part of refused rows from which on it is no longer the clients' doing. */
const NEARLY_ALL = 0.9;
/** So many failures in a row at the end of a file are no coincidence. */
const LOST_STEP = 10;

/** What it usually means when nearly all rows are refused for one reason. */
const USUAL_CAUSE: Partial<Record<Reason, string>> = {
  "malformed-json": "a file of rows has one JSON object a line; compressed files are known by the ending .gz",
  "missing-field": "is this another stage's file? `prio inspect FILE` tells",
  "wrong-length": "does --n-data say how many values a row has?",
  "out-of-range": "booleans are 0 and 1; for integers give --precision",
  "cannot-open":
    "usually the private key is not the one that the packets were made for, or the file is the other server's",
  malformed: "do --n-data and --precision agree with the clients'?",
  "wrong-batch": "does --batch-id agree with the clients'?",
  "wrong-server": "this is the other server's file, or --server-id is wrong",
  "unknown-id-internal": "--input and --input-internal are not of one batch",
  "unknown-id-external": "--input and --input-external are not of one batch",
};

export class Tally {
  total = 0;
  errors = 0;
  readonly #byReason = new Map<Reason, number>();
  readonly #list: Output | undefined;
  /** The last line whose row passed, and how many were refused for their proof since. */
  #lastPassed = 0;
  #failedSince = 0;

  private constructor(list: Output | undefined) {
    this.#list = list;
  }

  /** Opens the file that refused rows are listed in, if any: that it cannot be written is told before any work. */
  static of(errorsFile: string | undefined): Tally {
    return new Tally(errorsFile === undefined ? undefined : openFile(dirname(errorsFile), basename(errorsFile)));
  }

  /** Counts the rows of a chunk and lists those that were refused: line, id and reason, nothing of the content. */
  async add({ numbers }: Pick<Chunk, "numbers">, outcomes: readonly (Refusal | null)[]): Promise<void> {
    let listed = "";
    outcomes.forEach((outcome, i) => {
      const line = numbers[i] as number;
      this.total++;
      if (outcome === null) {
        this.#lastPassed = line;
        this.#failedSince = 0;
        return;
      }
      const { refused, id } = outcome;
      this.errors++;
      this.#byReason.set(refused, this.of(refused) + 1);
      if (refused === "proof-failed") this.#failedSince++;
      listed += `{"line": ${line}, "id": ${id === undefined ? "null" : pythonString(id)}, "reason": "${refused}"}\n`;
    });
    if (listed !== "") await this.#list?.write(listed);
  }

  /** How many rows were refused for a reason. */
  of(reason: Reason): number {
    return this.#byReason.get(reason) ?? 0;
  }

  /** `4 errors out of 20 total`, as Python's command has it. */
  get counts(): string {
    return `${this.errors} errors out of ${this.total} total`;
  }

  /** The reasons with their counts, the most frequent first; undefined when no row was refused. */
  get reasons(): string | undefined {
    if (this.errors === 0) return undefined;
    const counted = [...this.#byReason].sort(([, a], [, b]) => b - a);
    return counted.map(([reason, count]) => `${count} ${reason}`).join(", ");
  }

  /** What it usually means that so many rows were refused, or undefined. */
  hint(queryPoints: QueryPoints): string | undefined {
    const checked = this.total - this.errors + this.of("proof-failed");
    if (this.of("proof-failed") > 0 && this.of("proof-failed") >= NEARLY_ALL * checked) {
      return "when nearly every proof fails, the servers differ in something: the shared secret, --query-points, the order of the rows, --batch-id or --prg-key";
    }
    if (queryPoints === "stream" && this.#failedSince >= LOST_STEP) {
      const after = this.#lastPassed === 0 ? "" : ` after line ${this.#lastPassed}`;
      return `every proof${after} fails: a packet opened at one server only, and the point stream is out of step; --query-points report cannot lose step`;
    }
    const [reason, count] = [...this.#byReason].sort(([, a], [, b]) => b - a)[0] ?? [undefined, 0];
    return reason !== undefined && count >= NEARLY_ALL * this.total ? USUAL_CAUSE[reason] : undefined;
  }

  async commit(): Promise<void> {
    await this.#list?.commit();
  }

  discard(): void {
    this.#list?.discard();
  }
}
