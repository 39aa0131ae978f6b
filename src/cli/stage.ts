// What the commands over a file of rows have in common: the input, the progress line, the counts at the end.

import { Input } from "../batch/input.js";
import type { ExchangedFiles, StageOptions } from "../batch/stages.js";
import type { Tally } from "../batch/tally.js";
import { EXIT } from "./exit.js";
import { jobsFrom, QUERY_POINTS } from "./options.js";
import type { Run } from "./run.js";

/** Runs a stage over the rows of --input, tells what became of them, and gives the exit code. `directories` are written to. */
export async function runStage(
  run: Run,
  name: string,
  directories: readonly string[],
  stage: (options: StageOptions) => Promise<Tally>,
): Promise<number> {
  const { given, talk, around } = run;
  const input = new Input(given.required("input"), around.stdin);
  const progress = talk.progress(name, around.env, input.size, () => input.bytesRead);
  const tally = await stage({
    input,
    jobs: jobsFrom(given, input.size),
    errorsFile: given.text("errors"),
    progress: (rows) => progress.rows(rows),
  }).finally(() => progress.clear());
  return conclude(run, tally, directories);
}

/** The files of --input-internal and --input-external. */
export function exchangedFiles({ given, around }: Run): ExchangedFiles {
  return {
    internal: new Input(given.required("input-internal"), around.stdin),
    external: new Input(given.required("input-external"), around.stdin),
  };
}

/** Tells the counts, on standard output unless rows go there, and gives the exit code. */
function conclude({ given, talk, around }: Run, tally: Tally, outputs: readonly string[]): number {
  if (outputs.includes("-")) talk.plain(tally.counts);
  else around.stdout.write(`${tally.counts}\n`);
  if (tally.reasons !== undefined) talk.say(`left out: ${tally.reasons}`);
  const hint = tally.hint(given.choice("query-points", QUERY_POINTS) ?? "stream");
  if (hint !== undefined) talk.hint(hint);
  return given.flag("strict") && tally.errors > 0 ? EXIT.refused : EXIT.done;
}
