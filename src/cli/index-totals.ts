// `prio index`: gives published totals the names of what they count, and joins the batches of one question.

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type PublishedRow, publishedRows } from "../batch/published-rows.js";
import { csvLine } from "../files/csv.js";
import { Failure, systemFailure } from "../files/failure.js";
import { type Input, MAX_EXPANSION } from "../files/input.js";
import { InputParts } from "../files/input-parts.js";
import { openOutput, withOutputs } from "../files/output.js";
import { valueOfPartition } from "../files/partition-name.js";
import { readSizedBatches } from "./data-config.js";
import { requireDistinctPaths, requireOtherFiles } from "./distinct-paths.js";
import { EXIT, usageFailure } from "./exit.js";
import { requireNoDash } from "./options.js";
import { type Origin, readOrigins } from "./origins.js";
import { type QuestionPart, questionParts } from "./questions.js";
import type { Run } from "./run.js";
import { partsFrom } from "./stage.js";
import { table } from "./table.js";
import { escapedJson, printable } from "./untrusted-text.js";

export const INDEX_FORMATS = ["table", "csv", "json", "ndjson"] as const;

/** A part of a question, and its totals. */
interface IndexedPart extends QuestionPart {
  readonly row: PublishedRow;
}

export async function indexTotals(run: Run): Promise<number> {
  const { options, reporter, io } = run;
  options.require("input", "data-config", "origins");
  requireNoDash(options, "data-config", "origins");
  const format = options.choice("format", INDEX_FORMATS) ?? "table";
  const path = options.text("output") ?? "-";
  requireDistinctPaths(run, [{ option: "output", path }]);
  const config = options.required("data-config");
  const parts = questionParts(readSizedBatches(config), config);
  const origins = readOrigins(options.required("origins"));
  for (const [batchId, { offset, count }] of parts) requireOrigins(origins, batchId, offset + count);
  const inputs = publishedFiles(run);
  requireOtherFiles(inputs, [{ option: "output", path }]);

  const found = new Map<string, IndexedPart>();
  let unknown = 0;
  for (const input of inputs) {
    const ofDirectory = valueOfPartition("batch_id", basename(dirname(resolve(input.path))));
    for await (const row of publishedRows(input)) {
      const batchId = row.batchId ?? ofDirectory;
      if (batchId === undefined) {
        throw new Failure(
          `${input.name}: a row does not say which batch it is of`,
          "rows have a batch_id, or are in a directory batch_id=…",
        );
      }
      const part = parts.get(batchId);
      if (part === undefined) unknown++;
      else addPart(found, batchId, { ...part, row }, input);
    }
  }
  if (unknown > 0) reporter.warn(`${unknown} rows are of batches that ${config} does not have: they are left out`);
  const missing = [...parts].filter(([batchId]) => !found.has(batchId)).map(([batchId]) => JSON.stringify(batchId));
  if (found.size === 0) throw new Failure(`no totals of the batches in ${config} are there`, "nothing was written");
  if (missing.length > 0) reporter.warn(`no totals are there of ${listed(missing)}`);

  const indexed = [...parts.keys()].flatMap((batchId) => found.get(batchId) ?? []);
  const isTerminal = path === "-" && io.stdout.isTTY === true;
  if (format === "table" && path === "-") {
    io.stdout.write(tables(indexed, origins, io.stdout, io.env));
    return EXIT.done;
  }
  await withOutputs([() => openOutput(path, io)], [], async ([output]) => {
    // Outputs take ASCII, or the bytes of UTF-8 one character each.
    const write = async (text: string) => output?.write(Buffer.from(text).toString("latin1"));
    if (format === "table") return write(tables(indexed, origins, io.stderr, { NO_COLOR: "1" }));
    if (format === "json") await write("[");
    if (format === "csv") await write(csvLine(COLUMNS));
    for (const [i, part] of indexed.entries()) {
      const rows = rowsOf(part, origins);
      if (format === "csv") {
        const text = rows.map(csvLine).join("");
        await write(isTerminal ? text.replace(/[^\n]+/g, printable) : text);
      } else {
        const objects = rows.map(objectText);
        const ends = format === "ndjson" ? "\n" : ",\n";
        await write(format === "ndjson" ? `${objects.join(ends)}\n` : `${i > 0 ? ends : ""}${objects.join(ends)}`);
      }
    }
    if (format === "json") await write("]\n");
  });
  return EXIT.done;
}

const COLUMNS = ["id", "timestamp", "batch_id", "origin", "hash", "index", "aggregate"] as const;
type IndexedRow = [id: string, time: string, batch: string, origin: string, hash: string, index: number, total: bigint];

/** The rows of a part, with the columns of prio-processor: `batch_id` is the question. */
function rowsOf({ question, offset, row }: IndexedPart, origins: readonly Origin[]): IndexedRow[] {
  return row.totals.map((total, i) => {
    const index = offset + i;
    const { name, hash } = origins[index] as Origin;
    return [row.id, row.timestamp, question, name, hash, index, total];
  });
}

function objectText(row: IndexedRow): string {
  const members = COLUMNS.map((name, i) => {
    const value = row[i] as IndexedRow[number];
    return `"${name}":${typeof value === "string" ? escapedJson(value) : value}`;
  });
  return `{${members.join(",")}}`;
}

/** A table for each question. */
function tables(
  parts: readonly IndexedPart[],
  origins: readonly Origin[],
  stream: Run["io"]["stdout"],
  env: Run["io"]["env"],
): string {
  const questions = new Map<string, IndexedPart[]>();
  for (const part of parts) questions.set(part.question, [...(questions.get(part.question) ?? []), part]);
  const texts = [...questions].map(([title, ofQuestion]) =>
    table(
      {
        title,
        totals: ofQuestion.flatMap(({ row }) => row.totals),
        labels: ofQuestion.flatMap((part) => rowsOf(part, origins).map(([, , , name]) => name)),
        // The parts of a question can be of different reports: some clients may have reported one of them only.
        reports: ofQuestion.flatMap(({ row }) => row.totals.map(() => row.reports)),
        precision: ofQuestion[0]?.precision,
      },
      stream,
      env,
    ),
  );
  return texts.join("\n");
}

function addPart(found: Map<string, IndexedPart>, batchId: string, part: IndexedPart, { name }: Input): void {
  const batch = `batch ${JSON.stringify(batchId)}`;
  if (found.has(batchId))
    throw new Failure(`${name}: ${batch} is there twice`, "index the totals of one day at a time");
  if (part.row.totals.length !== part.count) {
    throw new Failure(`${name}: ${batch}: expected ${part.count} totals, got ${part.row.totals.length}`);
  }
  found.set(batchId, part);
}

function requireOrigins(origins: readonly Origin[], batchId: string, needed: number): void {
  if (needed <= origins.length) return;
  throw usageFailure(`--origins: ${JSON.stringify(batchId)} needs ${needed} names, and there are ${origins.length}`);
}

/** The files of --input: of a directory, also those in its directories batch_id=…, one for each batch. */
function publishedFiles(run: Run): readonly Input[] {
  const paths = run.options.texts("input");
  const maxExpansion = MAX_EXPANSION.values;
  const [path = "", ...others] = paths;
  const partitions = others.length === 0 && path !== "-" ? partitionsIn(path) : [];
  if (partitions.length === 0) return partsFrom(run, "input", maxExpansion).inputs;
  return partitions.flatMap((partition) => InputParts.of([partition], { maxExpansion }).inputs);
}

function partitionsIn(path: string): string[] {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
    const names = readdirSync(path).filter((name) => valueOfPartition("batch_id", name) !== undefined);
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

/** As many as fit a line. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}
