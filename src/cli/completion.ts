// `prio completion`: prints scripts that complete commands, options and the values of options, for three shells. It
// makes them from the program's own definitions, so they are never out of date.

import type { Command, Option } from "commander";
import { EXIT } from "./exit.js";
import type { Run } from "./run.js";

/** What a shell completes after an option; null for an option without a value. */
type Values = { readonly words: readonly string[] } | "file" | "directory" | "nothing" | null;

export function completion({ io }: Run, shell: string, program: Command): number {
  const scripts: Record<string, (program: Command) => string> = { bash, zsh, fish };
  io.stdout.write(scripts[shell]?.(program) ?? "");
  return EXIT.done;
}

function valuesOf(option: Option): Values {
  if (!option.required) return null;
  if (option.argChoices !== undefined) return { words: option.argChoices };
  if (option.flags.endsWith("<file>")) return "file";
  return option.flags.endsWith("<dir>") ? "directory" : "nothing";
}

/** What a shell completes as a command's argument: one of its choices, or a file for `inspect`. */
function argumentOf(command: Command): Values {
  const [argument] = command.registeredArguments;
  if (argument === undefined) return "nothing";
  return argument.argChoices === undefined ? "file" : { words: argument.argChoices };
}

const longNames = (command: Command): string[] => [...command.options.map(({ long }) => long ?? ""), "--help"];

function bash(program: Command): string {
  const reply = (values: Values): string => {
    if (values === "file") return 'COMPREPLY=($(compgen -f -- "$current"))';
    if (values === "directory") return 'COMPREPLY=($(compgen -d -- "$current"))';
    if (values === "nothing" || values === null) return "COMPREPLY=()";
    return `COMPREPLY=($(compgen -W "${values.words.join(" ")}" -- "$current"))`;
  };
  const commands = program.commands.map((command) => {
    const cases = command.options
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
_prio() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  if ((COMP_CWORD == 1)); then
    ${reply({ words: [...names, "help", "--help", "--version"] })}
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) ${reply({ words: names })} ;;
${commands.join("\n")}
  esac
}
complete -o filenames -F _prio prio
`;
}

function zsh(program: Command): string {
  const quote = (text: string): string => text.replaceAll("'", "'\\''");
  const escaped = (text: string): string => quote(text).replace(/[:[\]\\]/g, "\\$&");
  const action = (values: Values): string => {
    if (values === "file") return "_files";
    if (values === "directory") return "_files -/";
    return values === "nothing" || values === null ? " " : `(${values.words.join(" ")})`;
  };
  const cases = program.commands.map((command) => {
    const options = command.options.map((option) => {
      const values = valuesOf(option);
      const tail = values === null ? "" : `:${option.name()}:${action(values)}`;
      return `'${option.long}[${escaped(option.description)}]${tail}'`;
    });
    const argument = argumentOf(command);
    const rest = argument === "nothing" ? [] : [`'1:argument:${action(argument)}'`];
    return `    ${command.name()}) _arguments ${[...options, "'--help[show help]'", ...rest].join(" \\\n      ")} ;;`;
  });
  const described = program.commands.map((command) => `'${command.name()}:${escaped(command.summary())}'`);
  return `#compdef prio
# prio: completion for zsh
_prio() {
  local -a commands
  commands=(
    ${described.join("\n    ")}
    'help:show a command'\\''s help'
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case "$words[1]" in
    help) _describe command commands ;;
${cases.join("\n")}
  esac
}
if [[ $funcstack[1] == _prio ]]; then _prio "$@"; else compdef _prio prio; fi
`;
}

function fish(program: Command): string {
  const quote = (text: string): string => `'${text.replace(/['\\]/g, "\\$&")}'`;
  const lines = ["# prio: completion for fish", "complete -c prio -f"];
  for (const command of program.commands) {
    lines.push(`complete -c prio -n __fish_use_subcommand -a ${command.name()} -d ${quote(command.summary())}`);
    const when = `complete -c prio -n '__fish_seen_subcommand_from ${command.name()}'`;
    for (const option of command.options) {
      const values = valuesOf(option);
      lines.push(`${when} -l ${option.name()} -d ${quote(option.description)}${fishValues(values)}`);
    }
    const argument = argumentOf(command);
    if (argument === "file") lines.push(`${when} -F`);
    else if (typeof argument === "object" && argument !== null)
      lines.push(`${when} -a ${quote(argument.words.join(" "))}`);
  }
  return `${lines.join("\n")}\n`;
}

function fishValues(values: Values): string {
  if (values === null) return "";
  if (values === "file") return " -r -F";
  if (values === "directory") return " -x -a '(__fish_complete_directories)'";
  return values === "nothing" ? " -x" : ` -x -a '${values.words.join(" ")}'`;
}
