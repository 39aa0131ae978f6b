// `prio aggregate`: checks each report's proof with both servers' second messages, and adds up the valid reports.

import * as stages from "../batch/stages.js";
import type { InputParts } from "../files/input-parts.js";
import { outputName, outputPath } from "../files/output.js";
import { EXCHANGE_FILES, serverRoleFrom } from "./batch-options.js";
import { usageFailure } from "./exit.js";
import { noiseFrom } from "./noise.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import {
  exchangedFrom,
  inputFrom,
  isJoined,
  nameOf,
  OWNER_ONLY,
  outputOf,
  runStage,
  type StageOutput,
} from "./stage.js";

export function aggregate(run: Run): Promise<number> {
  const { options, reporter } = run;
  const joined = isJoined(run);
  const role = serverRoleFrom(options, reporter, joined ? ["input", "output"] : EXCHANGE_FILES);
  const noise = noiseFrom(options, role);
  if (!joined) requireOneDash(options, "input", "input-internal", "input-external");
  const perPart = options.flag("per-part");
  if (perPart && options.text("output") === "-") {
    throw usageFailure("--per-part: --output cannot be -", "each part's aggregate is a file of its own");
  }
  if (perPart && noise !== undefined) {
    reporter.warn(
      "with --per-part each part gets noise of its own, and the totals have as many draws as there are parts",
    );
  }
  const input = inputFrom(run);
  const files = joined ? "joined" : exchangedFrom(run);
  const messages = files === "joined" ? [] : [files.internal, files.external];
  const output = perPart
    ? outputOf(run, "output", input, { mode: OWNER_ONLY })
    : totalOutput(run, [...messages.slice(0, 1), input], joined);
  return runStage(run, "aggregate", [input, ...messages], [output], (settings, [open]) =>
    stages.aggregate(settings, role, files, open, { perPart, noise }),
  );
}

/**
 * The file of the one aggregate: it has the name of the messages' file or of the input, where that is one file. Filters
 * over the parts of a batch write a line each.
 */
function totalOutput({ options }: Run, inputs: readonly InputParts[], joined: boolean): StageOutput {
  const named = inputs.find(({ areParts }) => !areParts);
  const path = outputPath(options.required("output"), named === undefined ? outputName("-") : nameOf(named));
  return { option: "output", path, mode: OWNER_ONLY, endsLines: joined && path === "-" };
}
