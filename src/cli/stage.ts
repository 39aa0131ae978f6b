// What all commands over a file of rows share: the input, the progress line, and the counts at the end.

import { Input } from "../batch/input.js";
import type { ExchangedFiles } from "../batch/messages.js";
import type { StageSettings } from "../batch/stages.js";
import type { Tally } from "../batch/tally.js";
import { jobsFrom, QUERY_POINTS } from "./batch-options.js";
import { EXIT } from "./exit.js";
import { hintFor } from "./hints.js";
import type { Run } from "./run.js";

/**
 * Runs a stage over the rows of --input, reports how many were left out and why, and returns the exit code.
 * `directories` are the ones that the stage writes to; "-" is standard output.
 */
export async function runStage(
  run: Run,
  name: string,
  directories: readonly string[],
  stage: (settings: StageSettings) => Promise<Tally>,
): Promise<number> {
  const { options, reporter, io } = run;
  const input = new Input(options.required("input"), io.stdin);
  const progress = reporter.progress(name, io.env, input.size, () => input.bytesRead);
  const tally = await stage({
    input,
    jobs: jobsFrom(options, input.size),
    errorsFile: options.text("errors"),
    progress: (rows) => progress.rows(rows),
  }).finally(() => progress.clear());
  return reportCounts(run, tally, directories);
}

/** The files that --input-internal and --input-external name. */
export function exchangedFiles({ options, io }: Run): ExchangedFiles {
  return {
    internal: new Input(options.required("input-internal"), io.stdin),
    external: new Input(options.required("input-external"), io.stdin),
  };
}

/** Reports the counts, on standard output unless the rows go there, and returns the exit code. */
function reportCounts({ options, reporter, io }: Run, tally: Tally, directories: readonly string[]): number {
  // The sentence is that of Python's command.
  const counts = `${tally.errors} errors out of ${tally.total} total`;
  if (directories.includes("-")) reporter.plain(counts);
  else io.stdout.write(`${counts}\n`);
  const reasons = tally.reasons.map(([reason, count]) => `${count} ${reason}`);
  if (reasons.length > 0) reporter.info(`left out: ${reasons.join(", ")}`);
  const hint = hintFor(tally, options.choice("query-points", QUERY_POINTS) ?? "stream");
  if (hint !== undefined) reporter.hint(hint);
  return options.flag("strict") && tally.errors > 0 ? EXIT.refused : EXIT.done;
}
