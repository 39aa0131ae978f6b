// Notices another stage's file in the place of the one that an option expects. Only a run that failed asks: clients
// choose what their rows look like, and must not be able to stop a run that would go well.

import { chunksOf, linesOf } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import { Input, MAX_EXPANSION } from "../files/input.js";
import { KIND_NAMES, type RowKind, readRow } from "./row-kinds.js";
import type { Run } from "./run.js";

/** What each stage reads. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, RowKind>>>> = {
  "encode-shares": { input: "client" },
  verify1: { input: "packet" },
  verify2: { input: "packet", "input-internal": "verify1", "input-external": "verify1" },
  aggregate: { input: "packet", "input-internal": "verify2", "input-external": "verify2" },
  publish: { "input-internal": "aggregate", "input-external": "aggregate" },
};

/** How much of a file is looked at. */
const SAMPLE = { rows: 64, bytes: 2 ** 20, line: 2 ** 24 };

/** Says which option of a stage names a file of another kind than it expects, or returns undefined. */
export async function wrongFile({ options, io }: Run, stage: string): Promise<string | undefined> {
  for (const [option, expected] of Object.entries(EXPECTED[stage] ?? {})) {
    const path = options.text(option);
    const kind =
      path === undefined || path === "-" ? undefined : await kindOf(new Input(path, io.stdin, MAX_EXPANSION.values));
    if (kind !== undefined && kind !== expected)
      return `--${option} expects ${KIND_NAMES[expected]}; its file has ${KIND_NAMES[kind]}`;
  }
  return undefined;
}

/** What most of the first rows of a file are; undefined when that cannot be told, or when it is no regular file. */
async function kindOf(input: Input): Promise<RowKind | undefined> {
  if (input.size === undefined) return undefined;
  const counts = new Map<RowKind, number>();
  try {
    for await (const chunk of chunksOf(input.pieces(), SAMPLE)) {
      for (const line of linesOf(chunk)) {
        const kind = readRow(line)?.kind;
        if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      break;
    }
  } catch (error) {
    // The run has failed already, and its own error says more.
    if (!(error instanceof Failure)) throw error;
  } finally {
    input.close();
  }
  const [kind] = [...counts].sort(([, a], [, b]) => b - a)[0] ?? [];
  return kind === "unknown" || kind === "bytes" ? undefined : kind;
}
