// Query points "first" (WIRE.md section 5): every report at the first point of the stream, as Mozilla's Spark pipeline
// checks, which makes a server for each row. libprio recorded such checks: the first report of each of its batches, and
// its verdicts on crafted reports, each of which had a fresh pair of sessions.

import { describe, expect, it } from "vitest";
import { PrioError, PrivateKey, type QueryPoints, Server, ServerSecret, type Verifier } from "../../src/index.js";
import { base64, bytes, configOf, recordedBatches, verdicts } from "../support/recorded.js";

/** A pair of sessions of a recorded batch. */
function serversOf(batch: Parameters<typeof configOf>[0], queryPoints: QueryPoints) {
  const config = configOf(batch);
  const secret = ServerSecret.fromBase64(batch.secret);
  const server = (id: "A" | "B", key: string) =>
    new Server(config, { id, privateKey: PrivateKey.fromHex(key), secret, queryPoints });
  return { a: server("A", batch.serverA.privateKey), b: server("B", batch.serverB.privateKey) };
}

/** Both messages of both servers on a report. */
function messagesOf(a: Verifier, b: Verifier): string[] {
  const first = [a.verify1(), b.verify1()] as const;
  return [...first, a.verify2(...first), b.verify2(...first)].map(base64);
}

describe.each(recordedBatches)("the recorded batch $name, PRG key $prgKey", (batch) => {
  it("libprio's messages on the first report, and a fresh session's on every other, from one session", () => {
    const { a, b } = serversOf(batch, "first");
    for (const [i, { packetA, packetB, verify1A, verify1B, verify2A, verify2B }] of batch.reports.entries()) {
      const messages = messagesOf(a.open(bytes(packetA)), b.open(bytes(packetB)));
      if (i === 0) expect(messages).toEqual([verify1A, verify1B, verify2A, verify2B]);
      const fresh = serversOf(batch, "stream");
      expect(messages).toEqual(messagesOf(fresh.a.open(bytes(packetA)), fresh.b.open(bytes(packetB))));
    }
  });
});

it("libprio's verdict on every crafted report that both servers open, from one session, in any order", () => {
  const { a, b } = serversOf(verdicts, "first");
  const open = (server: Server, packet: string): Verifier | null => {
    try {
      return server.open(bytes(packet));
    } catch (error) {
      if (error instanceof PrioError) return null;
      throw error;
    }
  };
  let checked = 0;
  for (const { name, packetA, packetB, libprio, expect: expected } of [...verdicts.reports].reverse()) {
    const [ofA, ofB] = [open(a, packetA), open(b, packetB)];
    if (ofA === null || ofB === null) {
      expect(expected, name).toBe("reject");
      continue;
    }
    const [, , a2, b2] = messagesOf(ofA, ofB).map(bytes) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    expect([ofA.check(a2, b2) !== null, ofB.check(a2, b2) !== null], name).toEqual([libprio.valid, libprio.valid]);
    checked++;
  }
  expect(checked).toBeGreaterThan(20);
});
