// What all commands over a file of rows share: their files, the progress line, and the counts at the end.

import type { ExchangedFiles } from "../batch/exchanged-messages.js";
import type { OpenOutput, StageSettings } from "../batch/stages.js";
import type { Tally } from "../batch/tally.js";
import { ClosedPipe, Failure } from "../files/failure.js";
import { fileIdentity } from "../files/file-identity.js";
import { MAX_EXPANSION } from "../files/input.js";
import { InputParts } from "../files/input-parts.js";
import { openOutput } from "../files/output.js";
import { SingleOutput } from "../files/output-parts.js";
import { jobsFrom } from "./batch-options.js";
import { type NamedFile, requireDistinctPaths } from "./distinct-paths.js";
import { usageFailure } from "./exit.js";
import { requireNoDash, requireOneDash } from "./options.js";
import { replaysFrom } from "./replay-options.js";
import type { Run } from "./run.js";
import { reportCounts } from "./stage-result.js";

/** A file that a stage writes. `mode` is its permissions before the umask, where not everybody may read it. */
export interface StageFile extends NamedFile {
  readonly mode?: number;
}

/** What one server tells the other is for no client: its files are for their owner alone. */
export const OWNER_ONLY = 0o600;

/** As many ways to open an output as there are files. */
type Openings<Files extends readonly StageFile[]> = { readonly [i in keyof Files]: OpenOutput };

/**
 * Runs a stage over the rows of --input, reports how many were left out and why, and returns the exit code. `files`
 * are those that the stage writes, besides the list of --errors.
 */
export async function runStage<const Files extends readonly StageFile[]>(
  run: Run,
  name: string,
  files: Files,
  stage: (settings: StageSettings, outputs: Openings<Files>) => Promise<Tally>,
): Promise<number> {
  const { options, reporter, io } = run;
  const errors = errorsFileFrom(run);
  const written = errors === undefined ? files : [...files, errors];
  requireOneDash(options, ...written.map(({ option }) => option));
  requireNoDash(options, "replays");
  requireDistinctPaths(run, written);
  const input = InputParts.of([options.required("input")], {
    stdin: io.stdin,
    maxExpansion: MAX_EXPANSION[name === "encode-shares" ? "values" : "messages"],
  });
  const progress = reporter.progress(name, io.env, input.size, () => input.bytesRead);
  const opening =
    ({ path, mode }: StageFile): OpenOutput =>
    () =>
      new SingleOutput(openOutput(path, io, mode));
  const settings = {
    input,
    jobs: jobsFrom(options, input.size),
    openReplays: replaysFrom(run, name, files),
    openErrors: errors && (() => openOutput(errors.path, io)),
    progress: (rows: number) => progress.rows(rows),
  };
  try {
    const tally = await stage(settings, files.map(opening) as unknown as Openings<Files>);
    progress.clear();
    return await reportCounts(run, { stage: name, tally, isFilter: written.some(({ path }) => path === "-") });
  } catch (error) {
    throw error instanceof ClosedPipe ? closedPipeFailure(error, files) : error;
  } finally {
    progress.clear();
  }
}

/** The file of --errors. */
export function errorsFileFrom({ options }: Run): NamedFile | undefined {
  const path = options.text("errors");
  return path === undefined ? undefined : { option: "errors", path };
}

/** A reader that went away is no error, unless the run has files to write besides. */
export function closedPipeFailure(error: ClosedPipe, files: readonly NamedFile[]): unknown {
  const other = files.find(({ path }) => path !== "-");
  if (other === undefined) return error;
  return new Failure(`standard output was closed before the end: nothing was written to ${other.path}`);
}

/** The files that --input-internal and --input-external name. Throws a usage failure when they are one. */
export function exchangedFiles({ options, io }: Run): ExchangedFiles {
  const [internal, external] = [options.required("input-internal"), options.required("input-external")];
  const { stdin } = io;
  const files = { internal: InputParts.of([internal], { stdin }), external: InputParts.of([external], { stdin }) };
  if (![internal, external].includes("-") && fileIdentity(internal) === fileIdentity(external)) {
    throw usageFailure(
      `--input-internal and --input-external are one file: ${internal}`,
      "internal is this server's own file of messages, external the other server's",
    );
  }
  return files;
}
