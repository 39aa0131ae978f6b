// `prio process`: the unattended run of one side over whole days. What it does is in src/process/.

import { dayOf, isDay, systemClock } from "../process/clock.js";
import { type ProcessConfig, readConfig } from "../process/config.js";
import { isWhole } from "../process/day-run.js";
import { type DayResult, type ProcessRun, processDay, watchDays } from "../process/run.js";
import { openStores } from "../process/side-stores.js";
import { warnOfHole } from "./batch-options.js";
import { Board } from "./board.js";
import { EXIT, usageFailure } from "./exit.js";
import { type Options, requireChoice } from "./options.js";
import { processKeys } from "./process-keys.js";
import { jsonLog, type Log, textLog } from "./process-log.js";
import type { Run } from "./run.js";
import { standingsTable } from "./standings-table.js";
import { quoted } from "./untrusted-text.js";
import { version } from "./version.js";

export async function processDays(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  const config = configFrom(run);
  const date = options.flag("watch") ? undefined : dateFrom(options, io.env);
  const isJson = requireChoice("--log", options.given("log") ?? "text", ["text", "json"] as const) === "json";
  const keys = processKeys(run, config);
  for (const batch of config.batches) warnOfHole(reporter, roleBatch(config, batch), config.queryPoints);

  const known = [config.publicKeyInternal, config.publicKeyExternal];
  const board = reporter.draw(io.env, (stream, paint) => new Board(isJson ? undefined : stream, paint, known));
  const log: Log = isJson ? jsonLog(io, known) : textLog(reporter, () => board.isShown);
  const signal = io.interruption?.signal ?? new AbortController().signal;
  const settings: ProcessRun = {
    config,
    keys,
    stores: openStores(config, io.env, (message) => log({ level: "warn", event: "store-trouble", message })),
    env: io.env,
    clock: systemClock,
    signal,
    version: version(),
    onEvent: log,
    onProgress: (day, standing, rows) => board.set(day, standing, rows),
  };
  log({ level: "info", event: "run-started", message: `server ${config.server} of ${config.app}, prio ${version()}` });
  try {
    if (date === undefined) return await watchDays(settings, (result) => show(run, result, known, isJson, board));
    const result = await processDay(settings, date);
    show(run, result, known, isJson, board);
    const exitCode = exitCodeOf(result);
    log({ level: "info", event: "run-ended", message: `exit code ${exitCode}`, fields: { exitCode } });
    return exitCode;
  } finally {
    board.clear();
  }
}

/** The configuration of --config and of the environment. */
export function configFrom({ options, reporter, io }: Run): ProcessConfig {
  const config = readConfig(options.given("config"), io.env);
  reporter.know(config.publicKeyInternal, config.publicKeyExternal);
  return config;
}

/** The day of --date, or of prio-processor's variable, or today in UTC, as prio-processor has it. */
export function dateFrom(options: Options, env: Run["io"]["env"]): string {
  const [name, text] =
    options.given("date") === undefined
      ? ["SUBMISSION_DATE", env["SUBMISSION_DATE"]]
      : ["--date", options.given("date")];
  if (!text) return dayOf(systemClock.date());
  if (!isDay(text)) throw usageFailure(`${name}: expected a day as YYYY-MM-DD, got ${quoted(text)}`);
  return text;
}

function roleBatch(config: ProcessConfig, { batchId, count, precision }: ProcessConfig["batches"][number]) {
  const { publicKeyInternal: publicKeyA, publicKeyExternal: publicKeyB, prgKey } = config;
  return { batchId, count, precision, publicKeyA, publicKeyB, prgKey };
}

/** The result of a day, as a table on standard output; the machine has had it as an event. */
function show(
  { io }: Run,
  { date, batches }: DayResult,
  known: readonly string[],
  isJson: boolean,
  board: Board,
): void {
  if (isJson) return;
  board.clear();
  const rows = batches.map(({ batch, state, rows: all, leftOut, reports, waitingFor, reason }) => ({
    batch,
    state,
    rows: all,
    leftOut,
    reports,
    note: reason ?? waitingFor,
  }));
  io.stdout.write(standingsTable(date, rows, io, known));
}

function exitCodeOf({ batches }: DayResult): number {
  if (isWhole(batches)) return EXIT.done;
  return batches.some(({ state }) => state === "waiting") ? EXIT.notInTime : EXIT.incomplete;
}
