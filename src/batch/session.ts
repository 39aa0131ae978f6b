// What a thread does for a run: it answers requests about chunks of rows, in order, with what its task needs for them.

import { EncodingSession } from "./encoding-session.js";
import { RowGenerator, type RowRange } from "./generated-rows.js";
import type { PackedDecisions } from "./packed-rows.js";
import { ServerSession } from "./server-session.js";
import type { PartChunk, Task } from "./thread-messages.js";

/** What a session can be asked. */
export type Request =
  | { readonly ask: "encode"; readonly chunk: PartChunk }
  | { readonly ask: "generate"; readonly range: RowRange }
  | { readonly ask: "open"; readonly chunk: PartChunk }
  | { readonly ask: "finish"; readonly chunkIndex: number; readonly decisions: PackedDecisions }
  | { readonly ask: "opened-by-key" }
  | { readonly ask: "take-state"; readonly part: number };

/** Answers one request. The same code runs in every thread. */
export type Session = (request: Request) => unknown;

export function createSession(task: Task): Session {
  if (task.stage === "encode-shares") return encoding(new EncodingSession(task.batch));
  if (task.stage === "generate") return generating(new RowGenerator(task));
  return serving(new ServerSession(task));
}

function generating(generator: RowGenerator): Session {
  return (request) => {
    if (request.ask === "generate") return generator.rows(request.range);
    throw new Error(`session: cannot ${request.ask} in generate`);
  };
}

function encoding(session: EncodingSession): Session {
  return (request) => {
    if (request.ask === "encode") return session.encode(request.chunk);
    throw new Error(`session: cannot ${request.ask} in encode-shares`);
  };
}

function serving(session: ServerSession): Session {
  return (request) => {
    if (request.ask === "open") return session.open(request.chunk);
    if (request.ask === "finish") return session.finish(request.chunkIndex, request.decisions);
    if (request.ask === "opened-by-key") return session.openedByKey();
    if (request.ask === "take-state") return session.takeState(request.part);
    throw new Error(`session: cannot ${request.ask} at a server`);
  };
}
