// `prio aggregate`: checks each report's proof with both servers' second messages, and adds up the valid reports.

import { openOutput, outputName } from "../batch/output.js";
import * as stages from "../batch/stages.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./batch-options.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFiles, runStage } from "./stage.js";

export function aggregate(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  const role = serverRoleFrom(options, reporter, EXCHANGE_FILES);
  requireOneDash(options, "input", "input-internal", "input-external");
  const directory = options.required("output");
  const output = () => openOutput(directory, outputName(options.required("input-internal")), io.stdout);
  return runStage(run, "aggregate", [directory], (settings) =>
    stages.aggregate(settings, role, exchangedFiles(run), output),
  );
}
