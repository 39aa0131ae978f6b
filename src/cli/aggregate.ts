// `prio aggregate`: checks each report's proof with both servers' second messages, and adds up the valid reports.

import * as stages from "../batch/stages.js";
import { outputName, outputPath } from "../files/output.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./batch-options.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFiles, OWNER_ONLY, runStage } from "./stage.js";

export function aggregate(run: Run): Promise<number> {
  const { options, reporter } = run;
  const role = serverRoleFrom(options, reporter, EXCHANGE_FILES);
  requireOneDash(options, "input", "input-internal", "input-external");
  const path = outputPath(options.required("output"), outputName(options.required("input-internal")));
  return runStage(run, "aggregate", [{ option: "output", path, mode: OWNER_ONLY }], (settings, [output]) =>
    stages.aggregate(settings, role, exchangedFiles(run), output),
  );
}
