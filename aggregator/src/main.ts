// The process of the command.

import { runProgram } from "./cli/program.js";

const { stdin, stdout, stderr, env } = process;
// A reader that has enough, such as `head`, is no fault.
for (const stream of [stdout, stderr]) stream.on("error", () => undefined);
process.exitCode = await runProgram(process.argv.slice(2), {
  ...{ stdin, stdout, stderr, env },
  clock: () => Math.floor(Date.now() / 1000),
});
