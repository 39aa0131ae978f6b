#!/usr/bin/env node
// The process that runs the command: signals, streams that may break, the exit code.

import { removeTemporaryFiles } from "../files/temporary-files.js";
import { runCommand } from "./command.js";
import { EXIT } from "./exit.js";
import { Interruption, wholeOutput } from "./io.js";

/** Milliseconds that a command has to end by itself after a signal. */
const GRACE = 10_000;

const interruption = new Interruption();
const end = (exitCode: number): never => {
  removeTemporaryFiles();
  process.exit(exitCode);
};
for (const [signal, exitCode] of [
  ["SIGINT", EXIT.interrupted],
  ["SIGTERM", EXIT.terminated],
  ["SIGHUP", EXIT.hungUp],
] as const) {
  process.on(signal, () => {
    // Keeps the progress line, if there is one, and starts a new line after it.
    if (process.stderr.isTTY) process.stderr.write("\n");
    if (interruption.interrupt(exitCode)) setTimeout(end, GRACE, exitCode);
    else end(exitCode);
  });
}
const { stdin, stderr, env } = process;
const stdout = wholeOutput(process.stdout);
// Errors of standard output are noticed where it is written and at the end of the run. Those of standard error nobody
// could be told of.
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);

process.exitCode = await runCommand(process.argv.slice(2), { stdin, stdout, stderr, env, interruption });
// A run that was interrupted leaves threads and requests that nobody waits for.
if (interruption.isOver) end(process.exitCode);
