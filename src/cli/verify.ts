// `prio verify1` and `prio verify2`: a server's first and second message on each report of a file of shares.

import { openOutput, outputName } from "./batches.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./options.js";
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
  return verify(run, "verify1", ["input", "output"], "input");
}

export function verify2(run: Run): Promise<number> {
  return verify(run, "verify2", EXCHANGE_FILES, "input-internal");
}

/** `named` is the input that the output takes its name from. */
async function verify(
  run: Run,
  stage: "verify1" | "verify2",
  files: readonly string[],
  named: string,
): Promise<number> {
  const { given, talk, around } = run;
  const role = serverRoleFrom(given, talk, files);
  requireOneDash(given, ...files.filter((file) => file.startsWith("input")));
  const directory = given.required("output");
  const record = new FileRecord(stage, role);
  const tally = await overRows(run, assignmentOf(stage, role), async (rows) => {
    const over = (messages: (id: string) => Messages): Promise<void> =>
      withOutputs([() => openOutput(directory, outputName(given.required(named)), around.stdout)], (outputs) =>
        rows.inTwoSteps((row) => record.decide(row, messages), outputs),
      );
    if (stage === "verify1") await over(() => undefined);
    else await withMessages(run, role, over);
  });
  return conclude(run, tally, [directory]);
}
