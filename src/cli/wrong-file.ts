// Notices another stage's file in the place of the one that an option expects. It gives a hint only, to a run that
// failed or that hardly any row came through: clients choose what their rows look like, and must not be able to stop a
// run that goes well.

import { chunksOf, linesOf } from "../files/chunks.js";
import { Failure } from "../files/failure.js";
import { type Input, MAX_EXPANSION } from "../files/input.js";
import { InputParts } from "../files/input-parts.js";
import { describeRow, kindName, type RowKind } from "./describe-row.js";
import type { Run } from "./run.js";

/** What each stage reads. */
const EXPECTED: Readonly<Record<string, Readonly<Record<string, RowKind>>>> = {
  "encode-shares": { input: "client" },
  verify1: { input: "packet" },
  verify2: { input: "packet", "input-internal": "verify1", "input-external": "verify1" },
  aggregate: { input: "packet", "input-internal": "verify2", "input-external": "verify2" },
  join: { input: "packet" },
  merge: { input: "aggregate" },
  publish: { "input-internal": "aggregate", "input-external": "aggregate" },
};

/** How much of a file is looked at. */
const SAMPLE = { rows: 64, bytes: 2 ** 20, line: 2 ** 24 };

/** Says which option of a stage names a file of another kind than it expects, or returns undefined. */
export async function wrongFile({ options }: Run, stage: string): Promise<string | undefined> {
  const read = options.flag("joined") ? ({ input: "joined" } as const) : (EXPECTED[stage] ?? {});
  for (const [option, expected] of Object.entries(read)) {
    const input = firstFile(options.texts(option));
    if (input === undefined) continue;
    const [kind, rows] = (await mostRows(input)) ?? [expected, 0];
    if (kind !== expected) {
      const name = kindName(expected, expected === "aggregate" ? 1 : 2);
      return `--${option} expects ${name}; its file has ${kindName(kind, rows)}`;
    }
  }
  return undefined;
}

/** The first of the files that an option names. */
function firstFile(paths: readonly string[]): Input | undefined {
  if (paths.length === 0 || paths.includes("-")) return undefined;
  try {
    return InputParts.of(paths, { maxExpansion: MAX_EXPANSION.values }).inputs[0];
  } catch (error) {
    // The run has failed already, and its own error says more.
    if (!(error instanceof Failure)) throw error;
    return undefined;
  }
}

/**
 * What most of the first rows of a file are, and how many they are; undefined when that cannot be told, or when it is
 * no regular file.
 */
async function mostRows(input: Input): Promise<readonly [kind: RowKind, rows: number] | undefined> {
  if (input.size === undefined) return undefined;
  const counts = new Map<RowKind, number>();
  try {
    for await (const chunk of chunksOf(input.pieces(), SAMPLE)) {
      for (const line of linesOf(chunk)) {
        const kind = describeRow(line)?.kind;
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
  const most = [...counts].sort(([, a], [, b]) => b - a)[0];
  return most === undefined || most[0] === "unknown" || most[0] === "bytes" ? undefined : most;
}
