// Makes test batches in prio-processor's layout, a directory for each server, in it one for each batch, in it the
// parts, with the plain sums of the good rows beside them.

import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { syncDirectory } from "../files/disk.js";
import { Failure, systemCode, systemFailure } from "../files/failure.js";
import { type Output, openNewOutput, withOutputs } from "../files/output.js";
import { OutputDirectory } from "../files/output-directory.js";
import { partitionName } from "../files/partition-name.js";
import { Queue, withRejectionHandled } from "../files/queue.js";
import { type Batch, configOf } from "./batch.js";
import type { GeneratedRows, GeneratingTask, RowFault, RowRange } from "./generated-rows.js";
import { pythonString } from "./rows.js";
import { WorkerPool } from "./worker-pool.js";

/** The file of the sums, a row for each batch. Spark and this command do not take it for rows. */
const SUMS = "_sums.ndjson";
const SERVERS = ["a", "b"] as const;

/** What to make. */
export interface GenerateSettings extends Omit<GeneratingTask, "stage" | "batch"> {
  readonly batches: readonly Batch[];
  /** Rows of each batch. */
  readonly rows: number;
  /** Files of each batch and server. */
  readonly parts: number;
  /** A directory that is missing, empty, or was made by an earlier run. */
  readonly directory: string;
  readonly jobs: number;
  /** Called now and then with the number of rows done. */
  readonly progress?: (rows: number) => void;
}

/** What became of a batch. */
export interface GeneratedBatch {
  readonly batch: Batch;
  readonly rows: number;
  /** Good rows. */
  readonly reports: number;
  readonly bad: Readonly<Partial<Record<RowFault, number>>>;
  readonly sums: readonly bigint[];
}

/** What a run has made. */
export interface Generated {
  readonly batches: readonly GeneratedBatch[];
  readonly bytesWritten: number;
}

/** Field elements in the rows of a chunk, and most rows: their sums are exact in a double. */
const [CHUNK_ELEMENTS, MAX_CHUNK_ROWS] = [2 ** 15, 2 ** 8];

/** Makes the batches. Throws a Failure when it cannot; then nothing has changed. */
export async function generateBatches(settings: GenerateSettings): Promise<Generated> {
  const { directory } = settings;
  requireOwn(directory);
  const batches: GeneratedBatch[] = [];
  let bytesWritten = 0;
  await withOutputs([() => new OutputDirectory(directory, "inside")], [], async ([output]) => {
    const root = (output as OutputDirectory).temporary;
    for (const batch of settings.batches) {
      const done = batches.reduce((sum, { rows }) => sum + rows, 0);
      const { made, bytes } = await generateBatch(settings, batch, root, done);
      batches.push(made);
      bytesWritten += bytes;
    }
    await writeFile(join(root, SUMS), join(directory, SUMS), batches.map(sumsRow).join(""));
    for (const server of SERVERS) syncTree(join(root, `server_id=${server}`));
  });
  return { batches, bytesWritten };
}

async function generateBatch(
  { seed, badShare, faults, rows, parts, jobs, directory, progress }: GenerateSettings,
  batch: Batch,
  root: string,
  done: number,
): Promise<{ readonly made: GeneratedBatch; readonly bytes: number }> {
  const name = partitionName("batch_id", batch.batchId);
  if (name === null) throw new Failure(`batch ${JSON.stringify(batch.batchId)}: no file system takes a name that long`);
  const named = (path: string) => path.replace(root, directory);
  const directories = SERVERS.map((server) => join(root, `server_id=${server}`, name));
  for (const path of directories) made(path);
  const sums = new Array<bigint>(batch.count).fill(0n);
  const bad: Partial<Record<RowFault, number>> = {};
  const pool = new WorkerPool({ stage: "generate", batch, seed, badShare, faults }, jobs);
  const size = Math.max(1, Math.min(MAX_CHUNK_ROWS, Math.floor(CHUNK_ELEMENTS / configOf(batch).fields)));
  let [bytes, finished] = [0, 0];
  let outputs: Output[] = [];
  const write = async ({ texts, sums: more, bad: worse }: GeneratedRows, { count }: RowRange): Promise<void> => {
    for (const [i, output] of outputs.entries()) await output.write(texts[i] as string);
    more.forEach((sum, i) => {
      sums[i] = (sums[i] as bigint) + BigInt(sum);
    });
    for (const [fault, number] of Object.entries(worse) as [RowFault, number][])
      bad[fault] = (bad[fault] ?? 0) + number;
    finished += count;
    progress?.(done + finished);
  };
  try {
    let chunk = 0;
    for (let part = 0; part < parts; part++) {
      const file = `part-${String(part).padStart(5, "0")}.ndjson`;
      outputs = directories.map((path) => openNewOutput(join(path, file), join(named(path), file)));
      const [start, end] = [part, part + 1].map((x) => Math.floor((x * rows) / parts)) as [number, number];
      const pending = new Queue<readonly [Promise<GeneratedRows>, RowRange]>(pool.depth, async ([result, range]) =>
        write(await result, range),
      );
      for (let first = start; first < end; first += size) {
        const range = { first, count: Math.min(size, end - first) };
        await pending.push([withRejectionHandled(pool.generate(chunk++, range)), range]);
      }
      await pending.drain();
      for (const output of outputs) await output.complete();
      bytes += outputs.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0);
    }
  } finally {
    for (const output of outputs) output.discard();
    await pool.close();
  }
  const reports = rows - Object.values(bad).reduce((sum, count) => sum + count, 0);
  return { made: { batch, rows, reports, bad, sums }, bytes };
}

function sumsRow({ batch: { batchId, count, precision }, rows, reports, bad, sums }: GeneratedBatch): string {
  const size = `"n_data": ${count}${precision === undefined ? "" : `, "precision": ${precision}`}`;
  const counts = `"rows": ${rows}, "reports": ${reports}, "bad": ${JSON.stringify(bad)}`;
  return `{"batch_id": ${pythonString(batchId)}, ${size}, ${counts}, "payload": [${sums.join(", ")}]}\n`;
}

/** Throws a Failure when the directory holds anything, unless an earlier run made it: all that is in it goes. */
function requireOwn(path: string): void {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw systemFailure(error, `cannot write ${path}`);
  }
  if (names.length === 0 || names.includes(SUMS)) return;
  throw new Failure(
    `cannot write ${path}: it is not empty, and was not made by prio generate`,
    "name another directory",
  );
}

async function writeFile(path: string, name: string, text: string): Promise<void> {
  const output = openNewOutput(path, name);
  try {
    await output.write(text);
    await output.complete();
  } finally {
    output.discard();
  }
}

function made(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw systemFailure(error, `cannot make the directory ${path}`);
  }
}

/** Puts the names in a directory, and in those in it, on disk. */
function syncTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) syncDirectory(join(path, entry.name));
  }
  syncDirectory(path);
}
