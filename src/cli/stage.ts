// What all commands over rows share: their files, the progress line, and the counts at the end.

import { existsSync } from "node:fs";
import type { ExchangedFiles } from "../batch/exchanged-messages.js";
import type { OpenOutput } from "../batch/run.js";
import type { StageSettings } from "../batch/stages.js";
import { type Tally, TooManyLeftOut } from "../batch/tally.js";
import { ClosedPipe, Failure } from "../files/failure.js";
import { MAX_EXPANSION } from "../files/input.js";
import { InputParts } from "../files/input-parts.js";
import { openOutput, outputName, outputPath } from "../files/output.js";
import { openParts, SingleOutput } from "../files/output-parts.js";
import { jobsFrom, maxErrorsFrom } from "./batch-options.js";
import { type NamedFile, requireDistinctPaths, requireOtherFiles } from "./distinct-paths.js";
import { usageFailure } from "./exit.js";
import { requireNoDash, requireOneDash } from "./options.js";
import type { Progress } from "./progress.js";
import { replaysFrom } from "./replay-options.js";
import type { Run } from "./run.js";
import { reportCounts, reportTooMany } from "./stage-result.js";
import { openSummary } from "./summary.js";

/** What a stage writes: a file, or a directory with a file of each of these names. */
export interface StageOutput extends NamedFile {
  readonly names?: readonly string[];
  /** Permissions of the files before the umask, where not everybody may read them. */
  readonly mode?: number;
  /** Whether the files are written in any order. */
  readonly anyOrder?: boolean;
  /** Whether what is written gets a line end that it does not have. */
  readonly endsLines?: boolean;
}

/** What one server tells the other is for no client: its files are for their owner alone. */
export const OWNER_ONLY = 0o600;

/** As many ways to open an output as there are outputs. */
type Openings<Outputs extends readonly StageOutput[]> = { readonly [i in keyof Outputs]: OpenOutput };

/** The files of an option. Throws a usage failure when "-" stands beside others. */
export function partsFrom({ options, reporter, io }: Run, option: string, maxExpansion?: number): InputParts {
  options.require(option);
  const paths = options.texts(option);
  if (paths.length > 1 && paths.includes("-")) {
    throw usageFailure(`--${option}: - can only be read alone`, "for several files, name them or their directory");
  }
  // A job of Hadoop or Spark writes there until all is done, and leaves it behind when it fails.
  const unfinished = paths.find((path) => existsSync(`${path}/_temporary`) && !existsSync(`${path}/_SUCCESS`));
  if (unfinished !== undefined) {
    reporter.warn(`${unfinished} has _temporary and no _SUCCESS: a job still writes to it, or has failed`);
  }
  return InputParts.of(paths, { stdin: io.stdin, ...(maxExpansion !== undefined && { maxExpansion }) });
}

/** The rows of --input, for a stage of a server. */
export function inputFrom(run: Run): InputParts {
  return partsFrom(run, "input", MAX_EXPANSION.messages);
}

/** The name of what is written for a file. */
export function nameOf({ inputs }: InputParts): string {
  return outputName(inputs[0]?.path ?? "-");
}

/**
 * What a stage writes for the rows of its input: parts of the same names for parts, and a file of the same name for a
 * file. `name` replaces that one.
 */
export function outputOf(
  { options }: Run,
  option: string,
  input: InputParts,
  { name = nameOf(input), mode }: { readonly name?: string; readonly mode?: number } = {},
): StageOutput {
  const directory = options.required(option);
  const permissions = mode === undefined ? {} : { mode };
  return input.areParts && directory !== "-"
    ? { option, path: directory, names: input.names, ...permissions }
    : { option, path: outputPath(directory, name), ...permissions };
}

/**
 * Runs a stage over the rows of its first input, reports how many were left out and why, and returns the exit code.
 * `outputs` are what the stage writes, besides the list of --errors and the file of --summary.
 */
