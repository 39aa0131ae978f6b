// --replays: the directory where a server remembers what it has checked, for as long as the servers' secret is in use.

import { statSync } from "node:fs";
import type { ServerRole } from "../batch/batch.js";
import { Failure } from "../files/failure.js";
import { ServerSecret } from "../index.js";
import { FileReplayRecord, ReplayRecordError, type ReplayRecordErrorCode } from "../replays/record.js";
import type { NamedFile } from "./distinct-paths.js";
import { usageFailure } from "./exit.js";
import type { Run } from "./run.js";

/** The stages of a server that open packets, and the one that deals them out. */
const STAGES = ["verify1", "verify2", "aggregate", "partition"];
/** Those that may begin a record. */
const FIRST = ["verify1", "partition"];

/**
 * Opens the record of --replays for a stage, or undefined without the option: then verify1 warns. Throws a usage
 * failure when the stage would write to standard output, a pipe or a device: there, rows leave before the record is on
 * disk.
 */
export function replaysFrom(
  { options, reporter }: Run,
  stage: string,
  outputs: readonly NamedFile[],
): ((role: Pick<ServerRole, "serverId" | "secret">) => FileReplayRecord) | undefined {
  if (!STAGES.includes(stage)) return undefined;
  const directory = options.text("replays");
  if (directory === undefined) {
    // The stages after it have the same settings: one warning for a batch is enough.
    if (stage === "verify1") {
      reporter.warn(
        "without --replays DIR, a later run could check these packets at other points, which reveals values",
      );
    }
    return undefined;
  }
  if (!outputs.every(({ path }) => isFile(path))) {
    throw usageFailure(
      "--replays: the output must be a file",
      "rows must not leave before the record of them is on disk",
    );
  }
  return ({ serverId, secret }) => {
    const record = FileReplayRecord.open(directory, {
      server: serverId,
      secret: ServerSecret.fromBase64(secret),
      reopensAnswered: true,
    });
    if (record.isNew && FIRST.includes(stage)) reporter.info(`${directory}: a new replay record begins`);
    else if (record.isNew)
      reporter.warn(`${directory}: nothing was recorded here: is it the directory that verify1 had?`);
    return record;
  };
}

/** Whether rows stay in a file until all are there. What cannot be written at all is told when it is opened. */
function isFile(path: string): boolean {
  if (path === "-") return false;
  try {
    const stat = statSync(path);
    return stat.isFile() || stat.isDirectory();
  } catch {
    return true;
  }
}

const HINTS: Partial<Record<ReplayRecordErrorCode, string>> = {
  "in-use": "one run at a time uses a record; wait for the other",
  "another-owner": "each server has a record of its own for each secret; name another directory",
  "not-a-record": "name a directory that is missing, empty, or was made by --replays",
  damaged: "what it remembered is lost: take a new shared secret, and never open packets of the old one again",
};

/** An error of the record as the failure of a run. Returns any other error as it is. */
export function replayFailure(error: unknown): unknown {
  return error instanceof ReplayRecordError ? new Failure(error.message, HINTS[error.code]) : error;
}
