// Both servers' messages on a report, from the files of the stage before or from rows that were joined with them.

import type { InputParts } from "../files/input-parts.js";
import type { ServerId } from "../index.js";
import { MessageFiles } from "./message-files.js";
import { type BothMessages, type Refusal, refuse } from "./rows.js";
import type { OpenedRow } from "./thread-messages.js";

/** The messages of both servers: this server's and the other's. */
export interface ExchangedFiles {
  readonly internal: InputParts;
  readonly external: InputParts;
}

/** Both servers' messages on a report in base64, A's first, or why there are none. */
export type Messages = readonly [string, string] | Refusal;

/** Where the messages of both servers are: in files, or in the rows of packets themselves. */
export type MessageSource = ExchangedFiles | "joined";

/** The messages on the report of a row. */
export type MessagesOf = (row: Pick<OpenedRow, "id" | "messages">) => Messages;

/**
 * What the other server's file may have where it must be copied: both files have rows of the same reports, and a row
 * of ours is at most so many times shorter.
 */
const MAX_COPIED = { times: 4, more: 2 ** 26 } as const;

/**
 * Runs `work` with the messages of both servers at hand. `serverId` is this server. Throws a Failure when one of the
 * files changes before the end.
 */
export async function withMessages(
  source: MessageSource,
  serverId: ServerId,
  work: (messagesOf: MessagesOf) => Promise<void>,
): Promise<void> {
  const inOrder = (id: string, { internal: own, external: other }: BothMessages): Messages => {
    if (own === undefined) return refuse("unknown-id-internal", id);
    if (other === undefined) return refuse("unknown-id-external", id);
    // Masked by random shares, two servers' messages on a report are never alike.
    if (own === other) return refuse("own-message", id);
    return serverId === "A" ? [own, other] : [other, own];
  };
  const nothing = { internal: undefined, external: undefined };
  if (source === "joined") return work(({ id, messages = nothing }) => inOrder(id, messages));
  await withMessageFiles(source, (messagesOf) => work(({ id }) => inOrder(id, messagesOf(id))));
}

/** Bytes on disk of both servers' messages, if they are in files of their own. */
export function sizeOf(source: MessageSource): number {
  if (source === "joined") return 0;
  return [source.internal, source.external].reduce((sum, { size, bytesRead }) => sum + (size ?? bytesRead), 0);
}

/** Runs `work` with the files of both servers open. Throws as `withMessages` does. */
export async function withMessageFiles(
  files: ExchangedFiles,
  work: (messagesOf: (id: string) => BothMessages) => Promise<void>,
): Promise<void> {
  const internal = await MessageFiles.of(files.internal);
  try {
    const external = await MessageFiles.of(files.external, MAX_COPIED.times * internal.size + MAX_COPIED.more);
    try {
      await work((id) => ({ internal: internal.get(id), external: external.get(id) }));
      for (const file of [internal, external]) file.requireUnchanged();
    } finally {
      external.close();
    }
  } finally {
    internal.close();
  }
}
