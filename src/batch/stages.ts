// The stages over a file of rows: what each does with every row, and when its output is complete.

import { PrivateKey, Server, ServerSecret } from "../index.js";
import type { ServerAssignment } from "./assignment.js";
import { type Batch, configOf, type ServerRole, type ServerStage } from "./batch.js";
import { FileRecord } from "./file-record.js";
import { fingerprintKey } from "./fingerprints.js";
import type { Input } from "./input.js";
import { type Output, withOutputs } from "./output.js";
import { withMessages } from "./peer-messages.js";
import { overRows, type PipelineOptions } from "./pipeline.js";
import { base64 } from "./rows.js";
import type { Tally } from "./tally.js";

/** What every stage is given besides the batch. */
export type StageOptions = Omit<PipelineOptions, "assignment">;

/** The files of the stage before: this server's messages and the other's. */
export interface ExchangedFiles {
  readonly internal: Input;
  readonly external: Input;
}

/** The clients' side: values in, packets for A and for B out. */
export function encodeShares(options: StageOptions, batch: Batch, outputs: readonly (() => Output)[]): Promise<Tally> {
  return overRows({ ...options, assignment: { stage: "encode-shares", batch } }, (rows) =>
    withOutputs(outputs, (opened) => rows.inOneStep((chunk) => rows.crew.encode(chunk), opened)),
  );
}

/** A server's first message on each report. */
export function verify1(options: StageOptions, role: ServerRole, output: () => Output): Promise<Tally> {
  const record = new FileRecord("verify1", role);
  return overRows({ ...options, assignment: assignmentOf("verify1", role) }, (rows) =>
    withOutputs([output], (outputs) => rows.inTwoSteps((row) => record.decide(row, () => undefined), outputs)),
  );
}

/** A server's second message on each report, from both servers' first. */
export function verify2(
  options: StageOptions,
  role: ServerRole,
  files: ExchangedFiles,
  output: () => Output,
): Promise<Tally> {
  const record = new FileRecord("verify2", role);
  return overRows({ ...options, assignment: assignmentOf("verify2", role) }, (rows) =>
    withMessages(files.internal, files.external, role.serverId, (messages) =>
      withOutputs([output], (outputs) => rows.inTwoSteps((row) => record.decide(row, messages), outputs)),
    ),
  );
}

/** A server's share of the totals of all reports whose proofs hold, from both servers' second messages. */
export function aggregate(
  options: StageOptions,
  role: ServerRole,
  files: ExchangedFiles,
  output: () => Output,
): Promise<Tally> {
  const record = new FileRecord("aggregate", role);
  return overRows({ ...options, assignment: assignmentOf("aggregate", role) }, (rows) =>
    withOutputs([output], async ([opened]) => {
      await withMessages(files.internal, files.external, role.serverId, (messages) =>
        rows.inTwoSteps((row) => record.decide(row, messages), []),
      );
      const share = base64(totalShare(role, await rows.crew.states()));
      const { errors, total } = rows.tally;
      await opened?.write(`{"payload": "${share}", "error": ${errors}, "total": ${total}}`);
    }),
  );
}

/** The assignment of a server's stage, with a fresh key for what the run remembers. */
function assignmentOf(stage: ServerStage, role: ServerRole): ServerAssignment {
  return { stage, ...role, fingerprintKey: fingerprintKey() };
}

/** The total share of what all threads counted. */
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
