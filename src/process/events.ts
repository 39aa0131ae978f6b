// What a run tells while it goes on: to a person as sentences, to a machine as objects. No event has an id of a report,
// a share, a key or a secret.

import type { Exchange } from "./layout.js";

/** What an event is about. The list is closed, and docs/operations.md has it too. */
export const EVENTS = [
  "run-started",
  "day-started",
  "batch-waiting",
  "shares-unknown",
  "peer-unknown",
  "shares-fetched",
  "stage-done",
  "handed-over",
  "messages-fetched",
  "batch-agreed",
  "batch-published",
  "batch-ended",
  "store-trouble",
  "parts-late",
  "day-ended",
  "run-ended",
] as const;

export type EventName = (typeof EVENTS)[number];

/** Where in its day a batch is. */
export type Stage = "raw" | Exchange | "publish";

/** Something that happened. */
export interface ProcessEvent {
  readonly level: "info" | "warn" | "error";
  readonly event: EventName;
  /** A sentence without its subject and its full stop: `5000 rows, 3 left out`. */
  readonly message: string;
  readonly date?: string | undefined;
  readonly batch?: string | undefined;
  readonly stage?: Stage | undefined;
  /** More for a machine: counts, seconds, bytes, reasons. */
  readonly fields?: Readonly<Record<string, EventField | Readonly<Record<string, EventField>>>> | undefined;
}

type EventField = string | number | boolean | null;

export type OnEvent = (event: ProcessEvent) => void;

/** A number of things: `1 part`, `2 parts`. */
export function counted(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
