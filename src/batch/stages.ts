// The stages over a file of rows: what each does with every row, and what it writes.

import { type Output, withOutputs } from "../files/output.js";
import { PrivateKey, Server, ServerSecret } from "../index.js";
import type { FileReplayRecord } from "../replays/record.js";
import { formatAggregate } from "./aggregate-file.js";
import { type Batch, configOf, type ServerRole, type ServerStage } from "./batch.js";
import { type ExchangedFiles, withMessages } from "./exchanged-messages.js";
import { FileAdmission } from "./file-admission.js";
import { type Pipeline, type PipelineSettings, runPipeline } from "./pipeline.js";
import { isRefusal, refuse } from "./rows.js";
import { StageReplayRecord } from "./stage-replay-record.js";
import type { Tally } from "./tally.js";
import type { Decision, OpenedRow } from "./thread-messages.js";

/** What every stage needs besides the batch and its files. */
export interface StageSettings extends Omit<PipelineSettings, "task"> {
  /** Opens the record of what the server has checked, if it keeps one. The stages of a server close it. */
  readonly openReplays?: ((role: ServerRole) => FileReplayRecord) | undefined;
}

/** Opens an output. A stage calls it when its threads have started and its inputs are known to be there. */
export type OpenOutput = () => Output;

/** The client's side: encodes each row of values into a packet for A and a packet for B. */
export function encodeShares(
  settings: StageSettings,
  batch: Batch,
  outputs: readonly [a: OpenOutput, b: OpenOutput],
): Promise<Tally> {
  return runPipeline({ ...settings, task: { stage: "encode-shares", batch } }, (pipeline) =>
    withOutputs(outputs, pipeline.tally.lists, (opened) => pipeline.encode(opened)),
  );
}

/** Writes this server's first message on each report. */
export function verify1(settings: StageSettings, role: ServerRole, output: OpenOutput): Promise<Tally> {
  return runAtServer("verify1", settings, role, (pipeline, admission, replays) =>
    withOutputs([output], pipeline.tally.lists, async (opened) => {
      await pipeline.check((row) => admission.decide(row), opened);
      replays?.commit();
    }),
  );
}

/** Writes this server's second message on each report, from both servers' first. */
export function verify2(
  settings: StageSettings,
  role: ServerRole,
  files: ExchangedFiles,
  output: OpenOutput,
): Promise<Tally> {
  return runAtServer("verify2", settings, role, (pipeline, admission, replays) =>
    withOutputs([output], pipeline.tally.lists, (opened) =>
      withMessages(files, role.serverId, async (messagesOf) => {
        const decide = (row: OpenedRow): Decision => {
          const decision = admission.decide(row, messagesOf);
          if (isRefusal(decision) || replays === undefined || replays.mayAnswer(decision)) return decision;
          return refuse("answered-differently", row.id);
        };
        await pipeline.check(decide, opened, (instruction) => replays?.answered(instruction));
        replays?.commit();
      }),
    ),
  );
}

/** Writes this server's share of the totals of all reports whose proofs hold, by both servers' second messages. */
export function aggregate(
  settings: StageSettings,
  role: ServerRole,
  files: ExchangedFiles,
  output: OpenOutput,
): Promise<Tally> {
  return runAtServer("aggregate", settings, role, (pipeline, admission, replays) =>
    withOutputs([output], pipeline.tally.lists, async ([opened]) => {
      await withMessages(files, role.serverId, (messagesOf) =>
        pipeline.check(
          (row) => admission.decide(row, messagesOf),
          [],
          (instruction) => replays?.counted(instruction),
        ),
      );
      replays?.endTotal();
      const share = totalShare(role, await pipeline.pool.states());
      const { leftOut, total } = pipeline.tally;
      replays?.commit();
      await opened?.write(formatAggregate(share, leftOut, total));
    }),
  );
}

/**
 * Runs a stage of a server, with the admission of the file's rows and the server's replay record. Before the stage
 * gives anything away it must commit the record; when it throws, the record stays as it was.
 */
async function runAtServer(
  stage: ServerStage,
  settings: StageSettings,
  role: ServerRole,
  work: (pipeline: Pipeline, admission: FileAdmission, replays: StageReplayRecord | undefined) => Promise<void>,
): Promise<Tally> {
  const record = settings.openReplays?.(role);
  try {
    const replays = record && new StageReplayRecord(record);
    const admission = new FileAdmission(role, replays);
    return await runPipeline({ ...settings, task: { stage, ...role } }, async (pipeline) => {
      await work(pipeline, admission, replays);
      if (role.privateKeys.length > 1) pipeline.tally.openedByKey = await pipeline.pool.openedByKey();
    });
  } finally {
    record?.close();
  }
}

/** The total share of what all threads have counted. */
function totalShare({ batch, serverId, privateKeys, secret }: ServerRole, states: readonly Uint8Array[]): Uint8Array {
  const config = configOf(batch);
  const options = {
    id: serverId,
    privateKey: privateKeys.map((key) => PrivateKey.fromHex(key)),
    secret: ServerSecret.fromBase64(secret),
    onWarning: () => undefined,
  };
  const total = new Server(config, options);
  for (const state of states) total.merge(Server.fromBytes(config, options, state));
  return total.totalShare();
}
