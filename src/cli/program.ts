// Parses the command line with commander, by the table of definitions.ts, and shows the help.

import { type Argument, Command, Option } from "commander";
import type { Definition } from "./definition.js";
import { DEFINITIONS } from "./definitions.js";
import type { Io } from "./io.js";
import { MANUAL } from "./manual.js";
import { type OptionValues, requireChoice } from "./options.js";
import type { Run } from "./run.js";

const HELP_WIDTH = 80;
const ENVIRONMENT = "Options with a value can also be environment variables: BATCH_ID for --batch-id.";
const THE_MANUAL = `\`prio help ${MANUAL}\` prints the manual.`;
/** The options that may come more than once, besides those that take several values at once: each value counts. */
const REPEATABLE = ["private-key-file", "private-key-hex", "bad-kind"];

/** What a command does with the arguments that the command line gives it. Returns the exit code. */
export type Work = (run: Run, args: readonly string[]) => Promise<number> | number;

/** Called with the options, the work and the arguments of the command that the command line names. */
export type OnChosen = (values: OptionValues, work: Work, args: readonly string[]) => void;

/** Builds the whole program. It calls `onChosen` when the command line names a command and is well formed. */
export function buildProgram(
  { stdout, stderr }: Pick<Io, "stdout" | "stderr">,
  version: string,
  onChosen: OnChosen,
): Command {
  const program = new Command("prio");
  program
    .description("Adds up what many clients report; neither of the two servers sees one client's data.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "show this, or a command's help")
    .helpCommand("help [command]", "show a command's help; `help cli`: the manual")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? HELP_WIDTH,
      getErrHelpWidth: () => stderr.columns ?? HELP_WIDTH,
      // command.ts reports errors, in the same form as all others.
      outputError: () => undefined,
    })
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .addHelpText(
      "after",
      `\n\`prio demo\` shows it at work. \`prio help verify1\` explains one command.\n${THE_MANUAL}`,
    );
  for (const definition of DEFINITIONS) addCommand(program, definition, onChosen);
  return program;
}

/** An option, which keeps all its values if it may come more than once. */
function newOption(flags: string, description?: string): Option {
  const option = new Option(flags, description);
  if (!REPEATABLE.includes(option.name()) && !option.variadic) return option;
  return option.argParser((value: string, before: readonly string[] = []) => [...before, value]);
}

/** What commander calls choices, with an error of ours. Completion reads them. */
function withChoices<T extends Argument | Option>(x: T, subject: string, choices: readonly string[]): T {
  x.argChoices = [...choices];
  x.argParser((text: string) => requireChoice(subject, text, choices));
  return x;
}

function addCommand(program: Command, definition: Definition, onChosen: OnChosen): void {
  const { name, summary, note, remark, group, argument, options, example, work } = definition;
  const command = program
    .command(name)
    .summary(summary)
    .description([`${summary[0]?.toUpperCase()}${summary.slice(1)}.`, note ?? []].flat().join("\n"))
    .helpGroup(group)
    .addHelpOption(new Option("-h, --help", "show this help").helpGroup(options.at(-1)?.[0] ?? "Options:"));
  if (argument !== undefined) {
    const [argumentName, description, choices] = argument;
    const created = command.createArgument(`<${argumentName}>`, description);
    command.addArgument(choices === undefined ? created : withChoices(created, argumentName, choices));
  }
  for (const [heading, rows] of options) {
    for (const [flags, description, choices] of rows) {
      const option = newOption(flags, description).helpGroup(heading);
      command.addOption(choices === undefined ? option : withChoices(option, `--${option.name()}`, choices));
    }
  }
  for (const flags of definition.ignored ?? []) command.addOption(newOption(flags).hideHelp());
  // commander adds "(choices: …)" to a description; ours name the choices themselves.
  command.configureHelp({
    optionDescription: (option) => option.description,
    argumentDescription: (described) => described.description,
  });
  const remarks = [group === "Stages:" ? ENVIRONMENT : [], remark ?? []].flat().map((line) => `${line}\n`);
  command.addHelpText("after", `\n${remarks.join("")}Example:\n  ${example}\n\n${THE_MANUAL}`);
  command.action(() => {
    const values = new Map<string, string | readonly string[] | true>();
    for (const option of command.options) {
      const value = command.getOptionValue(option.attributeName()) as string | readonly string[] | true | undefined;
      if (value !== undefined) values.set(option.name(), value);
    }
    onChosen(values, (run, args) => work(run, args, program), command.args);
  });
}
