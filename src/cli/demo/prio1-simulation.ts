// A simulated collection with Prio v1 for the demonstration: clients, some of which cheat, and two servers, each of
// which gets only its own packets and the other's messages. It prints nothing.

import { systemRandom } from "../../core/random.js";
import {
  Client,
  Config,
  generateKeyPair,
  type Packets,
  PrioError,
  publish,
  Server,
  type ServerId,
  ServerSecret,
  type Verifier,
} from "../../index.js";
import { CHEATS, type Check, cheat } from "../../samples/cheats.js";
import { cheatOf, type Outcome, outcomeOfNone, tally, timed } from "./outcome.js";

/** How many yes/no questions each client answers. */
export const QUESTIONS = 20;
/** The bits of the one integer that each client reports after its answers. */
export const PRECISION = 10;

type Message =
  | { kind: "verify1" | "verify2"; id: string; bytes: Uint8Array }
  | { kind: "refused"; id: string; by: Check };

/** One server, with its side of every exchange. It answers each message with at most one of its own. */
class Party {
  readonly server: Server;
  readonly #id: ServerId;
  readonly #reports = new Map<string, { verifier: Verifier; verify1: Uint8Array; verify2?: Uint8Array }>();
  /** Why reports were refused, by id. */
  readonly refused = new Map<string, Check>();

  constructor(server: Server, id: ServerId) {
    this.server = server;
    this.#id = id;
  }

  packet(id: string, packet: Uint8Array): Message {
    try {
      const verifier = this.server.open(packet, id);
      const verify1 = verifier.verify1();
      this.#reports.set(id, { verifier, verify1 });
      return { kind: "verify1", id, bytes: verify1 };
    } catch (error) {
      if (!(error instanceof PrioError)) throw error;
      return this.#refuse(id, error.code === "replay" ? "the replay record" : "decryption");
    }
  }

  message(message: Message): Message | undefined {
    const report = this.#reports.get(message.id);
    if (report === undefined) return undefined;
    if (message.kind === "refused") {
      this.#refuse(message.id, message.by);
      return undefined;
    }
    if (message.kind === "verify1") {
      report.verify2 = report.verifier.verify2(...this.#inOrder(report.verify1, message.bytes));
      return { kind: "verify2", id: message.id, bytes: report.verify2 };
    }
    if (report.verify2 === undefined) throw new Error("a verify2 message came before verify1");
    const verified = report.verifier.check(...this.#inOrder(report.verify2, message.bytes));
    if (verified === null) this.#refuse(message.id, "the proof");
    else this.server.aggregate(verified);
    this.#reports.delete(message.id);
    return undefined;
  }

  #refuse(id: string, by: Check): Message {
    this.#reports.delete(id);
    this.refused.set(id, by);
    return { kind: "refused", id, by };
  }

  #inOrder(mine: Uint8Array, theirs: Uint8Array): [Uint8Array, Uint8Array] {
    return this.#id === "A" ? [mine, theirs] : [theirs, mine];
  }
}

/**
 * Simulates a collection from `clients` clients. Every `cheatEvery`-th of them cheats, in each way in turn. Calls
 * `progress` after each report with the number of reports so far.
 */
export function simulatePrio1(clients: number, cheatEvery: number, progress: (done: number) => void): Outcome {
  const [keysA, keysB, secret] = [generateKeyPair(), generateKeyPair(), ServerSecret.generate()];
  const config = new Config({
    fields: QUESTIONS + PRECISION,
    batchId: "demonstration",
    serverA: keysA.publicKey,
    serverB: keysB.publicKey,
  });
  const options = { secret, queryPoints: "report" } as const;
  const a = new Party(new Server(config, { ...options, id: "A", privateKey: keysA.privateKey }), "A");
  const b = new Party(new Server(config, { ...options, id: "B", privateKey: keysB.privateKey }), "B");
  const client = new Client(config);

  const outcome = outcomeOfNone(clients, QUESTIONS + 1, CHEATS);
  let earlier: Packets | undefined;

  for (let i = 0; i < clients; i++) {
    const { answers, integer } = drawAnswers();
    const bits = [...answers, ...bitsOf(integer)];
    const row = cheatOf(outcome, i, cheatEvery);

    const packets = timed(outcome.time, "clients", () =>
      row === undefined ? client.encode(bits) : cheat(config, row.cheat.name, bits, earlier),
    );
    outcome.bytes.toA += packets.a.length;
    outcome.bytes.toB += packets.b.length;
    const id = `report ${i}`;
    exchange(outcome, a, b, id, packets);

    const by = a.refused.get(id) ?? b.refused.get(id);
    if (tally(outcome, row, by)) {
      earlier = packets;
      for (const [k, answer] of [...answers, integer].entries()) {
        outcome.truth[k] = (outcome.truth[k] as bigint) + BigInt(answer);
      }
    }
    progress(i + 1);
  }

  outcome.counted = { A: a.server.reports, B: b.server.reports };
  const totals = publish(config, a.server.totalShare(), b.server.totalShare());
  // The servers counted the integer's bits like any others. The sum of the integers is the weighted sum of these
  // counts.
  const integerSum = totals.slice(QUESTIONS).reduce((sum, count) => 2n * sum + count, 0n);
  outcome.published = [...totals.slice(0, QUESTIONS), integerSum];
  return outcome;
}

/** Brings one report through both servers: each gets its packet and then only the other's messages. */
function exchange(outcome: Outcome, a: Party, b: Party, id: string, packets: Packets): void {
  const { time, bytes } = outcome;
  let fromA: Message | undefined = timed(time, "A", () => a.packet(id, packets.a));
  let fromB: Message | undefined = timed(time, "B", () => b.packet(id, packets.b));
  while (fromA !== undefined || fromB !== undefined) {
    for (const message of [fromA, fromB])
      bytes.between += message !== undefined && "bytes" in message ? message.bytes.length : 0;
    const [toA, toB]: [Message | undefined, Message | undefined] = [fromB, fromA];
    fromA = toA && timed(time, "A", () => a.message(toA));
    fromB = toB && timed(time, "B", () => b.message(toB));
  }
}

/**
 * Draws a client's answers: yes to question k with probability (k + 1) / 21. The integer is the smaller of two draws.
 */
function drawAnswers(): { answers: number[]; integer: number } {
  const random = systemRandom(QUESTIONS + 4);
  const answers = Array.from({ length: QUESTIONS }, (_, k) =>
    Number((random[k] as number) < (256 * (k + 1)) / (QUESTIONS + 1)),
  );
  const die = (i: number) => (((random[i] as number) << 8) | (random[i + 1] as number)) % 2 ** PRECISION;
  return { answers, integer: Math.min(die(QUESTIONS), die(QUESTIONS + 2)) };
}

/** The bits of the integer, the most significant one first. */
function bitsOf(integer: number): number[] {
  return Array.from({ length: PRECISION }, (_, k) => (integer >> (PRECISION - 1 - k)) & 1);
}
