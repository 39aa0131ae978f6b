// One run of the command: parses the command line, runs the command that it names, and reports what went wrong. It
// takes everything as arguments, so that tests can run it inside their own process.

import { type Command, CommanderError } from "commander";
import { ClosedPipe, Failure, systemFailure } from "../files/failure.js";
import { flushed } from "../files/output.js";
import { PrioError } from "../index.js";
import { EXIT, exitCodeOf, usageFailure } from "./exit.js";
import { Interrupted, type Io } from "./io.js";
import { MANUAL, manual } from "./manual.js";
import { Options, type OptionValues } from "./options.js";
import { buildProgram, type Work } from "./program.js";
import { replayFailure } from "./replay-options.js";
import { Reporter } from "./reporter.js";
import { version } from "./version.js";

/** The command that the command line names. */
interface Chosen {
  readonly values: OptionValues;
  readonly work: Work;
  readonly arguments: readonly string[];
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
    if (error instanceof Interrupted) return error.exitCode;
    const failure = failureOf(error);
    reporter.error(failure);
    return exitCodeOf(failure);
  }
}

function start(chosen: Chosen, reporter: Reporter, io: Io): Promise<number> | number {
  return chosen.work({ options: new Options(chosen.values, io.env), reporter, io }, chosen.arguments);
}

/** The command that the command line names, or the exit code when it asks for help or the version only. */
function parse(argv: readonly string[], io: Io): Chosen | number {
  const chosen: Chosen[] = [];
  const program = buildProgram(io, version(), (values, work, args) => {
    chosen.push({ values, work, arguments: args });
  });
  const [first, second] = argv;
  if (first === "help" && second === MANUAL) return { values: new Map(), work: manual, arguments: [] };
  const unknown = unknownCommand(argv, program);
  try {
    program.parse(unknown === undefined ? argv : [unknown], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Without a command, commander shows the help; the exit code says that nobody asked for it.
    if (error.code === "commander.help") return argv.length === 0 ? EXIT.usage : error.exitCode;
    if (error.exitCode === 0) return EXIT.done;
    throw usageOf(error, program, argv);
  }
  return chosen[0] ?? EXIT.done;
}

/**
 * The name of a command that does not exist, where commander would answer with the general help: in `help verfy1`,
 * `--help verfy1` and `verfy1 --help`.
 */
function unknownCommand(argv: readonly string[], program: Command): string | undefined {
  const [first = "", second = ""] = argv;
  const name = ["help", "--help", "-h"].includes(first) ? second : first;
  if (name === "" || name.startsWith("-") || name === "help") return undefined;
  return program.commands.some((command) => command.name() === name) ? undefined : name;
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
  return usageFailure(sentence.replace(/\.$/, ""), hint);
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
