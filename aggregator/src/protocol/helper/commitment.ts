// The transaction in which the helper commits to what it answers (DAP-18, section 4.5.4.3): replayed reports and
// reports of collected batches are refused, verified ones are added to their buckets, and the answer is stored.

import { encodeAggregationJobResp, ReportError } from "prio/dap";
import type { PartialAggregate, Transaction } from "../../store/store.js";
import type { AggregatorTask } from "../../tasks/task.js";
import { bucketOf } from "../buckets.js";
import { keyOf } from "../bytes.js";
import { addCounters, COUNTERS, refusedCounter } from "../counters.js";
import { partialsOf, type Verified } from "../partials.js";
import { answerOf, refused, type Verdict } from "./verify.js";

/** Other reports were refused when the transaction was tried again: they have to be verified anew. */
class VerifyAgain extends Error {
  override readonly name = "VerifyAgain";
}

/** Verifies again where another request's reports were refused in between: rare, and only where databases conflict. */
export async function verifyAnew<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 10; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof VerifyAgain) || left === 0) throw error;
    }
  }
}

/** What a helper commits to. One object is for one attempt at a request. */
export class Commitment {
  readonly #task: AggregatorTask;
  readonly #batch: Uint8Array | null;
  readonly #verdicts: readonly Verdict[];
  /** The partials, and the reports that were not refused when they were made: an output share is added only once. */
  #made: { readonly ids: string; readonly partials: PartialAggregate[] } | undefined;

  constructor(task: AggregatorTask, batch: Uint8Array | null, verdicts: readonly Verdict[]) {
    this.#task = task;
    this.#batch = batch;
    this.#verdicts = verdicts;
  }

  /**
   * Commits to reports of a job, within a transaction that holds the task, and returns the verdicts that stand and the
   * answer's bytes. `isFirst` is true for the request that creates the job: then their ids join the replay record.
   */
  async commit(
    tx: Transaction,
    job: Uint8Array,
    isFirst: boolean,
  ): Promise<{ readonly verdicts: readonly Verdict[]; readonly answer: Uint8Array }> {
    const { key } = this.#task;
    let verdicts = this.#verdicts;
    const refuse = (error: number, isRefused: (verdict: Verdict) => boolean) => {
      verdicts = verdicts.map((verdict) =>
        verdict.outcome.status !== "refused" && isRefused(verdict) ? { ...verdict, outcome: refused(error) } : verdict,
      );
    };
    const nameOf = (time: number) => bucketOf(time, this.#batch);
    const buckets = new Map(
      accepted(verdicts)
        .map(({ time }) => nameOf(time))
        .map((name) => [keyOf(name), name]),
    );
    const collected = new Set((await tx.collectedAmong(key, [...buckets.values()])).map(keyOf));
    if (collected.size > 0) refuse(ReportError.batchCollected, ({ time }) => collected.has(keyOf(nameOf(time))));
    if (isFirst) {
      const keys = accepted(verdicts).map(({ id, time }) => ({ id, time }));
      const replayed = new Set((await tx.insertReplayKeys(key, keys)).map(keyOf));
      if (replayed.size > 0) refuse(ReportError.reportReplayed, ({ id }) => replayed.has(keyOf(id)));
    }
    const partials = this.#partialsOf(verdicts);
    if (partials.length > 0) await tx.insertPartials(key, job, partials);
    await addCounters(tx, key, countersOf(verdicts, partials));
    return { verdicts, answer: encodeAggregationJobResp(answerOf(verdicts)) };
  }

  #partialsOf(verdicts: readonly Verdict[]): PartialAggregate[] {
    const verified: Verified[] = [];
    for (const { id, time, outcome } of verdicts) {
      if (outcome.status === "finished") verified.push({ id, time, output: outcome.output });
    }
    const ids = verified.map(({ id }) => keyOf(id)).join("");
    if (this.#made !== undefined && this.#made.ids !== ids) throw new VerifyAgain();
    this.#made ??= { ids, partials: partialsOf(this.#task.vdaf, this.#batch, verified) };
    return this.#made.partials;
  }
}

const accepted = (verdicts: readonly Verdict[]): readonly Verdict[] =>
  verdicts.filter(({ outcome }) => outcome.status !== "refused");

function countersOf(verdicts: readonly Verdict[], partials: readonly PartialAggregate[]): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (name: string, n: number) => sums.set(name, (sums.get(name) ?? 0) + n);
  for (const { outcome } of verdicts) if (outcome.status === "refused") add(refusedCounter(outcome.error), 1);
  for (const { count } of partials) add(COUNTERS.aggregated, count);
  return sums;
}
