#!/usr/bin/env node
// The process around the command: signals, streams that may break, the exit code.

import { removeTemporaryFiles } from "../batch/output.js";
import { run } from "./command.js";
import { EXIT } from "./exit.js";

for (const [signal, exitCode] of [
  ["SIGINT", EXIT.interrupted],
  ["SIGTERM", EXIT.terminated],
  ["SIGHUP", EXIT.hungUp],
] as const) {
  process.once(signal, () => {
    removeTemporaryFiles();
    // Leaves the progress line, if there is one, as it stands.
    if (process.stderr.isTTY) process.stderr.write("\n");
    process.exit(exitCode);
  });
}
// A reader that has gone is seen where rows are written; what else is said to it need not be heard.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

const { stdin, stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env });
