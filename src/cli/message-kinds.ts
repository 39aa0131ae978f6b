// How the command words what a message is and what shows of it.

import { describeMessage, type MessageKind, type PrivateKey } from "../index.js";
import { looksSealed } from "./looks-sealed.js";
import { clip, shown } from "./untrusted-text.js";

/** What one thing of a kind is called, and several. */
export type KindName = readonly [one: string, several: string];

const VALUES = "a client's secret share";
/** "bytes" are of no other kind. */
export const MESSAGE_KINDS = {
  packet: ["a sealed packet, for verify1, verify2 and aggregate", "sealed packets, for verify1, verify2 and aggregate"],
  openedA: [`an opened packet for server A: ${VALUES}`, "opened packets for server A: clients' secret shares"],
  openedB: [`an opened packet for server B: ${VALUES}`, "opened packets for server B: clients' secret shares"],
  verify1: ["a verify1 message", "verify1 messages"],
  verify2: ["a verify2 message", "verify2 messages"],
  totalShare: ["a server's total share", "total shares of a server"],
  state: ["a server's state, a running total", "states of a server, running totals"],
  bytes: ["not recognised: bytes of no kind that prio knows", "not recognised: bytes of no kind that prio knows"],
} as const satisfies Record<Exclude<MessageKind, "unknown"> | "bytes", KindName>;

/** What a message is to the command: of the library's "packets", those that can really be some. */
export type ByteKind = keyof typeof MESSAGE_KINDS;

export function byteKindOf(bytes: Buffer): ByteKind {
  const { kind } = describeMessage(bytes);
  return kind === "unknown" || (kind === "packet" && !looksSealed(bytes)) ? "bytes" : kind;
}

/** One line of the answer. `value` is for --json, where it is not the text. */
export type Fact = readonly [name: string, text: string, value?: unknown];

export function count(name: string, x: number): Fact {
  return [name, grouped(x), x];
}

/** What shows of a message. */
export function messageFacts(kind: ByteKind, bytes: Buffer): Fact[] {
  const facts: Fact[] = [count("bytes", bytes.length)];
  if (kind === "bytes") return facts;
  const { plaintextBytes, batchId, server, fields } = describeMessage(bytes);
  if (plaintextBytes !== undefined) facts.push(count("bytes when opened", plaintextBytes));
  if (batchId !== undefined) facts.push(["batch id", foreignFact(Buffer.from(batchId).toString("utf8"))]);
  if (server !== undefined) facts.push(["server", server]);
  if (fields !== undefined) facts.push(count("fields", fields));
  return facts;
}

/** Packets that keys are tried on. All of a file are for one server; some more show those that are not. */
const TRIED_PACKETS = 64;

/** Tries private keys on the first packets of a file, and says for which server they are. */
export class PacketOpener {
  readonly #keys: readonly PrivateKey[];
  readonly #servers = new Map<string, number>();
  readonly #batchIds = new Set<string>();
  #tried = 0;

  constructor(keys: readonly PrivateKey[]) {
    this.#keys = keys;
  }

  add(packet: Buffer): void {
    if (this.#keys.length === 0 || this.#tried >= TRIED_PACKETS) return;
    this.#tried++;
    const { server, batchId } = describeMessage(packet, this.#keys);
    if (server === undefined || batchId === undefined) return;
    this.#servers.set(server, (this.#servers.get(server) ?? 0) + 1);
    this.#batchIds.add(foreignFact(Buffer.from(batchId).toString("utf8")));
  }

  /** Nothing when no key was tried on a packet. */
  get facts(): Fact[] {
    if (this.#tried === 0) return [];
    const opened = [...this.#servers.values()].reduce((sum, packets) => sum + packets, 0);
    const trial: Fact = [
      "opened",
      `${opened} of ${this.#tried} packet${this.#tried === 1 ? "" : "s"} tried`,
      { opened, tried: this.#tried },
    ];
    if (opened === 0) return [trial];
    const [servers, batchIds] = [[...this.#servers.keys()].sort(), [...this.#batchIds]];
    const names = batchIds.slice(0, 3).join(", ");
    return [
      trial,
      ["server", servers.join(" and "), servers.length === 1 ? servers[0] : servers],
      ["batch id", batchIds.length > 3 ? `${names} and ${batchIds.length - 3} more` : names],
    ];
  }
}

/** What a file says of itself, on one line of the screen: numbers and texts, and nothing of what is neither. */
export function foreignFact(value: unknown): string {
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? clip(shown(value), 100) : "not a text";
}

export function grouped(x: number): string {
  return x.toLocaleString("en-US");
}
