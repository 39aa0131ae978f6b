// `prio verify1` and `prio verify2`: a server's first and second message on each report of a file of shares.

import { openOutput, outputName } from "../batch/output.js";
import * as stages from "../batch/stages.js";
import { EXCHANGE_FILES, requireOneDash, serverRoleFrom } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFiles, runStage } from "./stage.js";

export function verify1(run: Run): Promise<number> {
  const { given, talk, around } = run;
  const role = serverRoleFrom(given, talk, ["input", "output"]);
  const directory = given.required("output");
  const output = () => openOutput(directory, outputName(given.required("input")), around.stdout);
  return runStage(run, "verify1", [directory], (options) => stages.verify1(options, role, output));
}

export function verify2(run: Run): Promise<number> {
  const { given, talk, around } = run;
  const role = serverRoleFrom(given, talk, EXCHANGE_FILES);
  requireOneDash(given, "input", "input-internal", "input-external");
  const directory = given.required("output");
  const output = () => openOutput(directory, outputName(given.required("input-internal")), around.stdout);
  return runStage(run, "verify2", [directory], (options) => stages.verify2(options, role, exchangedFiles(run), output));
}
