// The command `prio-aggregator`: its commands, and how a run of it ends. Whatever an operator can put right is one
// sentence on standard error, and status 1; a wrong command line is status 2.

import { Command, CommanderError } from "commander";
import { PrioError } from "prio/dap";
import packageJson from "../../package.json" with { type: "json" };
import { OperatorError } from "../tasks/operator-error.js";
import { addConfig } from "./config.js";
import { addDev } from "./dev.js";
import { type Io, UsageError } from "./io.js";
import { addKeys } from "./keys.js";
import { addMigrate } from "./migrate.js";
import { addResult } from "./result.js";
import { addServe } from "./serve.js";
import { addTaskChange } from "./task-change.js";
import { addTaskCreate } from "./task-create.js";
import { addTaskExchange } from "./task-exchange.js";
import { addTaskList } from "./task-list.js";

const FAILED = 1;
const USAGE = 2;

/** The whole program. */
export function buildProgram(io: Io): Command {
  const program = new Command("prio-aggregator");
  program
    .description("A leader or helper of the Distributed Aggregation Protocol: private totals over many clients.")
    .version(packageJson.version, "--version", "print the version")
    .helpOption("-h, --help", "show this, or a command's help")
    .showSuggestionAfterError()
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText(
      "after",
      "\n`prio-aggregator dev` shows a pair at work. The manual is docs/aggregator.md of the package prio.\n",
    );
  addServe(program, io);
  addDev(program, io);
  const task = program.command("task").description("make, exchange and change tasks");
  addTaskCreate(task, io);
  addTaskList(task, io);
  addTaskExchange(task, io);
  addTaskChange(task, io);
  addKeys(program, task, io);
  addResult(program, io);
  addMigrate(program, io);
  addConfig(program, io);
  prepare(program, io);
  return program;
}

/** Streams and errors are ours, in every command: commander hands them down only to commands that are made later. */
function prepare(command: Command, io: Io): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
    outputError: (text, write) => write(inOurVoice(text)),
    getOutHelpWidth: () => io.stdout.columns ?? 80,
    getErrHelpWidth: () => 80,
  });
  for (const child of command.commands) prepare(child, io);
}

/** What commander says of a wrong command line, as this program says things. */
function inOurVoice(text: string): string {
  return text
    .replace(/^error: /, "prio-aggregator: error: ")
    .replace(/^\(Did you mean (.*)\?\)$/m, "prio-aggregator: hint: did you mean $1?");
}

/** Carries out a command line, and returns the exit status. */
export async function runProgram(args: readonly string[], io: Io): Promise<number> {
  try {
    await buildProgram(io).parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    // commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  const say = (kind: string, text: string): void => void io.stderr.write(`prio-aggregator: ${kind}: ${text}\n`);
  if (error instanceof OperatorError || error instanceof PrioError) {
    say("error", error.message);
    if (error instanceof OperatorError && error.hint !== null) say("hint", error.hint);
    return error instanceof UsageError ? USAGE : FAILED;
  }
  if (!(error instanceof Error)) say("error", "something was thrown that is no error");
  else say("error", error.name === "Error" ? error.message : `${error.name}: ${error.message}`);
  return FAILED;
}
