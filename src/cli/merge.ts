// `prio merge`: adds one server's aggregates of the parts of a batch up to one.

import { formatAggregate } from "../batch/aggregate-file.js";
import { readAggregates, requireBatch } from "../batch/aggregate-sum.js";
import { Failure } from "../files/failure.js";
import { openOutput, outputName, outputPath, withOutputs } from "../files/output.js";
import { mergeTotalShares, PrioError } from "../index.js";
import { requireDistinctPaths, requireOtherFiles } from "./distinct-paths.js";
import { EXIT } from "./exit.js";
import { requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { fileFrom, nameOf, OWNER_ONLY, partsFrom } from "./stage.js";
import { openSummary, rounded } from "./summary.js";
import { wrongFile } from "./wrong-file.js";

export async function merge(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  options.require("input", "output");
  const expected = {
    ...(options.text("batch-id") !== undefined && { batchId: options.required("batch-id") }),
    ...(options.text("n-data") !== undefined && { count: options.integer("n-data", 1) as number }),
    ...(options.text("precision") !== undefined && { precision: options.integer("precision", 1) }),
  };
  const input = partsFrom(run, "input");
  const path = outputPath(options.required("output"), input.areParts ? outputName("-") : nameOf(input));
  const summaryFile = fileFrom(run, "summary");
  const written = [{ option: "output", path }, ...(summaryFile === undefined ? [] : [summaryFile])];
  requireOneDash(options, "output", "summary");
  requireDistinctPaths(run, written);
  requireOtherFiles(input.inputs, written);
  const started = performance.now();
  const summary = openSummary(summaryFile, io);
  try {
    const sum = await readAggregates(input).catch(async (error: unknown) => {
      const wrong = error instanceof Failure ? await wrongFile(run, "merge") : undefined;
      throw wrong === undefined ? error : new Failure((error as Failure).message, wrong);
    });
    requireBatch(sum, expected, input.name);
    const { errors, total, noise, exactParts, batch, parts } = sum;
    const partial = options.flag("partial") ? { batch, parts } : {};
    const text = formatAggregate({ share: shareOf(sum.shares), errors, total, noise, exactParts, ...partial });
    await withOutputs([() => openOutput(path, io, OWNER_ONLY)], [], async ([file]) => {
      await file?.write(path === "-" ? `${text}\n` : text);
    });
    await summary.writeFacts({
      stage: "merge",
      written: true,
      parts: parts.length,
      rows: total,
      errors,
      reasons: {},
      bytes_read: input.bytesRead,
      bytes_written: text.length,
      seconds: rounded((performance.now() - started) / 1000),
    });
    const counts = `${errors} errors out of ${total} total`;
    if (written.some((file) => file.path === "-")) reporter.plain(counts);
    else io.stdout.write(`${counts}\n`);
    reporter.info(`${parts.length} parts with reports: ${sum.reports} reports`);
    return EXIT.done;
  } finally {
    summary.discard();
    input.close();
  }
}

function shareOf(shares: readonly Uint8Array[]): Uint8Array {
  try {
    return mergeTotalShares(shares);
  } catch (error) {
    throw error instanceof PrioError ? new Failure(error.message, "`prio inspect` tells what a file is") : error;
  }
}
