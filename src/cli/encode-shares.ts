// `prio encode-shares`: clients' values in, rows of packets for both servers out.

import { openOutput, outputName } from "./batches.js";
import { ClosedPipe, Failure } from "./failure.js";
import { batchFrom } from "./options.js";
import { conclude, overRows, type Run, requireOneDash, withOutputs } from "./stage.js";

export async function encodeShares(run: Run): Promise<number> {
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
  const tally = await overRows(run, { stage: "encode-shares", batch }, async (rows) => {
    const name = outputName(given.required("input"));
    const outputs = directories.map((directory) => () => openOutput(directory, name, around.stdout));
    try {
      await withOutputs(outputs, (opened) => rows.inOneStep((chunk) => rows.crew.encode(chunk), opened));
    } catch (error) {
      const other = directories.find((directory) => directory !== "-");
      if (!(error instanceof ClosedPipe) || other === undefined) throw error;
      throw new Failure(`standard output was closed before the end: nothing was written to ${other}`);
    }
  });
  return conclude(run, tally, directories);
}
