// The result of a stage: reports how many rows were left out, with a hint at the usual cause, and chooses the exit
// code.

import type { Tally, TooManyLeftOut } from "../batch/tally.js";
import { QUERY_POINTS } from "./batch-options.js";
import { EXIT } from "./exit.js";
import { hintFor } from "./hints.js";
import type { Run } from "./run.js";
import { wrongFile } from "./wrong-file.js";

/** When this share of the rows or less came through, something is probably wrong with the run. */
const SUSPICIOUS_SHARE = 0.1;

/** What a stage did: its name, what its input is called, its counts, and whether its rows went to standard output. */
export interface StageResult {
  readonly stage: string;
  readonly input: string;
  readonly tally: Tally;
  readonly isFilter: boolean;
}

/**
 * Reports the counts, on standard output unless the rows go there, and returns the exit code. A run that let nothing
 * through is done as well, but a script must not go on as if it were a usual one.
 */
export async function reportCounts(run: Run, result: StageResult): Promise<number> {
  const { options, reporter } = run;
  const { input, tally } = result;
  const passed = tally.total - tally.leftOut;
  reportReasons(run, result);
  if (tally.total === 0) reporter.warn(`${input} has no rows`);
  const hint = await hintOf(run, result);
  if (passed === 0 && !options.flag("allow-empty")) {
    const message = tally.total === 0 ? "no row came through" : `none of the ${tally.total} rows came through`;
    reporter.error({ message, hint: hint ?? "if that may happen, give --allow-empty" });
    return EXIT.noRows;
  }
  if (isSuspicious(tally)) reporter.warn(`only ${passed} of ${tally.total} rows came through`);
  if (hint !== undefined) reporter.hint(hint);
  return options.flag("strict") && tally.leftOut > 0 ? EXIT.someLeftOut : EXIT.done;
}

/** Reports a run that --max-errors has stopped, and returns the exit code. */
export async function reportTooMany(run: Run, result: StageResult, { message }: TooManyLeftOut): Promise<number> {
  reportReasons(run, result);
  run.reporter.error({
    message: `--max-errors: ${message}`,
    hint: (await hintOf(run, result)) ?? "nothing was written",
  });
  return EXIT.tooManyLeftOut;
}

function reportReasons({ reporter, io }: Run, { tally, isFilter }: StageResult): void {
  // The sentence is that of Python's command.
  const counts = `${tally.leftOut} errors out of ${tally.total} total`;
  if (isFilter) reporter.plain(counts);
  else io.stdout.write(`${counts}\n`);
  const reasons = tally.reasons.map(([reason, count]) => `${count} ${reason}`);
  if (reasons.length > 0) reporter.info(`left out: ${reasons.join(", ")}`);
  const byKey = tally.openedByKey.map((count, i) => `key ${i + 1}: ${count}`);
  if (byKey.length > 0) reporter.info(`opened with ${byKey.join(", ")}`);
  if (tally.hadNoNoise) {
    reporter.warn(
      "an earlier aggregate of these reports had no noise: if it left this machine, noise hides nothing now",
    );
  }
}

function isSuspicious({ total, leftOut }: Tally): boolean {
  return total > 0 && total - leftOut <= SUSPICIOUS_SHARE * total;
}

/** What usually causes such counts, if that is known. */
async function hintOf(run: Run, { stage, tally }: StageResult): Promise<string | undefined> {
  const wrong = isSuspicious(tally) ? await wrongFile(run, stage) : undefined;
  return wrong ?? hintFor(tally, run.options.choice("query-points", QUERY_POINTS) ?? "stream");
}
