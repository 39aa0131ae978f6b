// `prio verify1` and `prio verify2`: a server's first and second message on each report of a file of shares.

import { openOutput, outputName } from "./batches.js";
import { serverRoleFrom } from "./options.js";
import {
  assignmentOf,
  conclude,
  FileRecord,
  type Messages,
  overRows,
  type Run,
  requireOneDash,
  withMessages,
  withOutputs,
} from "./stage.js";

export function verify1(run: Run): Promise<number> {
  const { given } = run;
  given.require("input", "output");
  return verify(run, "verify1", given.required("input"));
}

export function verify2(run: Run): Promise<number> {
  const { given } = run;
  given.require("input", "input-internal", "input-external", "output");
  requireOneDash(given, "input", "input-internal", "input-external");
  return verify(run, "verify2", given.required("input-internal"));
}

async function verify(run: Run, stage: "verify1" | "verify2", named: string): Promise<number> {
  const { given, talk, around } = run;
  const role = serverRoleFrom(given, talk);
  const directory = given.required("output");
  const record = new FileRecord(stage, role);
  const tally = await overRows(run, assignmentOf(stage, role), async (rows) => {
    const over = (messages: (id: string) => Messages): Promise<void> =>
      withOutputs([openOutput(directory, outputName(named), around.stdout)], (outputs) =>
        rows.inTwoSteps((row) => record.decide(row, messages), outputs),
      );
    if (stage === "verify1") await over(() => undefined);
    else await withMessages(run, role, over);
  });
  return conclude(run, tally, [directory]);
}
