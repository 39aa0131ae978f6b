#!/usr/bin/env node
// The process that runs the command: signals, streams that may break, the exit code.

import { removeTemporaryFiles } from "../batch/temporary-files.js";
import { runCommand } from "./command.js";
import { EXIT } from "./exit.js";

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
// Where rows are written, a reader that has gone is noticed (batch/output.ts). Elsewhere there is nobody left to tell.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCommand(process.argv.slice(2), { stdin, stdout, stderr, env });