export function runStage<const Outputs extends readonly StageOutput[]>(
  run: Run,
  name: string,
  inputs: readonly [rows: InputParts, ...messages: InputParts[]],
  outputs: Outputs,
  stage: (settings: StageSettings, outputs: Openings<Outputs>) => Promise<Tally>,
): Promise<number> {
  const { options, reporter, io } = run;
  const [input] = inputs;
  const errors = fileFrom(run, "errors");
  const written = [...outputs, ...besidesFrom(run)];
  requireOneDash(options, ...written.map(({ option }) => option));
  requireNoDash(options, "replays");
  const files = written.filter(isFile);
  requireDistinctPaths(
    run,
    files,
    outputs.filter((output) => !isFile(output)),
  );
  requireOtherFiles(
    inputs.flatMap((parts) => parts.inputs),
    files,
  );
  const progress = reporter.progress(name, io.env, input.size, () => input.bytesRead);
  const opening =
    ({ path, names, mode, anyOrder = false, endsLines }: StageOutput): OpenOutput =>
    () =>
      names === undefined
        ? new SingleOutput(openOutput(path, io, mode), endsLines)
        : openParts({ directory: path, names, anyOrder, ...(mode !== undefined && { mode }) }, io);
  const settings = {
    input,
    jobs: jobsFrom(options, input.size),
    maxLeftOut: maxErrorsFrom(options),
    openReplays: replaysFrom(run, name, outputs),
    openErrors: errors && (() => openOutput(errors.path, io)),
    progress: (rows: number) => progress.rows(rows),
  };
  const result = { stage: name, input: input.name, progress, written };
  return runReported(run, result, () => stage(settings, outputs.map(opening) as unknown as Openings<Outputs>));
}

/** What a run is called and writes, the list of --errors and the file of --summary included. */
export interface Reported {
  readonly stage: string;
  /** What its input is called. */
  readonly input: string;
  readonly progress: Progress;
  readonly written: readonly NamedFile[];
}

/** Does the work of a stage, writes the summary, reports the counts, and returns the exit code. */
export async function runReported(
  run: Run,
  { stage, input, progress, written }: Reported,
  work: () => Promise<Tally>,
): Promise<number> {
  const result = { stage, input, isFilter: written.some(({ path }) => path === "-") };
  const summary = openSummary(fileFrom(run, "summary"), run.io);
  try {
    const tally = await work();
    progress.clear();
    await summary.write(stage, tally, true);
    return await reportCounts(run, { ...result, tally });
  } catch (error) {
    progress.clear();
    if (error instanceof TooManyLeftOut) {
      await summary.write(stage, error.tally, false);
      return await reportTooMany(run, { ...result, tally: error.tally }, error);
    }
    const outputs = written.filter(({ option }) => option.startsWith("output"));
    throw error instanceof ClosedPipe ? closedPipeFailure(error, outputs) : error;
  } finally {
    progress.clear();
    summary.discard();
  }
}

/** The files that a run writes besides its output. */
export function besidesFrom(run: Run): NamedFile[] {
  return [fileFrom(run, "errors"), fileFrom(run, "summary")].filter((file) => file !== undefined);
}

function isFile({ names }: StageOutput): boolean {
  return names === undefined;
}

/** The file that an option names, if it does. */
export function fileFrom({ options }: Run, option: "errors" | "summary"): NamedFile | undefined {
  const path = options.text(option);
  return path === undefined ? undefined : { option, path };
}

/** A reader that went away is no error, unless the run has files to write besides. */
function closedPipeFailure(error: ClosedPipe, files: readonly NamedFile[]): unknown {
  const other = files.find(({ path }) => path !== "-");
  if (other === undefined) return error;
  return new Failure(`standard output was closed before the end: nothing was written to ${other.path}`);
}

/** Whether the rows of --input have both servers' messages. Then there are no other files to read. */
export function isJoined({ options }: Run): boolean {
  if (!options.flag("joined")) return false;
  const other = ["input-internal", "input-external"].find((option) => options.isOnCommandLine(option));
  if (other !== undefined) {
    throw usageFailure(`--joined and --${other} cannot be together`, "joined rows have both servers' messages in them");
  }
  return true;
}

/** The files that --input-internal and --input-external name. Throws a usage failure when they have one in common. */
export function exchangedFrom(run: Run): ExchangedFiles {
  const internal = partsFrom(run, "input-internal");
  const external = partsFrom(run, "input-external");
  const own = new Set(internal.inputs.map(({ identity }) => identity));
  const common = external.inputs.find(({ identity }) => identity !== undefined && own.has(identity));
  if (common !== undefined) {
    throw usageFailure(
      `--input-internal and --input-external are one file: ${common.name}`,
      "internal is this server's own file of messages, external the other server's",
    );
  }
  return { internal, external };
}
