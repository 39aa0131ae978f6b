// `prio-aggregator config`: the settings as they are in force, each with the variable and the flag that set it.

import type { Command } from "commander";
import {
  CONFIG_VARIABLE,
  environmentName,
  readConfig,
  SETTING_NAMES,
  SETTINGS,
  type Setting,
  strangeVariables,
} from "../config.js";
import { type Io, note, print, printJson } from "./io.js";
import { table } from "./task-text.js";

interface ConfigOptions {
  readonly config?: string;
  readonly json?: true;
}

export function addConfig(program: Command, io: Io): void {
  program
    .command("config")
    .description("check the settings of environment and file, and print what is in force")
    .option("--config <file>", `a JSON file of settings; by default ${CONFIG_VARIABLE}`)
    .option("--json", "print JSON, as a file of settings has it")
    .action((options: ConfigOptions) => showConfig(io, options));
}

function showConfig(io: Io, options: ConfigOptions): void {
  const config = readConfig(io.env, {}, options.config ?? io.env[CONFIG_VARIABLE]);
  for (const text of strangeVariables(io.env)) note(io, `warning: ${text}`);
  const shown = SETTING_NAMES.map((name) => [name, valueText(config[name])] as const);
  if (options.json === true) {
    printJson(io, Object.fromEntries(shown.filter(([, value]) => value !== null)));
    return;
  }
  const rows = shown.map(([name, value]) => {
    const setting: Setting<unknown> = SETTINGS[name];
    return [name, value ?? "-", value === setting.defaultText ? "" : "set", environmentName(name)];
  });
  print(io, table(["SETTING", "VALUE", "", "VARIABLE"], rows));
}

/** A value as it would be written, without the password of a database's URL. */
function valueText(value: unknown): string | null {
  if (value === null) return null;
  if (Array.isArray(value)) return value.join(",");
  if (typeof value === "object" && "host" in value && "port" in value) {
    const host = `${value.host}`;
    return `${host.includes(":") ? `[${host}]` : host}:${value.port}`;
  }
  return `${value}`.replace(/^(postgres(?:ql)?:\/\/[^:@/]*):[^@/]*@/, "$1:…@");
}
