// Deals the rows of a batch out to parts that are then run apart, on any number of machines, each with a replay record
// of its own. Such runs know nothing of each other, so this step sees to what a single run would have noticed: the id
// of a report decides its part, in every batch, and an id or a packet that was there before is left out.

import { hash } from "node:crypto";
import { linesOf } from "../files/chunks.js";
import type { FileReplayRecord } from "../replays/record.js";
import { MAX_SHARE_ROW } from "./row-limits.js";
import { formatShareRow, isRefusal, parseRow, type Refusal, type Row, refuse } from "./rows.js";
import { type OpenOutput, type RunSettings, runOver } from "./run.js";
import { StageReplayRecord } from "./stage-replay-record.js";
import type { Tally } from "./tally.js";

const LIMITS = { rows: 256, bytes: 2 ** 18, line: MAX_SHARE_ROW };

export interface Partition {
  readonly batchId: string;
  readonly parts: number;
  /** Opens the record of all batches that share the secret. It is closed at the end. */
  readonly openRecord: () => FileReplayRecord;
  /** Opens the files of the parts. They are written in any order. */
  readonly output: OpenOutput;
}

/**
 * Writes each row into the file of its part. Leaves out lines that hold none, and what was there before. Run again with
 * the same input, it writes the same; with another number of parts, it leaves out every row that is in the record.
 */
export function partitionRows(
  settings: RunSettings,
  { batchId, parts, openRecord, output }: Partition,
): Promise<Tally> {
  return runOver(settings, async (run) => {
    const record = openRecord();
    try {
      const replays = new StageReplayRecord(record);
      const tag = digest(batchId, String(parts));
      const admit = (row: Row): Refusal | null => {
        const keys = { report: digest(batchId, row.id), packet: digest(batchId, Buffer.from(row.payload, "base64")) };
        const answer = replays.addReport(keys, tag);
        if (answer === "new" || answer === "again") return null;
        if (replays.isOfEarlierRun) return refuse("replayed", row.id);
        return refuse(answer === "report" ? "duplicate-id" : "duplicate-packet", row.id);
      };
      await run.write([output], async ([files]) => {
        for await (const chunk of run.chunks(LIMITS)) {
          const texts = new Map<number, string>();
          const outcomes = linesOf(chunk).map((line) => {
            const row = parseRow(line);
            const refusal = isRefusal(row) ? row : admit(row);
            if (refusal !== null || isRefusal(row)) return refusal;
            const part = partOf(row.id, parts);
            texts.set(part, (texts.get(part) ?? "") + formatShareRow(row));
            return null;
          });
          await run.add(chunk, outcomes);
          for (const [part, text] of texts) await files?.write(part, text);
        }
        run.requireFew();
        // Before anything appears.
        record.commit();
      });
    } finally {
      record.close();
    }
  });
}

/** The part of a report: a function of its id alone, so that both servers have the same reports in it. */
export function partOf(id: string, parts: number): number {
  return Number(hash("sha256", id, "buffer").readBigUInt64BE() % BigInt(parts));
}

/** The name of a part's file. */
export function partName(part: number): string {
  return `part-${String(part).padStart(5, "0")}.ndjson`;
}

/** SHA-256 over a text's length, the text and more bytes. */
function digest(first: string, more: string | Uint8Array): Buffer {
  const text = Buffer.from(first);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return hash("sha256", Buffer.concat([length, text, Buffer.from(more as string)]), "buffer");
}
