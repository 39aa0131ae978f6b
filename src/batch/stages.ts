// The stages over a file of rows: what each does with every row, and what it writes.

import { PrivateKey, Server, ServerSecret } from "../index.js";
import { formatAggregate } from "./aggregate.js";
import { type Batch, configOf, type ServerRole } from "./batch.js";
import { FileAdmission } from "./file-admission.js";
import { type ExchangedFiles, withMessages } from "./messages.js";
import { type Output, withOutputs } from "./output.js";
import { type PipelineSettings, runPipeline } from "./pipeline.js";
import type { Tally } from "./tally.js";

/** What every stage needs besides the batch and its files. */
export type StageSettings = Omit<PipelineSettings, "task">;

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
  const admission = new FileAdmission(role);
  return runPipeline({ ...settings, task: { stage: "verify1", ...role } }, (pipeline) =>
    withOutputs([output], pipeline.tally.lists, (opened) => pipeline.check((row) => admission.decide(row), opened)),
  );
}

/** Writes this server's second message on each report, from both servers' first. */
export function verify2(
  settings: StageSettings,
  role: ServerRole,
  files: ExchangedFiles,
  output: OpenOutput,
): Promise<Tally> {
  const admission = new FileAdmission(role);
  return runPipeline({ ...settings, task: { stage: "verify2", ...role } }, (pipeline) =>
    withOutputs([output], pipeline.tally.lists, (opened) =>
      withMessages(files, role.serverId, (messagesOf) =>
        pipeline.check((row) => admission.decide(row, messagesOf), opened),
      ),
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
  const admission = new FileAdmission(role);
  return runPipeline({ ...settings, task: { stage: "aggregate", ...role } }, (pipeline) =>
    withOutputs([output], pipeline.tally.lists, async ([opened]) => {
      await withMessages(files, role.serverId, (messagesOf) =>
        pipeline.check((row) => admission.decide(row, messagesOf), []),
      );
      const share = totalShare(role, await pipeline.pool.states());
      const { errors, total } = pipeline.tally;
      await opened?.write(formatAggregate(share, errors, total));
    }),
  );
}

/** The total share of what all threads have counted. */
function totalShare({ batch, serverId, privateKey, secret }: ServerRole, states: readonly Uint8Array[]): Uint8Array {
  const config = configOf(batch);
  const options = {
    id: serverId,
    privateKey: PrivateKey.fromHex(privateKey),
    secret: ServerSecret.fromBase64(secret),
  };
  const total = new Server(config, options);
  for (const state of states) total.merge(Server.fromBytes(config, options, state));
  return total.totalShare();
}
