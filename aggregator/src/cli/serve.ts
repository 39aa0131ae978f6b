// `prio-aggregator serve`: a process of an aggregator, until a signal ends it.

import type { Command } from "commander";
import {
  CONFIG_VARIABLE,
  flagName,
  readConfig,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  strangeVariables,
} from "../config.js";
import { createLogger, type Logger } from "../log.js";
import { type RunningProcess, startProcess } from "../roles/process.js";
import { Secrets } from "../tasks/secrets.js";
import type { Io } from "./io.js";

/** The exit status after a signal's second coming, or when a process does not end in time. */
const CUT_OFF = 1;

type ServeOptions = Readonly<Partial<Record<SettingName, string | boolean>>> & { readonly config?: string };

export function addServe(program: Command, io: Io): void {
  const serve = program
    .command("serve")
    .description("run a leader or helper: answer requests, work on jobs, clean up")
    .option("--config <file>", `a JSON file of settings; by default ${CONFIG_VARIABLE}`);
  for (const name of SETTING_NAMES) {
    const { value, defaultText, help } = SETTINGS[name];
    const argument = value === "true or false" ? "[value]" : "<value>";
    const by =
      defaultText === null || defaultText === "" || argument === "[value]" ? "" : `; by default ${defaultText}`;
    serve.option(`${flagName(name)} ${argument}`, `${help} (${value}${by})`);
  }
  serve.action(async ({ config: file, ...flags }: ServeOptions) => {
    const texts = Object.entries(flags).map(([name, value]) => [name, String(value)]);
    const config = readConfig(io.env, Object.fromEntries(texts), file ?? io.env[CONFIG_VARIABLE]);
    const secrets = Secrets.fromEnvironment(io.env);
    const log = createLogger(config.logLevel);
    // Node would print what it says as it is, and that may be an address.
    process.on("uncaughtException", (err) => {
      log.fatal({ err }, "a fault of this program");
      process.exit(CUT_OFF);
    });
    for (const reason of strangeVariables(io.env)) log.warn({ reason }, "a variable was passed over");
    const running = await startProcess(config, secrets, log);
    await untilSignal(running, log, config.shutdownSeconds);
  });
}

/** Resolves when a signal came and the process has ended what it did. A second signal ends it at once. */
function untilSignal(running: RunningProcess, log: Logger, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const reload = (): void => {
      running.reload().catch((err: unknown) => log.error({ err }, "what was read again cannot be used"));
    };
    let isStopping = false;
    const stop = (signal: NodeJS.Signals): void => {
      if (isStopping) {
        log.warn({ signal }, "ended at once");
        process.exit(CUT_OFF);
      }
      isStopping = true;
      log.info({ signal }, "stopping");
      const late = setTimeout(() => {
        log.error({ seconds }, "did not stop in time, and was ended");
        process.exit(CUT_OFF);
      }, seconds * 1000);
      void running.stop().then(() => {
        clearTimeout(late);
        process.off("SIGHUP", reload).off("SIGTERM", stop).off("SIGINT", stop);
        log.info({}, "stopped");
        resolve();
      });
    };
    process.on("SIGHUP", reload).on("SIGTERM", stop).on("SIGINT", stop);
  });
}
