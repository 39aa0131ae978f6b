// One run of the command: parses the command line, runs the command that it names, and reports what went wrong. It
// takes everything as arguments, so that tests can run it inside their own process.

import { readFileSync } from "node:fs";
import { type Command, CommanderError } from "commander";
import { ClosedPipe, Failure, systemFailure } from "../files/failure.js";
import { flushed } from "../files/output.js";
import { PrioError } from "../index.js";
import { EXIT, exitCodeOf, usage } from "./exit.js";
import type { Io } from "./io.js";
import { Options, type OptionValues } from "./options.js";
import { buildProgram, type Definition } from "./program.js";
import { replayFailure } from "./replays.js";
import { Reporter } from "./reporter.js";

/** The command that the command line names. */
interface Chosen {
  readonly values: OptionValues;
  readonly work: Definition["work"];
  readonly argument: string;
}

/** Runs the command line and returns the exit code. Never throws. */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  let reporter = new Reporter(io, argv.includes("--quiet"));
  try {
    const chosen = parse(argv, io);
    reporter = new Reporter(io, typeof chosen !== "number" && chosen.values.has("quiet"));
    const exitCode = typeof chosen === "number" ? chosen : await start(chosen, reporter, io);
    // Commands write without waiting. Whether all of it has left shows here.
    await flushed(io.stdout);
    return exitCode;
  } catch (error) {
    if (error instanceof ClosedPipe) return EXIT.done;
    const failure = failureOf(error);
    reporter.error(failure);
    return exitCodeOf(failure);
  }
}

function start({ values, work, argument }: Chosen, reporter: Reporter, io: Io): Promise<number> | number {
  return work({ options: new Options(values, io.env), reporter, io }, argument);
}

/** The command that the command line names, or the exit code when it asks for help or the version only. */
function parse(argv: readonly string[], io: Io): Chosen | number {
  const chosen: Chosen[] = [];
  const program = buildProgram(io, version(), (values, work, argument) => {
    chosen.push({ values, work, argument });
  });
  // commander answers `help verfy1` with the general help. Report the misspelt name instead, as for `verfy1`.
  const [first, second] = argv;
  const isHelpOfNothing =
    first === "help" && second !== undefined && !program.commands.some((x) => x.name() === second);
  try {
    program.parse(isHelpOfNothing ? [second] : argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Without a command, commander shows the help; the exit code says that nobody asked for it.
    if (error.code === "commander.help") return argv.length === 0 ? EXIT.usage : error.exitCode;
    if (error.exitCode === 0) return EXIT.done;
    throw usageOf(error, program, argv);
  }
  return chosen[0] ?? EXIT.done;
}

/** commander's error as one of ours, with its suggestion as the hint. */
function usageOf(error: CommanderError, program: Command, argv: readonly string[]): Failure {
  const [sentence = "", suggestion] = error.message.replace(/^error: /, "").split("\n");
  const meant = /Did you mean (.*)\?/.exec(suggestion ?? "")?.[1];
  const command = program.commands.find((x) => x.name() === argv[0])?.name();
  const hint =
    meant === undefined
      ? `see \`prio ${command === undefined ? "--help" : `help ${command}`}\``
      : `did you mean ${meant}?`;
  return usage(sentence.replace(/\.$/, ""), hint);
}

/** Any error as a failure. */
function failureOf(error: unknown): Failure {
  const failure = systemFailure(replayFailure(error), "system error");
  if (failure instanceof Failure) return failure;
  if (failure instanceof PrioError) return new Failure(failure.message);
  // A bug of ours. The stack says where it is.
  const trace = failure instanceof Error ? (failure.stack ?? failure.message) : typeof failure;
  return new Failure(`unexpected ${trace.split(/\s*\n\s*/).join("; ")}`, "this is a fault of prio, please report it");
}

/** The package's version, from the package.json above dist/. */
function version(): string {
  try {
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    return version;
  } catch {
    return "unknown";
  }
}
