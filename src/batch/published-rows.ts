// Published totals as they are read again: rows {"id", "timestamp", "payload": [totals]}, which name their batch in a
// member, or whose directory does, batch_id=….

import { isUtf8 } from "node:buffer";
import { chunksOf, linesOf } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import type { Input } from "../files/input.js";
import { type JsonToken, scanObject, stringOf } from "../files/json-scanner.js";

/** The totals of a batch. */
export interface PublishedRow {
  readonly id: string;
  readonly timestamp: string;
  /** Of up to 64 bits and a sign. */
  readonly totals: readonly bigint[];
  /** Undefined where the row does not say which batch it is of. */
  readonly batchId: string | undefined;
  /** Undefined where the row does not say how many reports it is of. */
  readonly reports: number | undefined;
}

/** Longest row, in bytes: 262,143 totals of 22 characters. */
const LIMITS = { line: 2 ** 23, rows: 16, bytes: 2 ** 22 };
/** Digits of a total: 2^64 has 20. */
const TOTAL = /^\s*-?\d{1,20}\s*$/;
const MEMBERS = ["id", "timestamp", "payload", "batch_id", "error", "total"] as const;

/** The rows of a file. Throws a Failure, with the line, for what is none. */
export async function* publishedRows(input: Input): AsyncGenerator<PublishedRow> {
  for await (const chunk of chunksOf(input.pieces(), LIMITS)) {
    for (const [i, line] of linesOf(chunk).entries()) {
      const row = readRow(line);
      if (row === null) {
        throw new Failure(
          `${input.name}, line ${chunk.numbers[i]}: expected published totals, with "id", "timestamp" and "payload"`,
          "`prio inspect` tells what a file is",
        );
      }
      yield row;
    }
  }
}

function readRow(line: Buffer): PublishedRow | null {
  const tokens = isUtf8(line) ? scanObject(line, MEMBERS) : null;
  if (tokens === null) return null;
  const token = (name: (typeof MEMBERS)[number]): JsonToken | undefined => tokens[MEMBERS.indexOf(name)];
  const text = (name: (typeof MEMBERS)[number]): string | undefined => {
    const found = token(name);
    return found?.kind === "string" ? stringOf(line, found) : undefined;
  };
  const [id, timestamp, payload] = [text("id"), text("timestamp"), token("payload")];
  const totals =
    payload?.kind === "array" ? totalsOf(line.toString("latin1", payload.start + 1, payload.end - 1)) : null;
  if (id === undefined || timestamp === undefined || totals === null) return null;
  if (token("batch_id") !== undefined && text("batch_id") === undefined) return null;
  return { id, timestamp, totals, batchId: text("batch_id"), reports: reportsOf(line, token("error"), token("total")) };
}

function totalsOf(text: string): bigint[] | null {
  const items = text.split(",");
  return items.every((item) => TOTAL.test(item)) ? items.map((item) => BigInt(item.trim())) : null;
}

function reportsOf(line: Buffer, error: JsonToken | undefined, total: JsonToken | undefined): number | undefined {
  const [errors, rows] = [error, total].map((token) =>
    token?.kind === "number" ? Number(line.toString("latin1", token.start, token.end)) : Number.NaN,
  ) as [number, number];
  const reports = rows - errors;
  return Number.isSafeInteger(reports) && errors >= 0 && reports >= 0 ? reports : undefined;
}
