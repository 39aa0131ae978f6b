// `prio completion`: prints scripts that complete commands, options and the values of options, for three shells. They
// are made from the program's own definitions, so they are never out of date.

import type { Command, Option } from "commander";
import { EXIT } from "./exit.js";
import { MANUAL } from "./manual.js";
import type { Run } from "./run.js";

/** What a shell completes after an option; null for an option without a value. */
type Values = { readonly words: readonly string[] } | "file" | "directory" | "nothing" | null;

export function completion({ io }: Run, [shell = ""]: readonly string[], program: Command): number {
  const scripts: Record<string, (program: Command) => string> = { bash, zsh, fish };
  io.stdout.write(scripts[shell]?.(program) ?? "");
  return EXIT.done;
}

function valuesOf(option: Option): Values {
  if (!option.required) return null;
  if (option.argChoices !== undefined) return { words: option.argChoices };
  if (/<file(?:\.\.\.)?>$/.test(option.flags)) return "file";
  return option.flags.endsWith("<dir>") ? "directory" : "nothing";
}

/**
 * What a shell completes where no option comes before: one of the choices of a command's argument, or a file, for
 * `inspect` and for the second file of an option that takes several.
 */
function argumentOf(command: Command): Values {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return command.options.some(({ variadic }) => variadic) ? "file" : "nothing";
  return argument.argChoices === undefined ? "file" : { words: argument.argChoices };
}

/** The options that the help shows. */
const shownOptions = (command: Command): Option[] => command.options.filter(({ hidden }) => !hidden);
const longNames = (command: Command): string[] => [...shownOptions(command).map(({ long }) => long ?? ""), "--help"];

/** What `prio help` takes. */
const topics = (program: Command): string[] => [...program.commands.map((command) => command.name()), MANUAL];

function bash(program: Command): string {
  const reply = (values: Values): string => {
    // compgen writes a name a line. Only where names of files are wanted may bash add the slash of a directory.
    if (values === "file" || values === "directory") return `_prio_paths -${values[0]}`;
    if (values === "nothing" || values === null) return "COMPREPLY=()";
    return `COMPREPLY=($(compgen -W "${values.words.join(" ")}" -- "$current"))`;
  };
  const commands = program.commands.map((command) => {
    const cases = shownOptions(command)
      .map((option) => ({ option, values: valuesOf(option) }))
      .filter(({ values }) => values !== null)
      .map(({ option, values }) => `        ${option.long}) ${reply(values)}; return ;;`);
    return `    ${command.name()})
      case "$previous" in
${[...cases, "        *) ;;"].join("\n")}
      esac
      if [[ $current == -* ]]; then ${reply({ words: longNames(command) })}
      else ${reply(argumentOf(command))}
      fi ;;`;
  });
  const names = program.commands.map((command) => command.name());
  return `# prio: completion for bash
_prio_paths() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen "$1" -- "$current"))
}
_prio() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  if ((COMP_CWORD == 1)); then
    ${reply({ words: [...names, "help", "--help", "--version"] })}
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) ${reply({ words: topics(program) })} ;;
${commands.join("\n")}
  esac
}
complete -F _prio prio
`;
}

function zsh(program: Command): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  // What zsh reads between colons and brackets. The quotes go around it afterwards: they are for the shell's parser.
  const escaped = (text: string): string => text.replace(/[:[\]\\]/g, "\\$&");
  const action = (values: Values): string => {
    if (values === "file") return "_files";
    if (values === "directory") return "_files -/";
    return values === "nothing" || values === null ? " " : `(${values.words.join(" ")})`;
  };
  const cases = program.commands.map((command) => {
    const options = shownOptions(command).map((option) => {
      const values = valuesOf(option);
      const tail = values === null ? "" : `:${option.name()}:${action(values)}`;
      const again = option.parseArg === undefined || option.argChoices !== undefined ? "" : "*";
      return quote(`${again}${option.long}[${escaped(option.description)}]${tail}`);
    });
    const argument = argumentOf(command);
    const position = command.registeredArguments[0]?.variadic === false ? "1" : "*";
    const rest = argument === "nothing" ? [] : [quote(`${position}:argument:${action(argument)}`)];
    return `    ${command.name()}) _arguments ${[...options, "'--help[show help]'", ...rest].join(" \\\n      ")} ;;`;
  });
  const described = program.commands.map((command) => quote(`${command.name()}:${escaped(command.summary())}`));
  return `#compdef prio
# prio: completion for zsh
_prio() {
  local -a commands
  commands=(
    ${described.join("\n    ")}
    ${quote("help:show a command's help")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case "$words[1]" in
    help) _arguments ${quote(`1:command:${action({ words: topics(program) })}`)} ;;
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _prio ]]; then
  _prio "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _prio prio
fi
`;
}

function fish(program: Command): string {
  const quote = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = ["# prio: completion for fish", "complete -c prio -f"];
  for (const command of program.commands) {
    lines.push(`complete -c prio -n __fish_use_subcommand -a ${command.name()} -d ${quote(command.summary())}`);
    const when = `complete -c prio -n '__fish_seen_subcommand_from ${command.name()}'`;
    for (const option of shownOptions(command)) {
      const values = valuesOf(option);
      lines.push(`${when} -l ${option.name()} -d ${quote(option.description)}${fishValues(values)}`);
    }
    const argument = argumentOf(command);
    if (argument === "file") lines.push(`${when} -F`);
    else if (typeof argument === "object" && argument !== null)
      lines.push(`${when} -a ${quote(argument.words.join(" "))}`);
  }
  lines.push(`complete -c prio -n __fish_use_subcommand -a help -d ${quote("show a command's help")}`);
  lines.push(`complete -c prio -n '__fish_seen_subcommand_from help' -a ${quote(topics(program).join(" "))}`);
  return `${lines.join("\n")}\n`;
}

function fishValues(values: Values): string {
  if (values === null) return "";
  if (values === "file") return " -r -F";
  if (values === "directory") return " -x -a '(__fish_complete_directories)'";
  return values === "nothing" ? " -x" : ` -x -a '${values.words.join(" ")}'`;
}
