// --data-config: the batches of a deployment, in Mozilla's form: [{"batch_id": "…", "n_data": n}, …]. Integers have a
// "precision" besides.

import { readFileSync, statSync } from "node:fs";
import { Failure, systemFailure } from "../files/failure.js";
import { usageFailure } from "./exit.js";

/** A batch, with the number of its values where the file says it. */
export interface ConfiguredBatch {
  readonly batchId: string;
  readonly count: number | undefined;
  readonly precision: number | undefined;
}

/** A batch with its number of values. */
export interface SizedBatch extends ConfiguredBatch {
  readonly count: number;
}

/** In bytes: room for thousands of batches. */
const MAX_DATA_CONFIG = 2 ** 20;

/** The batches in the file. Throws a usage failure when it holds anything else, or a batch twice. */
export function readDataConfig(path: string): ConfiguredBatch[] {
  const value = readJson(path, MAX_DATA_CONFIG);
  const entries = Array.isArray(value) ? (value as unknown[]) : [];
  const batches = entries.map((entry) => {
    const { batch_id: batchId, n_data: count, precision } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof batchId !== "string" || !isCount(count) || !isCount(precision)) {
      throw usageFailure(`${path}: expected a JSON array of objects with a "batch_id"`);
    }
    return { batchId, count, precision };
  });
  if (batches.length === 0) throw usageFailure(`${path}: expected a JSON array of objects with a "batch_id"`);
  const ids = batches.map(({ batchId }) => batchId);
  const again = ids.find((id, i) => ids.indexOf(id) !== i);
  if (again !== undefined) throw usageFailure(`${path}: batch ${JSON.stringify(again)} is there twice`);
  return batches;
}

/** The batches in the file, which must all have their number of values. */
export function readSizedBatches(path: string): SizedBatch[] {
  return readDataConfig(path).map(({ batchId, count, precision }) => {
    if (count === undefined) throw usageFailure(`${path}: batch ${JSON.stringify(batchId)}: expected an "n_data"`);
    return { batchId, count, precision };
  });
}

/** What a JSON file holds, or undefined when it is not JSON. Throws a Failure when it has more than `maxBytes`. */
export function readJson(path: string, maxBytes: number): unknown {
  try {
    const { size } = statSync(path);
    if (size > maxBytes) throw new Failure(`${path}: expected at most ${maxBytes} bytes, got ${size}`);
    const text = readFileSync(path, "utf8");
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
}

function isCount(x: unknown): x is number | undefined {
  return x === undefined || (Number.isSafeInteger(x) && (x as number) > 0);
}
