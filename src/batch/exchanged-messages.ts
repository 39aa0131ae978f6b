// Both servers' messages on a report, from the files of the stage before.

import type { InputParts } from "../files/input-parts.js";
import type { ServerId } from "../index.js";
import { MessageFiles } from "./message-files.js";
import { type Refusal, refuse } from "./rows.js";

/** The messages of both servers: this server's and the other's. */
export interface ExchangedFiles {
  readonly internal: InputParts;
  readonly external: InputParts;
}

/** Both servers' messages on a report in base64, A's first, or why there are none. */
export type Messages = readonly [string, string] | Refusal;

/** Looks up the messages on the report of an id. */
export type MessagesOf = (id: string) => Messages;

/**
 * What the other server's file may have where it must be copied: both files have rows of the same reports, and a row
 * of ours is at most so many times shorter.
 */
const MAX_COPIED = { times: 4, more: 2 ** 26 } as const;

/**
 * Runs `work` with both files open. `serverId` is this server. Throws a Failure when one of the files changes before
 * the end.
 */
export async function withMessages(
  files: ExchangedFiles,
  serverId: ServerId,
  work: (messagesOf: MessagesOf) => Promise<void>,
): Promise<void> {
  const internal = await MessageFiles.of(files.internal);
  try {
    const external = await MessageFiles.of(files.external, MAX_COPIED.times * internal.size + MAX_COPIED.more);
    try {
      await work((id) => {
        const own = internal.get(id);
        if (own === undefined) return refuse("unknown-id-internal", id);
        const other = external.get(id);
        if (other === undefined) return refuse("unknown-id-external", id);
        // Masked by random shares, two servers' messages on a report are never alike.
        if (own === other) return refuse("own-message", id);
        return serverId === "A" ? [own, other] : [other, own];
      });
      for (const file of [internal, external]) file.requireUnchanged();
    } finally {
      external.close();
    }
  } finally {
    internal.close();
  }
}
