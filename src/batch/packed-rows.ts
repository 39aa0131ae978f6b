// The rows of a chunk on their way between threads. Objects and arrays of bytes for each row would take longer to cross
// than the work on them saves, so each part of all rows is in one array.

import type { Admitted, QueryPoints, ReplayKeys } from "../index.js";
import { type BothMessages, isRefusal, type Refusal } from "./rows.js";
import type { Decision, Instruction, OpenedRow } from "./thread-messages.js";

/** Rows of a chunk that a thread has opened, or could not open. */
export interface PackedRows {
  /** For each row, its id, or why it did not open. */
  readonly rows: readonly (string | Refusal)[];
  /** The replay keys of the rows that opened. */
  readonly keys: Uint8Array;
  /** The messages of the rows that opened, where they come with the rows. */
  readonly messages: readonly BothMessages[];
}

/** The decisions on the rows of a chunk. */
export interface PackedDecisions {
  /** For each row, why it is left out, or null when it is admitted. */
  readonly refusals: readonly (Refusal | null)[];
  /** The replay keys of the rows that are admitted. */
  readonly keys: Uint8Array;
  /** Their query points, where these come with the admission. */
  readonly points: readonly bigint[];
  /** The messages on them, where the stage needs some. */
  readonly messages: readonly (readonly [string, string])[];
}

export function packRows(rows: readonly (OpenedRow | Refusal)[]): PackedRows {
  const opened = rows.filter((row) => !isRefusal(row)) as OpenedRow[];
  return {
    rows: rows.map((row) => (isRefusal(row) ? row : row.id)),
    keys: packKeys(opened.map((x) => x.replayKeys)),
    messages: opened.flatMap(({ messages }) => messages ?? []),
  };
}

export function unpackRows({ rows, keys, messages }: PackedRows): (OpenedRow | Refusal)[] {
  let next = 0;
  return rows.map((row) => {
    if (typeof row !== "string") return row;
    const i = next++;
    const both = messages[i];
    return { id: row, replayKeys: keysAt(keys, i), ...(both !== undefined && { messages: both }) };
  });
}

export function packDecisions(decisions: readonly Decision[]): PackedDecisions {
  const admitted = decisions.filter((decision) => !isRefusal(decision)) as Instruction[];
  return {
    refusals: decisions.map((decision) => (isRefusal(decision) ? decision : null)),
    keys: packKeys(admitted.map((x) => x.admitted.keys)),
    points: admitted.flatMap((x) => x.admitted.point ?? []),
    messages: admitted.flatMap(({ messages }) => (messages === undefined ? [] : [messages])),
  };
}

/** `queryPoints` is the kind of all points. */
export function unpackDecisions(packed: PackedDecisions, queryPoints: QueryPoints): Decision[] {
  const { refusals, keys, points, messages } = packed;
  let next = 0;
  return refusals.map((refusal) => {
    if (refusal !== null) return refusal;
    const i = next++;
    const [point, both] = [points[i], messages[i]];
    const admitted: Admitted = { keys: keysAt(keys, i), queryPoints, ...(point !== undefined && { point }) };
    return { admitted, ...(both !== undefined && { messages: both }) };
  });
}

/** Bytes of a key, as the library has it. */
const KEY = 32;
/** The packet's key, and then that of the report's id. */
const KEYS = 2 * KEY;

function packKeys(keys: readonly ReplayKeys[]): Uint8Array {
  const packed = new Uint8Array(KEYS * keys.length);
  keys.forEach(({ packet, report }, i) => {
    if (report === undefined) throw new Error("packed rows: a packet was opened without an id");
    packed.set(packet, KEYS * i);
    packed.set(report, KEYS * i + KEY);
  });
  return packed;
}

/** The keys of the i-th report, as views. */
function keysAt(packed: Uint8Array, i: number): ReplayKeys {
  const start = KEYS * i;
  return { packet: packed.subarray(start, start + KEY), report: packed.subarray(start + KEY, start + KEYS) };
}
