// Both servers' messages on a report, out of the files of the stage before.

import type { ServerId } from "../index.js";
import type { Input } from "./input.js";
import { VerificationPackets } from "./lookup.js";
import { type Refusal, refuse } from "./rows.js";

/** A report's messages of both servers, A's first; undefined in the stage that has none yet. */
export type Messages = readonly [string, string] | Refusal | undefined;

/** Looks up both servers' messages while `work` runs. */
export async function withMessages(
  internalInput: Input,
  externalInput: Input,
  serverId: ServerId,
  work: (messages: (id: string) => Messages) => Promise<void>,
): Promise<void> {
  const internal = await VerificationPackets.of(internalInput);
  try {
    const external = await VerificationPackets.of(externalInput);
    try {
      await work((id) => {
        const own = internal.get(id);
        if (own === undefined) return refuse("unknown-id-internal", id);
        const other = external.get(id);
        if (other === undefined) return refuse("unknown-id-external", id);
        return serverId === "A" ? [own, other] : [other, own];
      });
    } finally {
      external.close();
    }
  } finally {
    internal.close();
  }
}
