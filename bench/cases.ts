// What is measured of one configuration: every step of a report's way through both servers, as a function that can be called
// again and again.

import type { VectorSpace } from "../src/core/vector.js";
import { Client, Config, generateKeyPair, MemoryReplayRecord, Server, ServerSecret } from "../src/index.js";
import { RunningTotal } from "../src/prio1/aggregate.js";
import { openPacket } from "../src/prio1/packet.js";
import { type QueryPoints, queryPointSource } from "../src/prio1/query-points.js";
import type { ServerId } from "../src/prio1/share.js";
import { Verifier } from "../src/prio1/verify.js";
import { writeVerify1 } from "../src/prio1/wire.js";

export type Shape = { readonly fields: number } | { readonly count: number; readonly precision: number };

/** The steps that have a figure of their own. `check` is open, verify1 and verify2, as libprio's figures have it. */
export const STEPS = ["encode", "openA", "openB", "verifyA", "verifyB", "checkA", "checkB", "aggregate"] as const;
export type Step = (typeof STEPS)[number];

export interface Cases {
  readonly steps: Record<Step, () => unknown>;
  /** Bytes of a report's packets, on average. */
  bytes(): { a: number; b: number };
  /** The same check with other query points. */
  checkWith(queryPoints: QueryPoints): Record<"checkA" | "checkB", () => unknown>;
}

/** Packets are as long as their random elements make them, so their length is averaged. */
const PACKETS_AVERAGED = 20;

export function casesOf(shape: Shape, space: VectorSpace): Cases {
  const keys = { A: generateKeyPair(), B: generateKeyPair() };
  const secret = ServerSecret.generate();
  const batch = { batchId: "bench", serverA: keys.A.publicKey, serverB: keys.B.publicKey };
  const config = new Config({ ...batch, ...shape }, space);

  const client = new Client(config);
  const encode = encoderOf(client, shape);
  const packets = encode();
  const packet = { A: packets.a, B: packets.b };
  // How long verify2 takes does not depend on what the other server says.
  const other = writeVerify1(config, { d: 2n ** 86n + 12345n, e: 2n ** 85n + 6789n });

  const session = (id: ServerId, queryPoints: QueryPoints = "stream") =>
    new Server(config, { id, privateKey: keys[id].privateKey, secret, queryPoints, replays: forgetful() });
  const sessions = { A: session("A"), B: session("B") };
  const share = {
    A: openPacket(config, "A", keys.A.privateKey, packet.A),
    B: openPacket(config, "B", keys.B.privateKey, packet.B),
  };

  const open = (id: ServerId) => sessions[id].open(packet[id]);
  const answer = (id: ServerId, verifier: Verifier) => {
    const own = verifier.verify1();
    return id === "A" ? verifier.verify2(own, other) : verifier.verify2(other, own);
  };
  // Another point for every report, as in a session.
  const nextPoint = queryPointSource("stream", config, secret);
  const verify = (id: ServerId) => answer(id, Verifier.of(config, id, share[id], nextPoint(undefined), sessions[id]));
  // What Server.aggregate does with a report that a check let through.
  const totals = { A: config.snip.space.zeros(config.fields), B: config.snip.space.zeros(config.fields) };
  const running = { A: new RunningTotal(totals.A), B: new RunningTotal(totals.B) };
  const aggregate = (id: ServerId) => running[id].add(share[id].data);

  return {
    steps: {
      encode,
      openA: () => open("A"),
      openB: () => open("B"),
      verifyA: () => verify("A"),
      verifyB: () => verify("B"),
      checkA: () => answer("A", open("A")),
      checkB: () => answer("B", open("B")),
      aggregate() {
        aggregate("A");
        aggregate("B");
      },
    },
    bytes() {
      const several = Array.from({ length: PACKETS_AVERAGED }, encode);
      const mean = (lengths: number[]) => Math.round(lengths.reduce((sum, x) => sum + x, 0) / lengths.length);
      return { a: mean(several.map(({ a }) => a.length)), b: mean(several.map(({ b }) => b.length)) };
    },
    checkWith(queryPoints) {
      const others = { A: session("A", queryPoints), B: session("B", queryPoints) };
      return {
        checkA: () => answer("A", others.A.open(packet.A, "report")),
        checkB: () => answer("B", others.B.open(packet.B, "report")),
      };
    },
  };
}

function encoderOf(client: Client, shape: Shape) {
  if ("fields" in shape) {
    const values = Uint8Array.from({ length: shape.fields }, (_, i) => (i * 7) & 1);
    return () => client.encode(values);
  }
  const values = Array.from({ length: shape.count }, (_, i) => (i * 7919) % 2 ** shape.precision);
  return () => client.encodeIntegers(values);
}

/** Takes the time that a record takes, and lets the same packet through again. */
function forgetful() {
  const record = new MemoryReplayRecord();
  const counter = new Uint32Array(8);
  const key = new Uint8Array(counter.buffer);
  return {
    add() {
      counter[0] = (counter[0] as number) + 1;
      // The record grows to what 2^20 reports leave in it and no further.
      if ((counter[0] as number) > 2 ** 20) counter[0] = 1;
      record.add(key);
      return true;
    },
  };
}
