// `prio verify1` and `prio verify2`: write a server's first and second message on each report in a file of shares.

import { openOutput, outputName } from "../batch/output.js";
import * as stages from "../batch/stages.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./batch-options.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFiles, runStage } from "./stage.js";

export function verify1(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  const role = serverRoleFrom(options, reporter, ["input", "output"]);
  const directory = options.required("output");
  const output = () => openOutput(directory, outputName(options.required("input")), io.stdout);
  return runStage(run, "verify1", [directory], (settings) => stages.verify1(settings, role, output));
}

export function verify2(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  const role = serverRoleFrom(options, reporter, EXCHANGE_FILES);
  requireOneDash(options, "input", "input-internal", "input-external");
  const directory = options.required("output");
  const output = () => openOutput(directory, outputName(options.required("input-internal")), io.stdout);
  return runStage(run, "verify2", [directory], (settings) =>
    stages.verify2(settings, role, exchangedFiles(run), output),
  );
}
