// `prio verify1` and `prio verify2`: write a server's first and second message on each report in a file of shares.

import * as stages from "../batch/stages.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./batch-options.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFrom, inputFrom, isJoined, nameOf, OWNER_ONLY, outputOf, runStage } from "./stage.js";

export function verify1(run: Run): Promise<number> {
  const role = serverRoleFrom(run.options, run.reporter, ["input", "output"]);
  const input = inputFrom(run);
  const output = outputOf(run, "output", input, { mode: OWNER_ONLY });
  return runStage(run, "verify1", [input], [output], (settings, [open]) => stages.verify1(settings, role, open));
}

export function verify2(run: Run): Promise<number> {
  const { options, reporter } = run;
  const joined = isJoined(run);
  const role = serverRoleFrom(options, reporter, joined ? ["input", "output"] : EXCHANGE_FILES);
  if (!joined) requireOneDash(options, "input", "input-internal", "input-external");
  const input = inputFrom(run);
  const files = joined ? "joined" : exchangedFrom(run);
  const messages = files === "joined" ? [] : [files.internal, files.external];
  // As in Python's command, a file has the name of the messages' file, if they are in one.
  const named = messages[0]?.areParts === false ? messages[0] : input;
  const output = outputOf(run, "output", input, { mode: OWNER_ONLY, name: nameOf(named) });
  return runStage(run, "verify2", [input, ...messages], [output], (settings, [open]) =>
    stages.verify2(settings, role, files, open),
  );
}
