// Joins the rows of packets with both servers' messages by report id, so that verify2 and aggregate can work on the
// rows alone, as a filter: wherever a part of them goes, it has all that it needs.

import { linesOf } from "../files/chunks.js";
import { type ExchangedFiles, sizeOf, withMessageFiles } from "./exchanged-messages.js";
import { MAX_SHARE_ROW } from "./row-limits.js";
import { formatJoinedRow, isRefusal, parseRow } from "./rows.js";
import { type OpenOutput, type RunSettings, runOver } from "./run.js";
import type { Tally } from "./tally.js";

const LIMITS = { rows: 256, bytes: 2 ** 18, line: MAX_SHARE_ROW };

/** What a run has joined. */
export interface Joined {
  readonly tally: Tally;
  /** Rows without a message of one server. They are written too: a packet keeps its place in the order of points. */
  readonly without: Readonly<Record<"internal" | "external", number>>;
}

/** Writes a row for each packet. Leaves out lines that hold none. */
export async function joinRows(settings: RunSettings, files: ExchangedFiles, output: OpenOutput): Promise<Joined> {
  const without = { internal: 0, external: 0 };
  const tally = await runOver(settings, (run) =>
    run.write([output], ([opened]) =>
      withMessageFiles(files, async (messagesOf) => {
        for await (const chunk of run.chunks(LIMITS)) {
          let text = "";
          const outcomes = linesOf(chunk).map((line) => {
            const row = parseRow(line);
            if (isRefusal(row)) return row;
            const messages = messagesOf(row.id);
            if (messages.internal === undefined) without.internal++;
            if (messages.external === undefined) without.external++;
            text += formatJoinedRow(row, messages);
            return null;
          });
          await run.add(chunk, outcomes);
          await opened?.write(chunk.part, text);
        }
        run.tally.bytesRead += sizeOf(files);
        run.requireFew();
      }),
    ),
  );
  return { tally, without };
}
