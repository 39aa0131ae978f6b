// `prio encode-shares`: turns rows of clients' values into rows of packets for both servers.

import * as stages from "../batch/stages.js";
import { MAX_EXPANSION } from "../files/input.js";
import { BATCH_OPTIONS, batchFrom } from "./batch-options.js";
import type { Run } from "./run.js";
import { outputOf, partsFrom, runStage } from "./stage.js";

export function encodeShares(run: Run): Promise<number> {
  const { options } = run;
  options.require(...BATCH_OPTIONS, "input", "output-A", "output-B");
  // To the client's side, "internal" is server A.
  const batch = batchFrom(options, "A");
  const input = partsFrom(run, "input", MAX_EXPANSION.values);
  const outputs = [outputOf(run, "output-A", input), outputOf(run, "output-B", input)] as const;
  return runStage(run, "encode-shares", [input], outputs, (settings, open) =>
    stages.encodeShares(settings, batch, open),
  );
}
