// `prio join`: joins rows of shares with both servers' messages by id, for verify2 and aggregate with --joined.

import { joinRows } from "../batch/join.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { exchangedFrom, inputFrom, OWNER_ONLY, outputOf, runStage } from "./stage.js";

export function join(run: Run): Promise<number> {
  const { options, reporter } = run;
  options.require("input", "input-internal", "input-external", "output");
  requireOneDash(options, "input", "input-internal", "input-external");
  const input = inputFrom(run);
  const files = exchangedFrom(run);
  const output = outputOf(run, "output", input, { mode: OWNER_ONLY });
  return runStage(run, "join", [input, files.internal, files.external], [output], async (settings, [open]) => {
    const { tally, without } = await joinRows(settings, files, open);
    const { internal, external } = without;
    if (internal + external > 0) {
      reporter.info(`rows without a message: ${internal} of --input-internal, ${external} of --input-external`);
    }
    return tally;
  });
}
