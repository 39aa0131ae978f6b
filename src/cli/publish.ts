// `prio publish`: computes the totals from both servers' aggregates, unless these cannot be of the same reports.

import { randomUUID } from "node:crypto";
import { type Aggregate, readAggregates, requireBatch } from "../batch/aggregate-sum.js";
import { configOf } from "../batch/batch.js";
import { hasNoise, noiseInWords, noiseMember, totalsOf } from "../batch/published-totals.js";
import { Failure } from "../files/failure.js";
import type { InputParts } from "../files/input-parts.js";
import { openOutput, outputName, outputPath, withOutputs } from "../files/output.js";
import { PrioError, type ServerId } from "../index.js";
import { BATCH_OPTIONS, batchFrom, serverIdFrom } from "./batch-options.js";
import { requireDistinctPaths } from "./distinct-paths.js";
import { EXIT } from "./exit.js";
import { requireNoDash, requireOneDash } from "./options.js";
import type { Reporter } from "./reporter.js";
import type { Run } from "./run.js";
import { warnOfSecrets } from "./secret-options.js";
import { nameOf, partsFrom } from "./stage.js";
import { readLabels, table } from "./table.js";
import { wrongFile } from "./wrong-file.js";

/** Below so many reports, the totals themselves say much about single clients. */
const FEW_REPORTS = 100;

export async function publish(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  warnOfSecrets(options, reporter);
  const isShown = options.flag("pretty");
  options.require(...BATCH_OPTIONS, "server-id", "input-internal", "input-external", ...(isShown ? [] : ["output"]));
  requireOneDash(options, "input-internal", "input-external");
  requireNoDash(options, "labels");
  const serverId = serverIdFrom(options);
  const batch = batchFrom(options, serverId);
  const minimum = options.integer("min-reports", 0) ?? 0;

  const inputs = { internal: partsFrom(run, "input-internal"), external: partsFrom(run, "input-external") };
  const directory = options.text("output");
  const name = inputs.internal.areParts ? outputName("-") : nameOf(inputs.internal);
  const path = directory === undefined ? undefined : outputPath(directory, name);
  requireDistinctPaths(run, path === undefined ? [] : [{ option: "output", path }]);
  const labels = readLabels(options.text("labels"), batch.count);
  const internal = await aggregateOf(run, inputs.internal);
  const external = await aggregateOf(run, inputs.external);
  requireBatch(internal, batch, inputs.internal.name);
  requireBatch(external, batch, inputs.external.name);
  requireAgreement(internal, external, minimum);

  const [a, b] = serverId === "A" ? [internal, external] : [external, internal];
  let totals: bigint[];
  try {
    totals = totalsOf(configOf(batch), a, b);
  } catch (error) {
    throw error instanceof PrioError ? publicationFailure(error) : error;
  }
  if (options.text("min-reports") === undefined && internal.reports < FEW_REPORTS) {
    const reports = `${internal.reports} report${internal.reports === 1 ? "" : "s"}`;
    reporter.warn(`totals of ${reports} hide nobody: give --min-reports to say how many reports you need`);
  }
  if (hasNoise(a, b)) warnOfMissingNoise(reporter, { A: a, B: b });

  if (path !== undefined) {
    await withOutputs([() => openOutput(path, io)], [], async ([file]) => {
      const end = path === "-" && io.stdout.isTTY === true ? "\n" : "";
      const results = `"payload": [${totals.join(", ")}]${noiseMember(a, b)}`;
      await file?.write(`{"id": "${randomUUID()}", "timestamp": "${timestamp()}", ${results}}${end}`);
    });
  }
  if (isShown) {
    // When the JSON goes to standard output, the table must not mix with it.
    const stream = path === "-" ? io.stderr : io.stdout;
    stream.write(table({ totals, labels, reports: internal.reports, precision: batch.precision }, stream, io.env));
    if (hasNoise(a, b)) stream.write(`noise: ${noiseInWords(a.noise, b.noise)}\n`);
  }
  return EXIT.done;
}

/** A server's aggregate. The failure for another stage's file says what it is. */
async function aggregateOf(run: Run, input: InputParts): Promise<Aggregate> {
  try {
    return await readAggregates(input);
  } catch (error) {
    const wrong = error instanceof Failure ? await wrongFile(run, "publish") : undefined;
    throw wrong === undefined ? error : new Failure((error as Failure).message, wrong);
  }
}

/** A server that knows all the noise there is, because it is its own, knows the exact totals. */
function warnOfMissingNoise(reporter: Reporter, servers: Readonly<Record<ServerId, Aggregate>>): void {
  for (const [id, other] of [
    ["A", "B"],
    ["B", "A"],
  ] as const) {
    const { noise, exactParts } = servers[id];
    if (exactParts === 0) continue;
    const what = noise.length === 0 ? "has no noise" : `has no noise in ${exactParts} part${exactParts > 1 ? "s" : ""}`;
    reporter.warn(`the aggregate of ${id} ${what}: server ${other}, which knows its own noise, knows exact totals`);
  }
}

/** Refuses aggregates of different reports, and of fewer reports than the operator wants to reveal. */
function requireAgreement(internal: Aggregate, external: Aggregate, minimum: number): void {
  if (internal.reports !== external.reports) {
    throw new Failure(
      `the servers counted different reports: internal ${internal.reports}, external ${external.reports}`,
      "both aggregates must come from one batch, each from both servers' verify2 files; nothing was published",
    );
  }
  if (internal.reports === 0) {
    throw new Failure("both aggregates count 0 reports", "nothing was published");
  }
  if (internal.reports < minimum) {
    throw new Failure(
      `${internal.reports} reports are fewer than --min-reports ${minimum}`,
      "few reports hide nobody; nothing was published",
    );
  }
}

/** What usually causes an error of the library here, as the hint. */
function publicationFailure(error: PrioError): Failure {
  const hints: Partial<Record<PrioError["code"], string>> = {
    "wrong-server":
      "--input-internal is this server's aggregate, --input-external the other's; does --server-id say which?",
    malformed: "do --n-data and --precision agree with the aggregates?",
    overflow:
      "the two aggregates are not of one batch, or were made with different verify2 files, or lost their note of noise",
  };
  return new Failure(error.message, hints[error.code]);
}

/** ISO 8601 in UTC with microseconds and without a zone, as Python writes it. */
function timestamp(): string {
  const now = performance.timeOrigin + performance.now();
  const micros = Math.floor((now % 1) * 1000);
  return new Date(now).toISOString().replace("Z", String(micros).padStart(3, "0"));
}
