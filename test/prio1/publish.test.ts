// Publication from total shares in parts, as servers have them that counted a batch in several sessions.

import { describe, expect, it } from "vitest";
import { Client, Config, generateKeyPair, PrioError, publish, Server, ServerSecret } from "../../src/index.js";

const keys = { a: generateKeyPair(), b: generateKeyPair() };
const secret = ServerSecret.generate();
const config = new Config({ fields: 3, batchId: "parts", serverA: keys.a.publicKey, serverB: keys.b.publicKey });
const options = {
  a: { id: "A", privateKey: keys.a.privateKey, secret },
  b: { id: "B", privateKey: keys.b.privateKey, secret },
} as const;

/** Four reports, checked by a pair of servers each; A's and B's total share of each. */
const parts = [
  [1, 0, 1],
  [1, 1, 0],
  [0, 0, 1],
  [1, 0, 1],
].map((values) => {
  const packets = new Client(config).encode(values);
  const servers = { a: new Server(config, options.a), b: new Server(config, options.b) };
  const [a, b] = [servers.a.open(packets.a), servers.b.open(packets.b)];
  const first = [a.verify1(), b.verify1()] as const;
  const second = [a.verify2(...first), b.verify2(...first)] as const;
  const [ofA, ofB] = [a.check(...second), b.check(...second)];
  if (ofA === null || ofB === null) throw new Error("an honest report was refused");
  servers.a.aggregate(ofA);
  servers.b.aggregate(ofB);
  return servers;
});

/** The total shares of one server, the reports divided at `cut`. */
function shares(server: "a" | "b", cut: number): Uint8Array[] {
  return [parts.slice(0, cut), parts.slice(cut)]
    .filter((group) => group.length > 0)
    .map((group) => {
      const total = new Server(config, options[server]);
      for (const part of group) total.merge(Server.fromBytes(config, options[server], part[server].toBytes()));
      return total.totalShare();
    });
}

/** A list that throws at every touch. */
function revoked(): Uint8Array[] {
  const { proxy, revoke } = Proxy.revocable<Uint8Array[]>([], {});
  revoke();
  return proxy;
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PrioError) return error.code;
    throw error;
  }
  return "none";
}

describe("publish with parts", () => {
  it.each([
    [0, 0],
    [1, 3],
    [2, 2],
    [4, 1],
  ])("adds up parts that A divides at %i and B at %i", (cutA, cutB) => {
    expect(publish(config, shares("a", cutA), shares("b", cutB))).toEqual([3n, 1n, 3n]);
  });

  it("takes a single share on either side as before", () => {
    const [a] = shares("a", 0);
    expect(publish(config, a as Uint8Array, shares("b", 2))).toEqual([3n, 1n, 3n]);
  });

  it.each([
    ["no part", () => publish(config, [], shares("b", 0)), "invalid-argument"],
    [
      "a part that is no bytes",
      () => publish(config, [shares("a", 0)[0], 7] as never, shares("b", 0)),
      "invalid-argument",
    ],
    ["a revoked proxy", () => publish(config, revoked(), shares("b", 0)), "invalid-argument"],
    ["a hole", () => publish(config, new Array(1), shares("b", 0)), "invalid-argument"],
    ["a part of the other server", () => publish(config, [...shares("a", 2), ...shares("b", 0)], []), "wrong-server"],
    ["a missing part", () => publish(config, shares("a", 2).slice(1), shares("b", 0)), "overflow"],
    ["a malformed part", () => publish(config, shares("a", 0), [Uint8Array.of(1, 0x90)]), "malformed"],
  ])("refuses %s", (_name, work, code) => {
    expect(codeOf(work)).toBe(code);
  });
});
