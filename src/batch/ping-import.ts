// Imports clients' pings: goes over files of pings, drops those whose id was seen before, and writes each report's
// packets under one new id into both servers' files of shares (day-files.ts).

import { type Document, documentsOf } from "../files/documents.js";
import type { Input } from "../files/input.js";
import { type Output, withOutputs } from "../files/output.js";
import { OutputDirectory } from "../files/output-directory.js";
import { DayFiles } from "./day-files.js";
import { FingerprintRecord } from "./fingerprints.js";
import { MAX_PING_DOCUMENT, readPing } from "./ping.js";
import { isRefusal, type Refusal, refuse } from "./rows.js";
import { type MaxLeftOut, Tally } from "./tally.js";

export interface PingImportSettings {
  readonly inputs: readonly Input[];
  /** The directory of the day, which the run replaces. */
  readonly directory: string;
  /** Files for each batch and server. */
  readonly parts: number;
  /** The batches to take, or undefined for the first 256. */
  readonly batchIds: ReadonlySet<string> | undefined;
  /** How many may be left out before the run fails; any number by default. */
  readonly maxLeftOut?: MaxLeftOut | undefined;
  /** Opens the list of what is left out, if there is one. */
  readonly openErrors: (() => Output) | undefined;
  /** Called now and then with the number of reports done. */
  readonly progress: (reports: number) => void;
}

/** What a run has imported. */
export interface PingImport {
  /** Counts reports, and pings that hold none that can be read. */
  readonly tally: Tally;
  /** Pings that were read, without those that came again. */
  readonly pings: number;
  /** How many reports each batch has. */
  readonly batches: ReadonlyMap<string, number>;
}

/** Writes the share files of a day. Throws a Failure when it cannot; then nothing has changed. */
export async function importPings(settings: PingImportSettings): Promise<PingImport> {
  const tally = new Tally(settings.openErrors?.());
  const seen = new FingerprintRecord();
  const started = performance.now();
  tally.parts = settings.inputs.length;
  let pings = 0;
  let batches: ReadonlyMap<string, number> = new Map();
  try {
    await withOutputs([() => new OutputDirectory(settings.directory)], tally.lists, async ([output]) => {
      const directory = (output as OutputDirectory).temporary;
      const files = new DayFiles({ ...settings, directory });
      for (const input of settings.inputs) {
        for await (const document of documentsOf(input.pieces(), MAX_PING_DOCUMENT)) {
          const imported = importPing(document, seen, files);
          const outcomes = Array.isArray(imported) ? imported : [imported];
          if (imported === outcomes) pings++;
          await tally.add({ numbers: outcomes.map(() => document.line), file: input.name }, outcomes);
          settings.progress(tally.total);
        }
      }
      if (settings.maxLeftOut !== undefined) tally.requireFew(settings.maxLeftOut);
      files.complete();
      batches = files.counts;
      tally.bytesWritten = files.bytesWritten;
    });
  } finally {
    tally.list?.discard();
    for (const input of settings.inputs) input.close();
    tally.bytesRead = settings.inputs.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    tally.seconds = (performance.now() - started) / 1000;
  }
  return { tally, pings, batches };
}

/** What came of each report of a ping, or why the ping is left out as a whole. */
function importPing({ bytes }: Document, seen: FingerprintRecord, files: DayFiles): (Refusal | null)[] | Refusal {
  const ping = readPing(bytes);
  if (isRefusal(ping)) return ping;
  const { id, reports } = ping;
  if (!seen.add(Buffer.from(id))) return refuse("duplicate-id", id);
  return reports.map((report) => {
    const reason = typeof report === "string" ? report : files.add(report.batchId, report.a, report.b);
    return reason === null ? null : refuse(reason, id);
  });
}
