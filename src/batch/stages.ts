// The stages over rows, in one file or in the parts of a batch: what each does with every row, and what it writes. A
// program calls them like this; the command does the same with its options:
//
//   const input = InputParts.of(["raw"]);                                 // files and directories
//   const files = { internal: InputParts.of(["verify1"]), external: InputParts.of(["peer/verify1"]) };
//   const output = () => openParts({ directory: "verify2", names: input.names, mode: 0o600 }, process);
//   const tally = await verify2({ input, jobs: 2, openReplays }, role, files, output);
//   tally.summary                                                         // rows, and those left out by reason
//
// A run is one admission, one replay record and, for aggregate, one total that may be written part by part. What it
// writes appears at the end or not at all; where it throws a Failure, nothing has changed.

import { createHash } from "node:crypto";
import { PrivateKey, type ReplayKeys, Server, ServerSecret } from "../index.js";
import type { FileReplayRecord } from "../replays/record.js";
import { formatAggregate } from "./aggregate-file.js";
import { type Batch, configOf, type ServerRole } from "./batch.js";
import { type MessageSource, sizeOf, withMessages } from "./exchanged-messages.js";
import { FileAdmission } from "./file-admission.js";
import { noiseForShare, type TotalNoise } from "./noise.js";
import { type Pipeline, type PipelineSettings, runPipeline } from "./pipeline.js";
import { isRefusal, refuse } from "./rows.js";
import type { OpenOutput } from "./run.js";
import { StageReplayRecord } from "./stage-replay-record.js";
import type { Tally } from "./tally.js";
import type { Decision, Instruction, OpenedRow, ServerTask } from "./thread-messages.js";

/** What every stage needs besides the batch and its files. */
export interface StageSettings extends Omit<PipelineSettings, "task"> {
  /** Opens the record of what the server has checked, if it keeps one. The stages of a server close it. */
  readonly openReplays?: ((role: ServerRole) => FileReplayRecord) | undefined;
  /** A name for when this is done, such as a day: a packet that was checked on another occasion is refused. */
  readonly occasion?: string | undefined;
  /** Called for each report that comes through a server's stage, with the keys of its id and packet. */
  readonly onReport?: ((keys: ReplayKeys) => void) | undefined;
}

/** The client's side: encodes each row of values into a packet for A and a packet for B. */
export function encodeShares(
  settings: StageSettings,
  batch: Batch,
  outputs: readonly [a: OpenOutput, b: OpenOutput],
): Promise<Tally> {
  return runPipeline({ ...settings, task: { stage: "encode-shares", batch } }, (pipeline) =>
    pipeline.run.write(outputs, (opened) => pipeline.encode(opened)),
  );
}

/** Writes this server's first message on each report. */
export function verify1(settings: StageSettings, role: ServerRole, output: OpenOutput): Promise<Tally> {
  return runAtServer(settings, { stage: "verify1", ...role }, (pipeline, admission, replays) =>
    pipeline.run.write([output], async (opened) => {
      const carriedOut = ({ admitted }: Instruction): void => settings.onReport?.(admitted.keys);
      await pipeline.check({ decide: (row) => admission.decide(row), carriedOut }, opened);
      replays?.commit();
    }),
  );
}

/** Writes this server's second message on each report, from both servers' first: from files, or from joined rows. */
export function verify2(
  settings: StageSettings,
  role: ServerRole,
  files: MessageSource,
  output: OpenOutput,
): Promise<Tally> {
  return runAtServer(
    settings,
    { stage: "verify2", joined: files === "joined", ...role },
    (pipeline, admission, replays) =>
      pipeline.run.write([output], (opened) =>
        withMessages(files, role.serverId, async (messagesOf) => {
          const decide = (row: OpenedRow): Decision => {
            const decision = admission.decide(row, messagesOf);
            if (isRefusal(decision) || replays === undefined || replays.mayAnswer(decision)) return decision;
            return refuse("answered-differently", row.id);
          };
          const carriedOut = (instruction: Instruction): void => {
            replays?.answered(instruction);
            settings.onReport?.(instruction.admitted.keys);
          };
          await pipeline.check({ decide, carriedOut }, opened);
          pipeline.run.tally.bytesRead += sizeOf(files);
          replays?.commit();
        }),
      ),
  );
}

