// `prio aggregate`: checks each report's proof with both servers' second messages and adds up the shares of those that hold.

import { PrivateKey, Server, ServerSecret } from "../index.js";
import { openOutput, outputName } from "./batches.js";
import { EXCHANGE_FILES, type ServerRole, serverRoleFrom } from "./options.js";
import { base64 } from "./rows.js";
import { configOf } from "./session.js";
import {
  assignmentOf,
  conclude,
  FileRecord,
  overRows,
  type Run,
  requireOneDash,
  withMessages,
  withOutputs,
} from "./stage.js";

export async function aggregate(run: Run): Promise<number> {
  const { given, talk, around } = run;
  const role = serverRoleFrom(given, talk, EXCHANGE_FILES);
  requireOneDash(given, "input", "input-internal", "input-external");
  const directory = given.required("output");
  const record = new FileRecord("aggregate", role);
  const tally = await overRows(run, assignmentOf("aggregate", role), async (rows) => {
    const name = outputName(given.required("input-internal"));
    await withOutputs([() => openOutput(directory, name, around.stdout)], async ([output]) => {
      await withMessages(run, role, (messages) => rows.inTwoSteps((row) => record.decide(row, messages), []));
      const share = base64(totalShare(role, await rows.crew.states()));
      const { errors, total } = rows.tally;
      await output?.write(`{"payload": "${share}", "error": ${errors}, "total": ${total}}`);
    });
  });
  return conclude(run, tally, [directory]);
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
