#!/usr/bin/env node
// The process that runs the command: signals, streams that may break, the exit code.

import { removeTemporaryFiles } from "../files/temporary-files.js";
import { runCommand } from "./command.js";
import { EXIT } from "./exit.js";
import { wholeOutput } from "./io.js";

for (const [signal, exitCode] of [
  ["SIGINT", EXIT.interrupted],
  ["SIGTERM", EXIT.terminated],
  ["SIGHUP", EXIT.hungUp],
] as const) {
  process.once(signal, () => {
    removeTemporaryFiles();
    // Keeps the progress line, if there is one, and starts a new line after it.
    if (process.stderr.isTTY) process.stderr.write("\n");
    process.exit(exitCode);
  });
}
const { stdin, stderr, env } = process;
const stdout = wholeOutput(process.stdout);
// Errors of standard output are noticed where it is written and at the end of the run. Those of standard error nobody
// could be told of.
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);

process.exitCode = await runCommand(process.argv.slice(2), { stdin, stdout, stderr, env });
