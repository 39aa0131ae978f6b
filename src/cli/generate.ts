// `prio generate`: makes test batches for both servers, with the plain sums beside them.

import type { Batch } from "../batch/batch.js";
import { generateBatches } from "../batch/generate.js";
import { ROW_FAULTS, type RowFault } from "../batch/generated-rows.js";
import { batchFrom, jobsFrom } from "./batch-options.js";
import { readSizedBatches } from "./data-config.js";
import { requireDistinctPaths } from "./distinct-paths.js";
import { EXIT, usageFailure } from "./exit.js";
import { type Options, requireChoice, requireNoDash } from "./options.js";
import type { Run } from "./run.js";
import { fileFrom } from "./stage.js";
import { openSummary, rounded } from "./summary.js";
import { quoted } from "./untrusted-text.js";

const [MAX_ROWS, MAX_PARTS] = [1e9, 10_000];
/** So that the row before a bad one is good. */
const MAX_BAD = 50;

export async function generate(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  options.require("output", "seed", "public-key-hex-internal", "public-key-hex-external");
  requireNoDash(options, "output", "data-config");
  const [all, dropped] = batchesFrom(options);
  const rows = options.integer("rows", 1) ?? 100;
  const parts = options.integer("parts", 1) ?? 1;
  if (rows > MAX_ROWS) throw usageFailure(`--rows: expected at most ${MAX_ROWS}, got ${rows}`);
  if (parts > MAX_PARTS) throw usageFailure(`--parts: expected at most ${MAX_PARTS}, got ${parts}`);
  const badShare = badShareFrom(options);
  const kinds = options.texts("bad-kind").map((kind) => requireChoice<RowFault>("--bad-kind", kind, ROW_FAULTS));
  const directory = options.required("output");
  const summaryFile = fileFrom(run, "summary");
  requireDistinctPaths(run, summaryFile === undefined ? [] : [summaryFile], [{ option: "output", path: directory }]);
  reporter.warn("these packets hide nothing: whoever has the seed can compute all values. Use them for tests only");
  const batches = all.slice(0, all.length - dropped);
  const progress = reporter.progress("generate", io.env, undefined, () => 0);
  const started = performance.now();
  const summary = openSummary(summaryFile, io);
  try {
    const { batches: made, bytesWritten } = await generateBatches({
      batches,
      rows,
      parts,
      badShare,
      faults: kinds.length > 0 ? kinds : ROW_FAULTS,
      seed: options.required("seed"),
      directory,
      jobs: jobsFrom(options, undefined),
      progress: (done) => progress.rows(done),
    });
    progress.clear();
    const reports = made.reduce((sum, batch) => sum + batch.reports, 0);
    const total = rows * made.length;
    await summary.writeFacts({
      stage: "generate",
      written: true,
      batches: made.length,
      rows: total,
      errors: total - reports,
      reasons: made.reduce((counts, { bad }) => added(counts, bad), {}),
      bytes_written: bytesWritten,
      seconds: rounded((performance.now() - started) / 1000),
    });
    const missing = dropped === 0 ? "" : `; ${dropped} dropped`;
    reporter.info(`batches: ${made.length}${missing}, rows: ${total}, bad: ${total - reports}`);
    return EXIT.done;
  } finally {
    progress.clear();
    summary.discard();
  }
}

/** The batches in the order of their names, and how many of them, the last ones, to leave out. */
function batchesFrom(options: Options): readonly [readonly Batch[], number] {
  const path = options.text("data-config");
  const dropped = options.integer("drop-batch", 0) ?? 0;
  const isOne =
    path === undefined || (options.text("batch-id") !== undefined && !options.isOnCommandLine("data-config"));
  const batches = isOne
    ? [batchFrom(options, "A")]
    : readSizedBatches(path)
        .sort((a, b) => (a.batchId < b.batchId ? -1 : 1))
        .map(({ batchId, count, precision }) => {
          const values = { "batch-id": batchId, "n-data": String(count), precision: precision?.toString() };
          return batchFrom(options.replacing(values), "A");
        });
  if (dropped >= batches.length) {
    throw usageFailure(`--drop-batch: expected fewer than the ${batches.length} batches, got ${dropped}`);
  }
  return [batches, dropped];
}

/** --bad, a share as 5%. */
function badShareFrom(options: Options): number {
  const text = options.text("bad");
  if (text === undefined) return 0;
  const [, percent] = /^(\d{1,2}(?:\.\d{1,9})?)%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) <= MAX_BAD) return Number(percent) / 100;
  throw usageFailure(`--bad: expected a share of at most ${MAX_BAD}%, as 5%, got ${quoted(text)}`);
}

function added(
  counts: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const names = [...Object.keys(counts), ...Object.keys(more)];
  return Object.fromEntries(names.map((name) => [name, (counts[name] ?? 0) + (more[name] ?? 0)]));
}
