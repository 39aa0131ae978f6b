// Runs a stage of a batch over local folders, with the replay record of that batch, and describes what came of it.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { configOf, type ServerStage } from "../batch/batch.js";
import { parseNoise } from "../batch/noise.js";
import { aggregate, type StageSettings, verify1, verify2 } from "../batch/stages.js";
import type { Tally } from "../batch/tally.js";
import { Failure, systemFailure } from "../files/failure.js";
import { InputParts } from "../files/input-parts.js";
import { openOutput } from "../files/output.js";
import { openParts } from "../files/output-parts.js";
import { ServerSecret } from "../index.js";
import { FileReplayRecord } from "../replays/record.js";
import type { BatchContext } from "./batch-context.js";
import { type Folder, makePrivate } from "./local-folder.js";
import type { Part, StageManifest } from "./manifest.js";
import { ReportSet } from "./report-set.js";
import { putSmall, readSmall } from "./small-object.js";

/** The folders of a stage. The last two are for verify2 and aggregate: both servers' results of the stage before. */
export interface StageFolders {
  readonly raw: Folder;
  readonly output: Folder;
  readonly internal?: Folder | undefined;
  readonly external?: Folder | undefined;
}

/** No row, or too few, came through. */
export class TooFewReports extends Failure {}

/** The record of what was checked has gone. */
export class ReplaysLost extends Failure {}

/** Below so many bytes, a stage is done before more threads have started. */
const SMALL = 2 ** 18;

/** Runs a stage, and returns the manifest of what it wrote. Throws Failures. */
export async function runStage(
  context: BatchContext,
  stage: ServerStage,
  folders: StageFolders,
): Promise<StageManifest> {
  const { config, permits, role, sealer, about, progress, tell } = context;
  const { raw, output, internal, external } = folders;
  const input = InputParts.of([raw.directory]);
  const jobs = (input.size ?? 0) < SMALL ? 1 : jobsOf(context);
  const openReplays = await replaysOf(context, stage);
  const counted = new ReportSet(sealer.reportKey());
  const settings: StageSettings = {
    input,
    jobs,
    openReplays,
    occasion: about.date,
    maxLeftOut: config.maxErrors,
    openErrors: () => openOutput(`${output.directory}.left-out.ndjson`, process, 0o600),
    progress,
    onReport: ({ report }) => report !== undefined && counted.add(report),
  };
  const names = stage === "aggregate" ? ["part-00000.json"] : input.names;
  const open = () => openParts({ directory: output.directory, names, mode: 0o600 }, process);
  const tally = await permits.with(jobs, () => {
    if (stage === "verify1") return verify1(settings, role, open);
    const files = {
      internal: InputParts.of([internal?.directory ?? ""]),
      external: InputParts.of([external?.directory ?? ""]),
    };
    if (stage === "verify2") return verify2(settings, role, files, open);
    const noise = config.noise && parseNoise(config.noise, configOf(role.batch).sensitivity);
    return aggregate(settings, role, files, open, noise ? { noise } : {});
  });
  const { rows, leftOut, byReason, seconds } = tally.summary;
  tell({
    level: tally.hadNoNoise ? "warn" : "info",
    event: "stage-done",
    stage,
    message: sentenceOf(tally),
    fields: { rows, leftOut, seconds: Math.round(1000 * seconds) / 1000, byReason: { ...byReason } },
  });
  requireReports(tally);
  if (stage === "verify1") await markReplays(context);
  const parts = await Promise.all(names.map((name) => partAt(output.pathOf(name), name)));
  return {
    kind: stage,
    ...about,
    server: config.server,
    rows,
    leftOut,
    reports: counted.count,
    ids: counted.digest(),
    parts,
  };
}

/** How many threads a large batch gets. */
export function jobsOf({ config, permits }: Pick<BatchContext, "config" | "permits">): number {
  return Math.min(config.jobs ?? permits.count, permits.count);
}

function sentenceOf(tally: Tally): string {
  const reasons = tally.reasons.map(([reason, count]) => `${count} ${reason}`).join(", ");
  const late = tally.hadNoNoise
    ? "; an earlier aggregate had no noise: if it was handed over, noise hides nothing"
    : "";
  return `${tally.total} rows, ${tally.leftOut} left out${reasons === "" ? "" : ` (${reasons})`}${late}`;
}

function requireReports({ total, leftOut, reasons }: Tally): void {
  if (leftOut < total) return;
  throw new TooFewReports(
    total === 0 ? "the shares have no rows" : `none of the ${total} rows came through`,
    reasons.length === 0 ? undefined : reasons.map(([reason, count]) => `${count} ${reason}`).join(", "),
  );
}

async function partAt(path: string, name: string): Promise<Part> {
  const hash = createHash("sha256");
  let size = 0;
  try {
    for await (const piece of createReadStream(path, { highWaterMark: 2 ** 18 }) as AsyncIterable<Buffer>) {
      hash.update(piece);
      size += piece.length;
    }
  } catch (error) {
    throw systemFailure(error, `cannot read ${path}`);
  }
  return { name, size, sha256: hash.digest("hex") };
}

// The replay record of a batch. Each has its own, because one run at a time can have a record open, and batches are
// processed side by side. That is as safe as one for all: a packet says which batch it is of, and opens in no other.

/** Opens the record for a stage. Throws ReplaysLost when it begins though something was recorded before. */
async function replaysOf(
  context: BatchContext,
  stage: ServerStage,
): Promise<NonNullable<StageSettings["openReplays"]>> {
  const { config, batch, stores, app } = context;
  makePrivate(config.replays);
  const directory = join(config.replays, batch.folder);
  const mark = await readSmall(stores.private, app.replayMark(batch.folder), 4096);
  const mustBeThere = stage !== "verify1" || mark?.toString("utf8") === replayMarkText(context);
  return ({ serverId, secret }) => {
    const record = FileReplayRecord.open(directory, {
      server: serverId,
      secret: ServerSecret.fromBase64(secret),
      reopensAnswered: true,
    });
    if (!record.isNew || !mustBeThere) return record;
    record.close();
    throw new ReplaysLost(
      `${directory}: the record of what was checked has gone`,
      "put the directory back; if it is lost, both servers need a new secret and a new directory, " +
        "and must not open packets of the old secret again",
    );
  };
}

/** Says in the private store that a record has begun: it must be there from now on. */
async function markReplays(context: BatchContext): Promise<void> {
  const { stores, app, batch } = context;
  await putSmall(stores.private, app.replayMark(batch.folder), replayMarkText(context));
}

/** It is for one secret: a new one begins a new record. */
function replayMarkText({ sealer, batch, config }: BatchContext): string {
  const secret = sealer.fingerprint({ app: config.app, date: "", batchId: batch.batchId });
  return `${JSON.stringify({ replays: secret })}\n`;
}
