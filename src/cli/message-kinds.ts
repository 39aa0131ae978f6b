// How `prio inspect` words what a message is and what shows of it.

import { describeMessage as describe, type MessageKind as Kind } from "../index.js";
import { clip, shown } from "./foreign-text.js";

export const MESSAGE_KINDS = {
  packet: "sealed packets, for verify1, verify2 and aggregate",
  openedA: "an opened packet for server A: a client's secret share",
  openedB: "an opened packet for server B: a client's secret share",
  verify1: "verify1 messages",
  verify2: "verify2 messages",
  totalShare: "a server's total share",
  state: "a server's state, a running total",
  bytes: "bytes of no kind that prio knows",
} as const satisfies Record<Exclude<Kind, "unknown"> | "bytes", string>;

export type MessageKind = keyof typeof MESSAGE_KINDS;

export function kindOfMessage(bytes: Uint8Array): MessageKind {
  const { kind } = describe(bytes);
  return kind === "unknown" ? "bytes" : kind;
}

/** One line of the answer. */
export type Fact = readonly [name: string, value: string];

/** What shows of a message. */
export function describeMessage(kind: MessageKind, bytes: Uint8Array): Fact[] {
  const facts: Fact[] = [["bytes", grouped(bytes.length)]];
  if (kind === "bytes") return facts;
  const { plaintextBytes, batchId, server, fields } = describe(bytes);
  if (plaintextBytes !== undefined) facts.push(["bytes when opened", grouped(plaintextBytes)]);
  if (batchId !== undefined) facts.push(["batch id", foreignFact(Buffer.from(batchId).toString("utf8"))]);
  if (server !== undefined) facts.push(["server", server]);
  if (fields !== undefined) facts.push(["fields", grouped(fields)]);
  return facts;
}

/** What a file says of itself, on one line of the screen: numbers and texts, and nothing of what is neither. */
export function foreignFact(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? clip(shown(value), 100) : "not a text";
}

export function grouped(x: number): string {
  return x.toLocaleString("en-US");
}
