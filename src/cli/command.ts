// One run of the command: reads the command line, does what it says, tells what went wrong. Everything comes by argument, so
// that tests can run it inside their own process.

import { readFileSync } from "node:fs";
import { type Command, CommanderError } from "commander";
import { ClosedPipe, Failure, systemFailure } from "../batch/failure.js";
import { PrioError } from "../index.js";
import { EXIT, exitCodeOf, usage } from "./exit.js";
import type { Surroundings } from "./io.js";
import { Given } from "./options.js";
import { buildProgram, type Definition } from "./program.js";
import { Talk } from "./reporter.js";

interface Chosen {
  readonly values: ReadonlyMap<string, string | true>;
  readonly work: Definition["work"];
  readonly argument: string;
}

/** Runs the command line and returns the exit code. Throws nothing. */
export async function run(argv: readonly string[], around: Surroundings): Promise<number> {
  let talk = new Talk(around, argv.includes("--quiet"));
  try {
    const chosen = parse(argv, around);
    if (typeof chosen === "number") return chosen;
    const { values, work, argument } = chosen;
    talk = new Talk(around, values.has("quiet"));
    return await work({ given: new Given(values, around.env), talk, around }, argument);
  } catch (error) {
    if (error instanceof ClosedPipe) return EXIT.done;
    const failure = failureOf(error);
    talk.error(failure);
    return exitCodeOf(failure);
  }
}

/** What the command line chose, or the exit code when help or the version was all it asked for. */
function parse(argv: readonly string[], around: Surroundings): Chosen | number {
  const chosen: Chosen[] = [];
  const program = buildProgram(around, version(), (values, work, argument) => {
    chosen.push({ values, work, argument });
  });
  // commander answers `help verfy1` with the help of everything: told like `verfy1` instead.
  const [first, second] = argv;
  const isHelpOfNothing =
    first === "help" && second !== undefined && !program.commands.some((x) => x.name() === second);
  try {
    program.parse(isHelpOfNothing ? [second] : argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Without a command there is nothing to do: help was shown, and the exit code says that it was not asked for.
    if (error.code === "commander.help") return argv.length === 0 ? EXIT.usage : error.exitCode;
    if (error.exitCode === 0) return EXIT.done;
    throw usageOf(error, program, argv);
  }
  return chosen[0] ?? EXIT.done;
}

/** commander's complaint in our voice. */
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

function failureOf(error: unknown): Failure {
  const told = systemFailure(error, "system error");
  if (told instanceof Failure) return told;
  if (told instanceof PrioError) return new Failure(told.message);
  // A fault of ours: the stack says where, and holds no values.
  return new Failure(
    `unexpected ${told instanceof Error ? (told.stack ?? told.message) : typeof told}`,
    "this is a fault of prio, please report it",
  );
}

/** The package's version: package.json stands above dist/. */
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
