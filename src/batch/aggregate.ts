// A server's aggregate as a file: one JSON object with its total share, the rows left out and all rows.

import { Failure } from "./failure.js";
import type { Input } from "./input.js";
import { base64, decodeBase64 } from "./rows.js";

/** Longest file that is read, in bytes: an aggregate of 262,143 totals takes 4.2 MB. */
const MAX_AGGREGATE = 2 ** 26;

export interface Aggregate {
  /** The server's total share. */
  readonly share: Uint8Array;
  /** How many reports are in it. */
  readonly reports: number;
}

/** The file's text. `errors` of the `total` rows were left out. */
export function formatAggregate(share: Uint8Array, errors: number, total: number): string {
  return `{"payload": "${base64(share)}", "error": ${errors}, "total": ${total}}`;
}

/** Reads an aggregate. Throws a Failure when the file holds anything else. */
export async function readAggregate(input: Input): Promise<Aggregate> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input.pieces()) {
    pieces.push(piece);
    length += piece.length;
    if (length > MAX_AGGREGATE) throw notAnAggregate(input);
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    throw notAnAggregate(input);
  }
  const { payload, error, total } = (value ?? {}) as { payload?: unknown; error?: unknown; total?: unknown };
  const share = typeof payload === "string" ? decodeBase64(payload) : null;
  if (share === null || !isCount(error) || !isCount(total) || error > total) throw notAnAggregate(input);
  return { share, reports: total - error };
}

function isCount(x: unknown): x is number {
  return Number.isSafeInteger(x) && (x as number) >= 0;
}

function notAnAggregate({ name }: Input): Failure {
  return new Failure(
    `${name}: expected an aggregate: one JSON object with "payload", "error" and "total"`,
    "`prio inspect` tells what a file is",
  );
}
