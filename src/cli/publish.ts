// `prio publish`: computes the totals from both servers' aggregates, of one batch or, by a list of them, of several.

import { randomUUID } from "node:crypto";
import { hasNoise, noiseInWords, noiseMember } from "../batch/published-totals.js";
import { openOutput, outputName, outputPath, withOutputs } from "../files/output.js";
import { BATCH_OPTIONS, batchFrom, serverIdFrom } from "./batch-options.js";
import { requireDistinctPaths } from "./distinct-paths.js";
import { EXIT } from "./exit.js";
import { requireNoDash, requireOneDash } from "./options.js";
import { publishAll } from "./publish-all.js";
import type { Run } from "./run.js";
import { warnOfSecrets } from "./secret-options.js";
import { fileFrom, nameOf, partsFrom } from "./stage.js";
import { openSummary } from "./summary.js";
import { readLabels, table } from "./table.js";
import { timestamp } from "./timestamp.js";
import { totalsFrom } from "./totals.js";

export async function publish(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  warnOfSecrets(options, reporter);
  // Scripts of prio-processor export DATA_CONFIG and publish one batch after the other.
  const isOne = options.text("batch-id") !== undefined && !options.isOnCommandLine("data-config");
  if (options.text("data-config") !== undefined && !isOne) return publishAll(run);
  const isShown = options.flag("pretty");
  options.require(...BATCH_OPTIONS, "server-id", "input-internal", "input-external", ...(isShown ? [] : ["output"]));
  requireOneDash(options, "input-internal", "input-external");
  requireOneDash(options, "output", "summary");
  requireNoDash(options, "labels");
  const serverId = serverIdFrom(options);
  const batch = batchFrom(options, serverId);

  const inputs = { internal: partsFrom(run, "input-internal"), external: partsFrom(run, "input-external") };
  const directory = options.text("output");
  const name = inputs.internal.areParts ? outputName("-") : nameOf(inputs.internal);
  const path = directory === undefined ? undefined : outputPath(directory, name);
  const summaryFile = fileFrom(run, "summary");
  const output = path === undefined ? undefined : { option: "output", path };
  requireDistinctPaths(
    run,
    [output, summaryFile].filter((file) => file !== undefined),
  );
  const labels = readLabels(options.text("labels"), batch.count);
  const started = performance.now();
  const summary = openSummary(summaryFile, io);
  try {
    const { totals, internal, a, b } = await totalsFrom(run, { batch, serverId, ...inputs });
    const end = path === "-" && io.stdout.isTTY === true ? "\n" : "";
    const results = `"payload": [${totals.join(", ")}]${noiseMember(a, b)}`;
    const text = `{"id": "${randomUUID()}", "timestamp": "${timestamp()}", ${results}}${end}`;
    if (path !== undefined) await withOutputs([() => openOutput(path, io)], [], async ([file]) => file?.write(text));
    if (isShown) {
      // When JSON goes to standard output, the table must not mix with it.
      const stream = path === "-" || summaryFile?.path === "-" ? io.stderr : io.stdout;
      stream.write(table({ totals, labels, reports: internal.reports, precision: batch.precision }, stream, io.env));
      if (hasNoise(a, b)) stream.write(`noise: ${noiseInWords(a.noise, b.noise)}\n`);
    }
    await summary.writeTotals({
      published: 1,
      rows: internal.total,
      errors: internal.errors,
      bytesRead: inputs.internal.bytesRead + inputs.external.bytesRead,
      bytesWritten: path === undefined ? 0 : text.length,
      started,
    });
    return EXIT.done;
  } finally {
    summary.discard();
  }
}
