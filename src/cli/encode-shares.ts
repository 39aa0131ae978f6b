// `prio encode-shares`: turns rows of clients' values into rows of packets for both servers.

import { ClosedPipe, Failure } from "../batch/failure.js";
import { openOutput, outputName } from "../batch/output.js";
import * as stages from "../batch/stages.js";
import { BATCH_OPTIONS, batchFrom } from "./batch-options.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { runStage } from "./stage.js";

export function encodeShares(run: Run): Promise<number> {
  const { options, io } = run;
  options.require(...BATCH_OPTIONS, "input", "output-A", "output-B");
  requireOneDash(options, "output-A", "output-B");
  // To the client's side, "internal" is server A.
  const batch = batchFrom(options, "A");
  const [a, b] = [options.required("output-A"), options.required("output-B")] as const;
  const name = outputName(options.required("input"));
  const outputIn = (directory: string) => () => openOutput(directory, name, io.stdout);
  return runStage(run, "encode-shares", [a, b], async (settings) => {
    try {
      return await stages.encodeShares(settings, batch, [outputIn(a), outputIn(b)]);
    } catch (error) {
      const other = [a, b].find((directory) => directory !== "-");
      if (!(error instanceof ClosedPipe) || other === undefined) throw error;
      throw new Failure(`standard output was closed before the end: nothing was written to ${other}`);
    }
  });
}
