// `prio aggregate`: checks each report's proof with both servers' second messages and adds up the shares of those that hold.

import { openOutput, outputName } from "../batch/output.js";
import * as stages from "../batch/stages.js";
import { EXCHANGE_FILES, requireOneDash, serverRoleFrom } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFiles, runStage } from "./stage.js";

export function aggregate(run: Run): Promise<number> {
  const { given, talk, around } = run;
  const role = serverRoleFrom(given, talk, EXCHANGE_FILES);
  requireOneDash(given, "input", "input-internal", "input-external");
  const directory = given.required("output");
  const output = () => openOutput(directory, outputName(given.required("input-internal")), around.stdout);
  return runStage(run, "aggregate", [directory], (options) =>
    stages.aggregate(options, role, exchangedFiles(run), output),
  );
}
