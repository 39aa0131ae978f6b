// `prio verify1` and `prio verify2`: write a server's first and second message on each report in a file of shares.

import * as stages from "../batch/stages.js";
import { outputName, outputPath } from "../files/output.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./batch-options.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFiles, OWNER_ONLY, runStage } from "./stage.js";

export function verify1(run: Run): Promise<number> {
  const { options, reporter } = run;
  const role = serverRoleFrom(options, reporter, ["input", "output"]);
  const path = outputPath(options.required("output"), outputName(options.required("input")));
  return runStage(run, "verify1", [{ option: "output", path, mode: OWNER_ONLY }], (settings, [output]) =>
    stages.verify1(settings, role, output),
  );
}

export function verify2(run: Run): Promise<number> {
  const { options, reporter } = run;
  const role = serverRoleFrom(options, reporter, EXCHANGE_FILES);
  requireOneDash(options, "input", "input-internal", "input-external");
  const path = outputPath(options.required("output"), outputName(options.required("input-internal")));
  return runStage(run, "verify2", [{ option: "output", path, mode: OWNER_ONLY }], (settings, [output]) =>
    stages.verify2(settings, role, exchangedFiles(run), output),
  );
}
