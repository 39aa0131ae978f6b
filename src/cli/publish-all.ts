// `prio publish --data-config`: the totals of all batches of a deployment, one a line, as prio-processor has them.
// A batch whose aggregates do not go together is reported and does not stop the others.

import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";
import { noiseMember } from "../batch/published-totals.js";
import { pythonString } from "../batch/rows.js";
import { Failure, systemFailure } from "../files/failure.js";
import { InputParts } from "../files/input-parts.js";
import { openOutput, outputName, outputPath, withOutputs } from "../files/output.js";
import { partitionName } from "../files/partition-name.js";
import { batchFrom, serverIdFrom } from "./batch-options.js";
import { readSizedBatches, type SizedBatch } from "./data-config.js";
import { requireDistinctPaths } from "./distinct-paths.js";
import { EXIT, UsageFailure, usageFailure } from "./exit.js";
import { requireNoDash, requireOneDash } from "./options.js";
import type { Run } from "./run.js";
import { fileFrom } from "./stage.js";
import { openSummary } from "./summary.js";
import { table } from "./table.js";
import { timestamp } from "./timestamp.js";
import { type Totals, totalsFrom } from "./totals.js";

/** What became of a batch. */
type Outcome =
  | { readonly is: "published"; readonly text: string; readonly totals: Totals }
  | { readonly is: "missing" | "failed" };

export async function publishAll(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  const isShown = options.flag("pretty");
  options.require("server-id", "public-key-hex-internal", "public-key-hex-external");
  options.require("input-internal", "input-external", ...(isShown ? [] : ["output"]));
  requireNoDash(options, "data-config", "input-internal", "input-external");
  requireOneDash(options, "output", "summary");
  const single = ["batch-id", "n-data", "precision", "labels"].find((option) => options.isOnCommandLine(option));
  if (single !== undefined) {
    throw usageFailure(`--data-config and --${single} cannot be together`, "the file has what each batch needs");
  }
  const batches = readSizedBatches(options.required("data-config"));
  const directory = options.text("output");
  const path = directory === undefined ? undefined : outputPath(directory, outputName("-"));
  const [output, summaryFile] = [path === undefined ? undefined : { option: "output", path }, fileFrom(run, "summary")];
  requireDistinctPaths(
    run,
    [output, summaryFile].filter((file) => file !== undefined),
  );
  const folders = { internal: folderFrom(run, "input-internal"), external: folderFrom(run, "input-external") };
  const started = performance.now();
  const summary = openSummary(summaryFile, io);
  const stream = path === "-" || summaryFile?.path === "-" ? io.stderr : io.stdout;
  let [published, missing, failed, rows, errors, bytesRead] = [0, 0, 0, 0, 0, 0];
  const texts: string[] = [];
  try {
    for (const batch of batches) {
      const outcome = await publishBatch(run, batch, folders, (bytes) => {
        bytesRead += bytes;
      });
      if (outcome.is === "missing") missing++;
      if (outcome.is === "failed") failed++;
      if (outcome.is !== "published") continue;
      published++;
      const { totals, internal } = outcome.totals;
      texts.push(outcome.text);
      rows += internal.total;
      errors += internal.errors;
      if (!isShown) continue;
      const labels = totals.map((_, i) => String(i));
      const shown = { title: batch.batchId, totals, labels, reports: internal.reports, precision: batch.precision };
      stream.write(table(shown, stream, io.env));
    }
    if (published === 0) {
      throw new Failure(`none of ${batches.length} batches was published`, "nothing was written");
    }
    if (path !== undefined) {
      await withOutputs([() => openOutput(path, io)], [], async ([file]) => file?.write(texts.join("")));
    }
    const bytesWritten = path === undefined ? 0 : texts.reduce((sum, text) => sum + text.length, 0);
    await summary.writeTotals({ published, missing, failed, rows, errors, bytesRead, bytesWritten, started });
    reporter.info(`published ${published} of ${batches.length} batches; ${missing} not there, ${failed} failed`);
    return failed > 0 ? EXIT.incomplete : EXIT.done;
  } finally {
    summary.discard();
  }
}

/** The directory of an option. */
function folderFrom({ options }: Run, option: string): string {
  const [path = "", ...others] = options.texts(option);
  if (others.length > 0 || !isDirectory(path)) {
    throw usageFailure(
      `--${option}: expected a directory with a directory batch_id=… for each batch`,
      "--data-config publishes all batches of a deployment; for one, give --batch-id and --n-data",
    );
  }
  return path;
}

async function publishBatch(
  run: Run,
  { batchId, count, precision }: SizedBatch,
  folders: Readonly<Record<"internal" | "external", string>>,
  onRead: (bytes: number) => void,
): Promise<Outcome> {
  const { reporter } = run;
  const name = JSON.stringify(batchId);
  const values = { "batch-id": batchId, "n-data": String(count), precision: precision?.toString() };
  const options = run.options.replacing(values);
  const serverId = serverIdFrom(options);
  // What the library does not take as a batch is a fault of the configuration, and no fault of one batch alone.
  const batch = batchFrom(options, serverId);
  try {
    const folder = partitionName("batch_id", batchId);
    if (folder === null) throw new Failure("no file system takes a name that long");
    const [own, other] = [`${folders.internal}/${folder}`, `${folders.external}/${folder}`];
    const absent = [own, other].filter((path) => !isDirectory(path));
    if (absent.length === 2) {
      reporter.warn(`batch ${name}: no aggregate is there`);
      return { is: "missing" };
    }
    if (absent.length === 1)
      throw new Failure(`${absent[0]} is not there`, "the other server has an aggregate of the batch");
    const [internal, external] = [InputParts.of([own]), InputParts.of([other])];
    const totals = await totalsFrom({ ...run, options }, { batch, serverId, internal, external });
    onRead(internal.bytesRead + external.bytesRead);
    const { errors, total } = totals.internal;
    const results = `"payload": [${totals.totals.join(", ")}], "error": ${errors}, "total": ${total}`;
    const head = `"batch_id": ${pythonString(batchId)}, "id": "${randomUUID()}", "timestamp": "${timestamp()}"`;
    return { is: "published", totals, text: `{${head}, ${results}${noiseMember(totals.a, totals.b)}}\n` };
  } catch (error) {
    if (!(error instanceof Failure) || error instanceof UsageFailure) throw error;
    reporter.error({ message: `batch ${name}: ${error.message}`, hint: error.hint });
    return { is: "failed" };
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}
