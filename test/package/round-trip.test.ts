// A whole collection with the built package alone: clients, both servers exchanging only messages, publication. The
// protocol has its own tests; these show that what is shipped is the whole of it and works from its bundle.

import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { prio } from "./built.js";

type Library = typeof prio;
type Server = InstanceType<Library["Server"]>;
type Config = InstanceType<Library["Config"]>;
type Packets = { a: Uint8Array; b: Uint8Array };

const batchId = "round trip";
const keysA = prio.generateKeyPair();
const keysB = prio.generateKeyPair();
const keys = { serverA: keysA.publicKey, serverB: keysB.publicKey };

function servers(config: Config, queryPoints: "stream" | "report"): { a: Server; b: Server } {
  const secret = prio.ServerSecret.generate();
  return {
    a: new prio.Server(config, { id: "A", privateKey: keysA.privateKey, secret, queryPoints }),
    b: new prio.Server(config, { id: "B", privateKey: keysB.privateKey, secret, queryPoints }),
  };
}

/** Runs one report through both servers; whether it was counted. Both servers must agree on that. */
function collect({ a, b }: { a: Server; b: Server }, packets: Packets, reportId?: string): boolean {
  const verifierA = a.open(packets.a, reportId);
  const verifierB = b.open(packets.b, reportId);
  const [first, second] = [verifierA.verify1(), verifierB.verify1()];
  const [outA, outB] = [verifierA.verify2(first, second), verifierB.verify2(first, second)];
  const [reportA, reportB] = [verifierA.check(outA, outB), verifierB.check(outA, outB)];
  expect(reportA === null).toBe(reportB === null);
  if (reportA === null || reportB === null) return false;
  a.aggregate(reportA);
  b.aggregate(reportB);
  return true;
}

describe.each(["stream", "report"] as const)("with query points by %s", (queryPoints) => {
  const idOf = (i: number) => (queryPoints === "report" ? `report ${i}` : undefined);

  test("booleans: the published totals are the plain sums", () => {
    const config = new prio.Config({ fields: 5, batchId, ...keys });
    const client = new prio.Client(config);
    const pair = servers(config, queryPoints);
    const answers = [
      [1, 0, 1, 0, 1],
      [0, 0, 1, 1, 1],
      [true, false, false, false, true],
      [0, 0, 0, 0, 0],
    ];
    answers.forEach((values, i) => {
      expect(collect(pair, client.encode(values), idOf(i))).toBe(true);
    });
    expect(pair.a.reports).toBe(4);
    expect(prio.publish(config, pair.a.totalShare(), pair.b.totalShare())).toEqual([2n, 0n, 2n, 1n, 3n]);
  });

  test("integers: the published totals are the plain sums", () => {
    const config = prio.Config.forIntegers({ count: 2, precision: 10, batchId, ...keys });
    const client = new prio.Client(config);
    const pair = servers(config, queryPoints);
    [
      [0, 1023],
      [7, 512n],
      [1000, 1],
    ].forEach((values, i) => {
      expect(collect(pair, client.encodeIntegers(values), idOf(i))).toBe(true);
    });
    expect(prio.publish(config, pair.a.totalShare(), pair.b.totalShare())).toEqual([1007n, 1536n]);
  });

  test("a report put together of two is refused by both servers and counted by none", () => {
    const config = new prio.Config({ fields: 3, batchId, ...keys });
    const client = new prio.Client(config);
    const pair = servers(config, queryPoints);
    const [one, other] = [client.encode([1, 1, 0]), client.encode([0, 1, 1])];
    expect(collect(pair, { a: one.a, b: other.b }, idOf(0))).toBe(false);
    expect(collect(pair, client.encode([1, 0, 0]), idOf(1))).toBe(true);
    expect(prio.publish(config, pair.a.totalShare(), pair.b.totalShare())).toEqual([1n, 0n, 0n]);
  });
});

test("a server written and read again goes on to the same total", () => {
  const config = new prio.Config({ fields: 2, batchId, ...keys });
  const pair = servers(config, "stream");
  expect(collect(pair, new prio.Client(config).encode([1, 0]))).toBe(true);
  const options = { id: "A", privateKey: keysA.privateKey, secret: prio.ServerSecret.generate() } as const;
  const again = prio.Server.fromBytes(config, options, pair.a.toBytes());
  expect(again.totalShare()).toEqual(pair.a.totalShare());
});

test("a changed packet is refused with the library's own error", () => {
  const config = new prio.Config({ fields: 2, batchId, ...keys });
  const { a } = new prio.Client(config).encode([1, 0]);
  a[40] = (a[40] as number) ^ 1;
  const server = servers(config, "stream").a;
  expect(() => server.open(a)).toThrow(prio.PrioError);
  expect(() => server.open(a)).toThrow(expect.objectContaining({ code: "cannot-open" }));
});

test("keys are inspected by their names, and only a public one shows its bytes", () => {
  expect(inspect(keysA.publicKey)).toBe(`PublicKey { ${keysA.publicKey.toHex()} }`);
  expect(inspect(keysA.privateKey)).toBe("PrivateKey {}");
});
