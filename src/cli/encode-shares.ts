// `prio encode-shares`: clients' values in, rows of packets for both servers out.

import { ClosedPipe, Failure } from "../batch/failure.js";
import { openOutput, outputName } from "../batch/output.js";
import * as stages from "../batch/stages.js";
import { batchFrom, requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { runStage } from "./stage.js";

export function encodeShares(run: Run): Promise<number> {
  const { given, around } = run;
  given.require(
    "batch-id",
    "n-data",
    "public-key-hex-internal",
    "public-key-hex-external",
    "input",
    "output-A",
    "output-B",
  );
  requireOneDash(given, "output-A", "output-B");
  // For the client's side, internal is server A.
  const batch = batchFrom(given, "A");
  const directories = [given.required("output-A"), given.required("output-B")];
  const name = outputName(given.required("input"));
  const outputs = directories.map((directory) => () => openOutput(directory, name, around.stdout));
  return runStage(run, "encode-shares", directories, async (options) => {
    try {
      return await stages.encodeShares(options, batch, outputs);
    } catch (error) {
      const other = directories.find((directory) => directory !== "-");
      if (!(error instanceof ClosedPipe) || other === undefined) throw error;
      throw new Failure(`standard output was closed before the end: nothing was written to ${other}`);
    }
  });
}
