// `prio staging`: turns clients' pings into both servers' files of shares, one directory for each server and batch.

import { join } from "node:path";
import { importPings } from "../batch/ping-import.js";
import { Input, inputName, MAX_EXPANSION } from "../files/input.js";
import { inputFiles } from "../files/input-files.js";
import { openOutput } from "../files/output.js";
import { maxErrorsFrom } from "./batch-options.js";
import { readDataConfig } from "./data-config.js";
import { type NamedFile, requireDistinctPaths, requireNothingIn, requireOtherFiles } from "./distinct-paths.js";
import { usageFailure } from "./exit.js";
import { type Options, requireNoDash, requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { besidesFrom, fileFrom, runReported } from "./stage.js";

/** Batches that the summary names. */
const SHOWN_BATCHES = 10;
const MAX_PARTS = 10_000;

export function staging(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  options.require("date", "input", "output");
  requireNoDash(options, "output", "data-config");
  const date = dateFrom(options);
  const parts = options.integer("parts", 1) ?? 1;
  if (parts > MAX_PARTS) throw usageFailure(`--parts: expected at most ${MAX_PARTS}, got ${parts}`);
  const directory = join(options.required("output"), `submission_date=${date}`);
  const errors = fileFrom(run, "errors");
  const besides = besidesFrom(run);
  requireOneDash(options, ...besides.map(({ option }) => option));
  const paths = options.texts("input");
  const files = paths.flatMap((path) => inputFiles(path, date));
  if (files.length > 1 && paths.includes("-")) throw usageFailure("--input: - can only be read alone");
  requireApart(run, directory, files, besides);
  const batchIds = batchIdsFrom(options.text("data-config"));
  const inputs = files.map((path) => new Input(path, io.stdin, MAX_EXPANSION.values));
  requireOtherFiles(inputs, besides);
  const progress = reporter.progress("staging", io.env, sizeOf(inputs), () =>
    inputs.reduce((sum, input) => sum + input.bytesRead, 0),
  );
  const written = [{ option: "output", path: directory }, ...besides];
  return runReported(run, { stage: "staging", input: inputName(paths[0] as string), progress, written }, async () => {
    const { tally, pings, batches } = await importPings({
      inputs,
      directory,
      parts,
      batchIds,
      maxLeftOut: maxErrorsFrom(options),
      openErrors: errors && (() => openOutput(errors.path, io)),
      progress: (reports) => progress.rows(reports),
    });
    reporter.info(countsOf(pings, batches));
    return tally;
  });
}

/**
 * Refuses an output that would replace a file that the run reads or writes besides, and one that the next run would
 * read as input.
 */
function requireApart(run: Run, directory: string, inputs: readonly string[], besides: readonly NamedFile[]): void {
  const day = { option: "output", path: directory };
  requireDistinctPaths(run, besides, [day]);
  requireNothingIn(
    day,
    inputs.map((path) => ({ option: "input", path })),
  );
}

/** The day in --date, YYYY-MM-DD. */
function dateFrom(options: Options): string {
  const text = options.required("date");
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  // Date.parse takes February 30 for March 1 or 2.
  if (Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== text) {
    throw usageFailure(`--date: expected a day as YYYY-MM-DD, got ${JSON.stringify(text.slice(0, 40))}`);
  }
  return text;
}

/** The bytes of all inputs, or undefined when one is no regular file. */
function sizeOf(inputs: readonly Input[]): number | undefined {
  return inputs.reduce<number | undefined>(
    (sum, { size }) => (sum === undefined || size === undefined ? undefined : sum + size),
    0,
  );
}

/** The batch ids in the file of --data-config. */
function batchIdsFrom(path: string | undefined): ReadonlySet<string> | undefined {
  return path === undefined ? undefined : new Set(readDataConfig(path).map(({ batchId }) => batchId));
}

/** How many pings there were, and how many reports of which batch. */
function countsOf(pings: number, batches: ReadonlyMap<string, number>): string {
  const reports = [...batches.values()].reduce((sum, count) => sum + count, 0);
  const named = [...batches].slice(0, SHOWN_BATCHES).map(([batchId, count]) => `${JSON.stringify(batchId)}: ${count}`);
  const rest = batches.size > named.length ? [`${batches.size - named.length} more batches`] : [];
  return [`pings: ${pings}, reports: ${reports}`, ...named, ...rest].join(", ");
}
