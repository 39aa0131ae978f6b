// `prio-aggregator dev`: a pair at work on one machine, until a signal ends it.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { Level } from "../log.js";
import { LEVELS } from "../log.js";
import { systemError } from "../operators-files.js";
import { startDev } from "../roles/dev.js";
import { ANSWERS, QUESTION, type Totals } from "../roles/dev-collector.js";
import { type Io, print } from "./io.js";
import { plural } from "./task-text.js";
import { readChoice, readInteger } from "./values.js";

interface DevCommandOptions {
  readonly data?: string;
  readonly port?: string;
  readonly minBatchSize: string;
  readonly logLevel: string;
}

const BAR = 30;

export function addDev(program: Command, io: Io): void {
  program
    .command("dev")
    .description("try a pair: leader, helper, collector and a survey on this machine, until Ctrl-C")
    .option("--data <dir>", "keep everything in this folder; by default it is gone at the end")
    .option("--port <port>", "the survey's port; by default 8080, or another if that is taken")
    .option("--min-batch-size <n>", "how many answers make a count", "5")
    .option("--log-level <level>", `the lowest level that is logged: ${LEVELS.join(", ")}`, "error")
    .action((options: DevCommandOptions) => runDev(io, options));
}

async function runDev(io: Io, options: DevCommandOptions): Promise<void> {
  const port = options.port === undefined ? null : readInteger(options.port, "--port", 0, 65_535);
  const minBatchSize = readInteger(options.minBatchSize, "--min-batch-size", 1, 1000);
  const logLevel = readChoice<Level>(options.logLevel, "--log-level", LEVELS);
  const { data } = options;
  const folder = data ?? mkdtempSync(join(tmpdir(), "prio-aggregator-dev-"));
  if (data !== undefined) makeFolder(data);
  const signal = nextSignal();
  try {
    const dev = await startDev({ folder, port, minBatchSize, logLevel, onTotals: (totals) => showTotals(io, totals) });
    try {
      const { leader, helper, surveyUrl, task } = dev;
      const rows = [
        ["Survey", surveyUrl],
        ["Leader", `${task.leader}   operators' page: ${leader.adminUrl}/`],
        ["Helper", `${task.helper}   operators' page: ${helper.adminUrl}/`],
        ["Task", task.idText],
        ["Data", data ?? "temporary; --data DIR keeps it"],
      ] as const;
      for (const [name, value] of rows) print(io, `  ${name.padEnd(8)}${value}`);
      print(
        io,
        `\nOpen the survey and answer it ${task.minBatchSize} times: only then is there a count, of all together.`,
      );
      print(io, "Ctrl-C ends everything.");
      await signal.came;
      print(io, "\nStopping.");
    } finally {
      await dev.stop();
    }
  } finally {
    signal.forget();
    if (data === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw systemError(error, `--data: cannot make the folder ${path}`);
  }
}

function showTotals(io: Io, { reports, batches, totals }: Totals): void {
  const width = Math.max(...ANSWERS.map(({ length }) => length));
  const most = Math.max(1, ...totals);
  print(io, `\n${QUESTION}  ${plural(reports, "answer")} in ${plural(batches, "batch").replace(/hs$/, "hes")}`);
  for (const [i, answer] of ANSWERS.entries()) {
    const total = totals[i] ?? 0;
    print(io, `  ${answer.padEnd(width)}  ${"█".repeat(Math.round((BAR * total) / most)).padEnd(BAR)} ${total}`);
  }
}

/** The next signal that asks to stop. A second one ends the process at once. */
function nextSignal(): { came: Promise<void>; forget(): void } {
  let resolve: () => void = () => undefined;
  const came = new Promise<void>((done) => {
    resolve = done;
  });
  let isSecond = false;
  const onSignal = (): void => {
    if (isSecond) process.exit(130);
    isSecond = true;
    resolve();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return { came, forget: () => void process.off("SIGINT", onSignal).off("SIGTERM", onSignal) };
}
