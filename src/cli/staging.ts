// `prio staging`: turns clients' pings into both servers' files of shares, one directory for each server and batch.

import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { importPings } from "../batch/ping-import.js";
import { ClosedPipe, Failure, systemFailure } from "../files/failure.js";
import { canonicalPath, fileIdentity } from "../files/file-identity.js";
import { Input, MAX_EXPANSION } from "../files/input.js";
import { inputFiles } from "../files/input-files.js";
import { openOutput } from "../files/output.js";
import {
  isWithin,
  type NamedFile,
  protectedFiles,
  requireDistinctPaths,
  requireOutsideReplays,
} from "./distinct-paths.js";
import { usageFailure } from "./exit.js";
import { type Options, requireNoDash } from "./options.js";
import type { Run } from "./run.js";
import { closedPipeFailure, errorsFileFrom } from "./stage.js";
import { reportCounts } from "./stage-result.js";

/** Batches that the summary names. */
const SHOWN_BATCHES = 10;
const MAX_PARTS = 10_000;

export async function staging(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  options.require("date", "input", "output");
  requireNoDash(options, "output", "data-config");
  const date = dateFrom(options);
  const parts = options.integer("parts", 1) ?? 1;
  if (parts > MAX_PARTS) throw usageFailure(`--parts: expected at most ${MAX_PARTS}, got ${parts}`);
  const directory = join(options.required("output"), `submission_date=${date}`);
  const errors = errorsFileFrom(run);
  const files = inputFiles(options.required("input"), date);
  requireApart(run, directory, files, errors);
  const batchIds = batchIdsFrom(options.text("data-config"));
  const inputs = files.map((path) => new Input(path, io.stdin, MAX_EXPANSION.values));
  const progress = reporter.progress("staging", io.env, sizeOf(inputs), () =>
    inputs.reduce((sum, input) => sum + input.bytesRead, 0),
  );
  const { tally, pings, batches } = await importPings({
    inputs,
    directory,
    parts,
    batchIds,
    openErrors: errors && (() => openOutput(errors.path, io)),
    progress: (reports) => progress.rows(reports),
  })
    .catch((error: unknown) => {
      throw error instanceof ClosedPipe ? closedPipeFailure(error, [{ option: "output", path: directory }]) : error;
    })
    .finally(() => progress.clear());
  reporter.info(summary(pings, batches));
  return reportCounts(run, { stage: "staging", tally, isFilter: errors?.path === "-" });
}

/**
 * Refuses an output that would replace a file that the run reads or writes besides, and one that the next run would
 * read as input.
 */
function requireApart(run: Run, directory: string, inputs: readonly string[], errors: NamedFile | undefined): void {
  const { options } = run;
  requireDistinctPaths(run, errors === undefined ? [] : [errors]);
  const listedHere = errors === undefined || errors.path === "-" ? [] : [errors];
  requireOutsideReplays(options, [{ option: "output", path: directory }]);
  const day = canonicalPath(directory);
  const read = inputs.map((path) => ({ option: "input", path }));
  const replays = options.texts("replays").map((path) => ({ option: "replays", path }));
  for (const { option, path } of [...protectedFiles(options), ...listedHere, ...read, ...replays]) {
    if (path === "-" || !isWithin(day, canonicalPath(path))) continue;
    throw usageFailure(
      `--output would replace what --${option} names: ${path}`,
      `a run replaces everything in ${directory}`,
    );
  }
  const input = options.required("input");
  const listed = listedHere.map(({ path }) => fileIdentity(path))[0];
  for (const path of inputs) {
    if (path !== "-" && listed !== undefined && fileIdentity(path) === listed) {
      throw usageFailure(`--errors would write over the file of --input: ${path}`, "name another file");
    }
  }
  if (input === "-") return;
  const folder = canonicalPath(input);
  for (const { option, path } of [{ option: "output", path: directory }, ...listedHere]) {
    if (!isWithin(folder, canonicalPath(path))) continue;
    throw usageFailure(`--${option} is in the directory of --input: ${path}`, "the next run would read it as pings");
  }
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

/** In bytes: room for thousands of batches. */
const MAX_DATA_CONFIG = 2 ** 20;

/** The batch ids in the file of --data-config, which is Mozilla's: [{"batch_id": "…", "n_data": n}, …]. */
function batchIdsFrom(path: string | undefined): ReadonlySet<string> | undefined {
  if (path === undefined) return undefined;
  const value = readJson(path);
  const ids = Array.isArray(value)
    ? value.map((entry: unknown) => (entry as { batch_id?: unknown } | null)?.batch_id)
    : [];
  if (ids.length === 0 || !ids.every((id) => typeof id === "string")) {
    throw usageFailure(`${path}: expected a JSON array of objects with a "batch_id"`);
  }
  return new Set(ids);
}

function readJson(path: string): unknown {
  try {
    const { size } = statSync(path);
    if (size > MAX_DATA_CONFIG) throw new Failure(`${path}: expected at most ${MAX_DATA_CONFIG} bytes, got ${size}`);
    const text = readFileSync(path, "utf8");
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** How many pings there were, and how many reports of which batch. */
function summary(pings: number, batches: ReadonlyMap<string, number>): string {
  const reports = [...batches.values()].reduce((sum, count) => sum + count, 0);
  const named = [...batches].slice(0, SHOWN_BATCHES).map(([batchId, count]) => `${JSON.stringify(batchId)}: ${count}`);
  const rest = batches.size > named.length ? [`${batches.size - named.length} more batches`] : [];
  return [`pings: ${pings}, reports: ${reports}`, ...named, ...rest].join(", ");
}
