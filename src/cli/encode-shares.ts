// `prio encode-shares`: turns rows of clients' values into rows of packets for both servers.

import * as stages from "../batch/stages.js";
import { outputName, outputPath } from "../files/output.js";
import { BATCH_OPTIONS, batchFrom } from "./batch-options.js";
import type { Run } from "./run.js";
import { runStage } from "./stage.js";

export function encodeShares(run: Run): Promise<number> {
  const { options } = run;
  options.require(...BATCH_OPTIONS, "input", "output-A", "output-B");
  // To the client's side, "internal" is server A.
  const batch = batchFrom(options, "A");
  const name = outputName(options.required("input"));
  const fileOf = (option: "output-A" | "output-B") => ({ option, path: outputPath(options.required(option), name) });
  return runStage(run, "encode-shares", [fileOf("output-A"), fileOf("output-B")], (settings, outputs) =>
    stages.encodeShares(settings, batch, outputs),
  );
}