/** How an aggregate is made. */
export interface AggregateSettings {
  /** One for each part of the input, and not one for all. */
  readonly perPart?: boolean;
  /** Noise on each total of each aggregate. */
  readonly noise?: TotalNoise | undefined;
}

/**
 * Writes this server's share of the totals of all reports whose proofs hold, by both servers' second messages: one
 * aggregate, or with `perPart` one for each part of the input. Together, those count each report once, and are one
 * total to the replay record.
 */
export function aggregate(
  settings: StageSettings,
  role: ServerRole,
  files: MessageSource,
  output: OpenOutput,
  { perPart = false, noise }: AggregateSettings = {},
): Promise<Tally> {
  const task = { stage: "aggregate", joined: files === "joined", perPart, ...role } as const;
  return runAtServer(settings, task, (pipeline, admission, replays) =>
    pipeline.run.write([output], async ([opened]) => {
      const { tally } = pipeline.run;
      const before = { leftOut: 0, total: 0 };
      const noisy = noise && createHash("sha256");
      const writeTotal = async (part: number): Promise<void> => {
        const [leftOut, total] = [tally.leftOut - before.leftOut, tally.total - before.total];
        Object.assign(before, { leftOut: tally.leftOut, total: tally.total });
        // A total of no reports has nothing to hide, and its noise would be the same in every part.
        const own = total > leftOut ? noise : undefined;
        const share = totalShare(role, await pipeline.pool.takeStates(part), own);
        noisy?.update(share);
        const notes = own === undefined ? [] : [own.note];
        const aggregate = { share, errors: leftOut, total, noise: notes, ...(perPart && { batch: role.batch }) };
        await opened?.write(part, formatAggregate(aggregate));
      };
      await withMessages(files, role.serverId, (messagesOf) =>
        pipeline.check(
          {
            decide: (row) => admission.decide(row, messagesOf),
            carriedOut: (instruction) => {
              replays?.counted(instruction);
              settings.onReport?.(instruction.admitted.keys);
            },
            ...(perPart && { endPart: writeTotal }),
          },
          [],
        ),
      );
      tally.bytesRead += sizeOf(files);
      if (!perPart) await writeTotal(0);
      // Nothing that was written can be seen before the record is on disk.
      if (replays?.endTotal(noisy?.digest())) tally.hadNoNoise = true;
      replays?.commit();
    }),
  );
}

/**
 * Runs a stage of a server, with the admission of all rows and the server's replay record. Before the stage gives
 * anything away it must commit the record; when it throws, the record stays as it was.
 */
async function runAtServer(
  settings: StageSettings,
  task: ServerTask,
  work: (pipeline: Pipeline, admission: FileAdmission, replays: StageReplayRecord | undefined) => Promise<void>,
): Promise<Tally> {
  const record = settings.openReplays?.(task);
  try {
    const replays = record && new StageReplayRecord(record, settings.occasion);
    const admission = new FileAdmission(task, replays);
    return await runPipeline({ ...settings, task }, async (pipeline) => {
      await work(pipeline, admission, replays);
      if (task.privateKeys.length > 1) pipeline.run.tally.openedByKey = await pipeline.pool.openedByKey();
    });
  } finally {
    record?.close();
  }
}

/** The total share of what all threads have counted, with noise if there is to be some. */
function totalShare(
  { batch, serverId, privateKeys, secret }: ServerRole,
  states: readonly Uint8Array[],
  noise: TotalNoise | undefined,
): Uint8Array {
  const config = configOf(batch);
  const keys = privateKeys.map((key) => PrivateKey.fromHex(key));
  const options = {
    id: serverId,
    privateKey: keys,
    secret: ServerSecret.fromBase64(secret),
    onWarning: () => undefined,
  };
  const total = new Server(config, options);
  for (const state of states) total.merge(Server.fromBytes(config, options, state));
  const share = total.totalShare();
  if (noise === undefined) return share;
  const publicKey = serverId === "A" ? config.serverA : config.serverB;
  // The key of this batch, whatever other keys the server has at the time.
  const own = keys.find((key) => key.publicKey.equals(publicKey)) ?? (keys[0] as PrivateKey);
  const drawnFor = { privateKey: own.toBytes(), batchId: batch.batchId, share };
  return total.totalShare({ noise: noiseForShare(noise, drawnFor) });
}
