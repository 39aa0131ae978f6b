// Sessions: options, report ids, calls out of order, states and totals that do not belong.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Client,
  Config,
  publish,
  type ReplayRecord,
  Server,
  type ServerOptions,
  ServerSecret,
  VerifiedReport,
} from "../../src/index.js";
import { openedReportOf } from "../../src/prio1/opened-report.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { pointOfStream } from "../../src/prio1/query-points.js";
import { RunningTotal } from "../../src/prio1/running-total.js";
import { ServerShare } from "../../src/prio1/server-share.js";
import { verifiedReportOf, verifierOf } from "../../src/prio1/verify.js";
import { readVerify1, readVerify2, writeVerify1, writeVerify2 } from "../../src/prio1/wire.js";
import {
  codeOf,
  configFor,
  errorOf,
  exchange,
  integerConfigFor,
  keysA,
  process,
  secret,
  serverA,
  serverB,
} from "../support/deployment.js";

const config = configFor({ fields: 3 });
const client = new Client(config);
const options: ServerOptions = { id: "A", privateKey: keysA.privateKey, secret };

describe("a session's options", () => {
  it("are all checked", () => {
    const wrong: [keyof ServerOptions, unknown[]][] = [
      ["id", ["a", "C", 0, undefined, null]],
      ["privateKey", [keysA.publicKey, keysA.privateKey.toHex(), undefined, null, {}]],
      ["secret", [secret.toBytes(), secret.toBase64(), undefined, null, {}]],
      ["queryPoints", ["Stream", "", null, 1]],
      ["replays", [null, {}, new Map(), () => true]],
    ];
    for (const [name, values] of wrong) {
      for (const value of values) {
        const error = errorOf(() => new Server(config, { ...options, [name]: value }));
        expect([error.code, error.message.split(":")[1]]).toEqual(["invalid-argument", ` ${name}`]);
      }
    }
    for (const x of [{}, Object.create(Config.prototype)]) {
      expect(codeOf(() => new Server(x as Config, options))).toBe("invalid-argument");
      expect(codeOf(() => publish(x as Config, Uint8Array.of(0), Uint8Array.of(1)))).toBe("invalid-argument");
    }
    expect(codeOf(() => new Server(config, undefined as unknown as ServerOptions))).toBe("invalid-argument");
  });

  it("refuse a replay record that does not answer with a boolean, and count nothing", () => {
    const promises = { add: () => Promise.resolve(false) } as unknown as ReplayRecord;
    // A Set has add(), which returns the set.
    for (const replays of [promises, new Set() as unknown as ReplayRecord]) {
      const server = new Server(config, { ...options, replays });
      const error = errorOf(() => server.open(client.encode([1, 0, 1]).a));
      expect([error.code, error.message]).toEqual([
        "invalid-argument",
        expect.stringMatching(/expected add\(\) to return a boolean/),
      ]);
    }
  });
});

describe("open", () => {
  it("wants bytes", () => {
    const pretender = Object.defineProperty(new DataView(new ArrayBuffer(100)), Symbol.toStringTag, {
      value: "Uint8Array",
    });
    for (const packet of [undefined, null, "packet", [1, 2], new ArrayBuffer(80), {}, pretender]) {
      expect(codeOf(() => serverA(config).open(packet as Uint8Array))).toBe("invalid-argument");
    }
  });

  it("never throws anything but PrioError on arbitrary bytes", () => {
    const server = serverA(config);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (packet) => {
        expect(codeOf(() => server.open(packet))).toBe("cannot-open");
      }),
    );
  });

  it('wants a report id of 1 to 65,535 bytes with query points "report"', () => {
    const server = serverA(config, { queryPoints: "report" });
    const { a } = client.encode([1, 0, 1]);
    expect(errorOf(() => server.open(a)).message).toBe('report id: expected one, since query points are "report"');
    for (const id of [null, 7, ["x"], {}])
      expect(codeOf(() => server.open(a, id as unknown as string))).toBe("invalid-argument");
    for (const id of ["", new Uint8Array(0), new Uint8Array(65536)])
      expect(codeOf(() => server.open(a, id))).toBe("out-of-range");
    expect(codeOf(() => server.open(a, "\ud800"))).toBe("invalid-encoding");
    expect(() => server.open(a, new Uint8Array(65535))).not.toThrow();
  });

  it("takes a report id as a string or as its UTF-8 alike", () => {
    const [a, b] = [serverA(config, { queryPoints: "report" }), serverB(config, { queryPoints: "report" })];
    const packets = client.encode([1, 0, 1]);
    const reports = exchange(a.open(packets.a, "é"), b.open(packets.b, Uint8Array.of(0xc3, 0xa9)));
    expect(reports.a).toBeInstanceOf(VerifiedReport);
  });
});

describe("robustness", () => {
  it('a packet that opens at one server only disturbs no other report with query points "report"', () => {
    const [a, b] = [serverA(config, { queryPoints: "report" }), serverB(config, { queryPoints: "report" })];
    a.open(client.encode([1, 1, 1]).a, "lost at B");
    expect(codeOf(() => b.open(new Uint8Array(100), "lost at B"))).toBe("cannot-open");
    expect(process(a, b, client.encode([1, 0, 1]), "next")).toBe(true);
    // In any order.
    const [x, y] = [client.encode([0, 0, 1]), client.encode([0, 1, 0])];
    const [xA, yA] = [a.open(x.a, "x"), a.open(y.a, "y")];
    const [yB, xB] = [b.open(y.b, "y"), b.open(x.b, "x")];
    for (const reports of [exchange(xA, xB), exchange(yA, yB)]) {
      if (reports.a === null || reports.b === null) throw new Error("an honest report was refused");
      a.aggregate(reports.a);
      b.aggregate(reports.b);
    }
    expect(publish(config, a.totalShare(), b.totalShare())).toEqual([1n, 1n, 2n]);
  });

  it("in stream mode it does, as with libprio; one that opens nowhere does not", () => {
    const [a, b] = [serverA(config), serverB(config)];
    for (const server of [a, b]) expect(codeOf(() => server.open(new Uint8Array(100)))).toBe("cannot-open");
    expect(process(a, b, client.encode([1, 0, 1]))).toBe(true);
    a.open(client.encode([1, 1, 1]).a);
    expect(process(a, b, client.encode([1, 0, 1]))).toBe(false);
  });

  it("servers with another secret, or one report under two ids, refuse it", () => {
    const other = serverB(config, { secret: ServerSecret.fromBytes(new Uint8Array(16)) });
    expect(process(serverA(config), other, client.encode([1, 0, 1]))).toBe(false);
    const [a, b] = [serverA(config, { queryPoints: "report" }), serverB(config, { queryPoints: "report" })];
    const packets = client.encode([1, 0, 1]);
    expect(exchange(a.open(packets.a, "x"), b.open(packets.b, "y"))).toEqual({ a: null, b: null });
  });
});

describe("calls out of order", () => {
  const opened = () => {
    const [a, b] = [serverA(config), serverB(config)];
    const packets = client.encode([1, 0, 1]);
    return { a, b, verifierA: a.open(packets.a), verifierB: b.open(packets.b) };
  };

  it("verify1 says the same every time", () => {
    const { verifierA } = opened();
    expect(verifierA.verify1()).toEqual(verifierA.verify1());
  });

  it("verify2 answers one pair of messages, again and again, and no other", () => {
    const { verifierA, verifierB } = opened();
    const [verify1A, verify1B] = [verifierA.verify1(), verifierB.verify1()];
    const answer = verifierA.verify2(verify1A, verify1B);
    expect(verifierA.verify2(verify1A, verify1B)).toEqual(answer);
    expect(codeOf(() => verifierA.verify2(verify1A, verify1A))).toBe("wrong-state");
    expect(codeOf(() => verifierA.verify2(Uint8Array.of(0xa1, 0, 0xa1, 0), verify1B))).toBe("wrong-state");
    // Another e alone, and another d alone.
    const { d, e } = readVerify1(config, verify1A, "A");
    for (const other of [
      { d, e: snipOf(config).space.field.add(e, 1n) },
      { d: snipOf(config).space.field.add(d, 1n), e },
    ]) {
      expect(codeOf(() => verifierA.verify2(writeVerify1(config, other), verify1B))).toBe("wrong-state");
    }
    expect(verifierA.verify2(verify1A, verify1B)).toEqual(answer);
  });

  it("check waits for this server's own second message", () => {
    const { verifierA, verifierB } = opened();
    const verify1 = [verifierA.verify1(), verifierB.verify1()] as const;
    const verify2B = verifierB.verify2(...verify1);
    // The other server's message, and one that makes the sum zero.
    const { field } = snipOf(config).space;
    const negative = writeVerify2(config, field.neg(readVerify2(config, verify2B, "B")));
    expect(codeOf(() => verifierA.check(negative, verify2B))).toBe("wrong-state");
    const verify2A = verifierA.verify2(...verify1);
    expect(verifierA.check(verify2A, verify2B)).toBeInstanceOf(VerifiedReport);
  });

  it("a later process resumes with the message that the server sent, and answers no other", () => {
    const packets = client.encode([1, 0, 1]);
    const [a, b] = [serverA(config), serverB(config)];
    const [verifierA, verifierB] = [a.open(packets.a), b.open(packets.b)];
    const verify1 = [verifierA.verify1(), verifierB.verify1()] as const;
    const verify2 = [verifierA.verify2(...verify1), verifierB.verify2(...verify1)] as const;

    const later = serverA(config);
    const resumed = later.open(packets.a);
    for (const bad of [new Uint8Array(0), verify1[0]]) expect(codeOf(() => resumed.resume(bad))).toBe("malformed");
    expect(codeOf(() => resumed.resume(undefined as unknown as Uint8Array))).toBe("invalid-argument");
    resumed.resume(verify2[0]);
    resumed.resume(verify2[0]);
    expect(codeOf(() => resumed.resume(verify2[1]))).toBe("wrong-state");
    // Even to the same messages: this process cannot know that they are the same.
    expect(codeOf(() => resumed.verify2(...verify1))).toBe("wrong-state");
    expect(resumed.check(verify2[1], verify2[0])).toBeNull();
    later.aggregate(resumed.check(...verify2) as VerifiedReport);
    b.aggregate(verifierB.check(...verify2) as VerifiedReport);
    expect(publish(config, later.totalShare(), b.totalShare())).toEqual([1n, 0n, 1n]);
    // A verifier that has answered resumes with its own answer alone.
    verifierA.resume(verify2[0]);
    expect(codeOf(() => verifierA.resume(verify2[1]))).toBe("wrong-state");
    expect(verifierA.verify2(...verify1)).toEqual(verify2[0]);
  });

  it("one report is counted once, however often it is checked", () => {
    const { a, b, verifierA, verifierB } = opened();
    const verify1 = [verifierA.verify1(), verifierB.verify1()] as const;
    const verify2 = [verifierA.verify2(...verify1), verifierB.verify2(...verify1)] as const;
    const report = verifierA.check(...verify2) as VerifiedReport;
    a.aggregate(report);
    const state = a.toBytes();
    expect(codeOf(() => a.aggregate(report))).toBe("wrong-state");
    expect(codeOf(() => a.aggregate(verifierA.check(...verify2) as VerifiedReport))).toBe("wrong-state");
    const foreign = verifierB.check(...verify2) as VerifiedReport;
    expect(errorOf(() => a.aggregate(foreign)).message).toMatch(/that this session opened/);
    expect([a.toBytes(), a.reports]).toEqual([state, 1]);
    b.aggregate(foreign);
    expect(publish(config, a.totalShare(), b.totalShare())).toEqual([1n, 0n, 1n]);
  });

  it("an unchecked report cannot be made up", () => {
    const { a, verifierA } = opened();
    for (const x of [undefined, null, {}, verifierA, Object.create(VerifiedReport.prototype)]) {
      expect(codeOf(() => a.aggregate(x as VerifiedReport))).toBe("invalid-argument");
    }
    expect(a.reports).toBe(0);
    // Second messages that cancel out are no proof before this server has sent its own.
    const zero = Uint8Array.of(0xa1, 0);
    expect(codeOf(() => verifierA.check(zero, zero))).toBe("wrong-state");
    verifierA.verify1();
    expect(codeOf(() => verifierA.check(zero, zero))).toBe("wrong-state");
  });

  it("nor can one be made with the inner makers, which no entry exports: they would need the session's total", () => {
    const { a } = opened();
    const { space, size } = snipOf(config);
    const zeros = { a: 0n, b: 0n, c: 0n, f0: 0n, g0: 0n, h0: 0n };
    const share = { ...zeros, data: space.fromIntegers([1000, 1000, 1000]), h: space.zeros(size) };
    const zero = Uint8Array.of(0xa1, 0);
    const keys = { packet: new Uint8Array(32) };
    for (const total of [a, undefined, new RunningTotal(space.zeros(3), [])] as RunningTotal[]) {
      const forger = verifierOf(config, "A", share, () => pointOfStream(config, 5n), total);
      forger.resume(zero);
      const forged = forger.check(zero, zero);
      expect(forged).toBeInstanceOf(VerifiedReport);
      for (const report of [forged, verifiedReportOf({ total, data: new ServerShare(config, share).data })]) {
        expect(codeOf(() => a.aggregate(report as VerifiedReport))).toBe("wrong-state");
      }
      const made = openedReportOf({ total, share, keys, reportId: undefined });
      expect(codeOf(() => a.verifier(made, { keys, queryPoints: "stream", point: 5n }))).toBe("wrong-state");
    }
    expect([a.reports, a.toBytes()]).toEqual([0, serverA(config).toBytes()]);
  });

  it("a report is not made of second messages that its verifier did not send", () => {
    const { verifierA } = opened();
    verifierA.verify2(verifierA.verify1(), verifierA.verify1());
    const zero = Uint8Array.of(0xa1, 0);
    expect(verifierA.check(zero, zero)).toBeNull();
  });

  it("messages that are no messages are an error with their subject", () => {
    const { verifierA } = opened();
    const good = verifierA.verify1();
    for (const bad of [undefined, null, "x", 3]) {
      expect(codeOf(() => verifierA.verify2(bad as unknown as Uint8Array, good))).toBe("invalid-argument");
      expect(codeOf(() => verifierA.check(Uint8Array.of(0xa1, 1), bad as unknown as Uint8Array))).toBe(
        "invalid-argument",
      );
    }
    expect(errorOf(() => verifierA.verify2(good, good.subarray(1))).message).toMatch(/^verify1 of B: /);
    expect(errorOf(() => verifierA.verify2(Uint8Array.from([...good, 0]), good)).message).toBe(
      "verify1 of A: expected the end, got 1 more bytes",
    );
    expect(errorOf(() => verifierA.check(new Uint8Array(0), good)).message).toBe(
      "verify2 of A: the bytes end where out should be",
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        for (const call of [() => verifierA.verify2(bytes, good), () => verifierA.check(bytes, bytes)]) {
          try {
            call();
          } catch (error) {
            expect(error).toMatchObject({
              name: "PrioError",
              code: expect.stringMatching(/^(malformed|wrong-state)$/),
            });
          }
        }
      }),
    );
  });
});

describe("merging and states", () => {
  it("refuses what is not another session of the same server and configuration", () => {
    const server = serverA(config);
    for (const x of [undefined, null, {}, 7, Object.create(Server.prototype)]) {
      expect(codeOf(() => server.merge(x as Server))).toBe("invalid-argument");
    }
    const others = [
      server,
      serverB(config),
      serverA(configFor({ fields: 4 })),
      serverA(configFor({ fields: 3, batchId: "other" })),
      serverA(configFor({ fields: 3, prgKey: "seed" })),
      serverA(integerConfigFor({ count: 3, precision: 1 })),
    ];
    for (const other of others) expect(codeOf(() => server.merge(other))).toBe("mismatch");
    expect(() => server.merge(serverA(configFor({ fields: 3 })))).not.toThrow();
  });

  it("refuses a session of another secret or of other query points", () => {
    const server = serverA(config, { queryPoints: "report" });
    const others = [
      serverA(config, { queryPoints: "report", secret: ServerSecret.generate() }),
      serverA(config, { queryPoints: "batch" }),
      serverA(config),
    ];
    for (const other of others) expect(codeOf(() => server.merge(other))).toBe("mismatch");
    server.merge(serverA(config, { queryPoints: "report", secret: ServerSecret.fromBytes(secret.toBytes()) }));
  });

  it("refuses whatever would count a session twice, directly or through others, and changes nothing", () => {
    const [a, b, c, d] = [serverA(config), serverA(config), serverA(config), serverA(config)];
    process(a, serverB(config), client.encode([1, 1, 1]));
    b.merge(a);
    c.merge(b);
    d.merge(c);
    const before = [b, c, d].map((server) => server.toBytes());
    const twice: readonly (readonly [Server, Server])[] = [
      [b, a],
      [c, a],
      [c, b],
      [d, a],
      [d, b],
      // Both contain a.
      [a, b],
      [b, c],
      [a, d],
    ];
    for (const [into, other] of twice) expect(codeOf(() => into.merge(other))).toBe("mismatch");
    expect([b, c, d].map((server) => server.toBytes())).toEqual(before);
    expect([a, b, c, d].map(({ reports }) => reports)).toEqual([1, 1, 1, 1]);
  });

  it("refuses a state of another length", () => {
    const state = serverA(configFor({ fields: 4 })).toBytes();
    expect(codeOf(() => Server.fromBytes(config, options, state))).toBe("malformed");
    expect(codeOf(() => Server.fromBytes(config, options, undefined as unknown as Uint8Array))).toBe(
      "invalid-argument",
    );
  });
});

describe("publish", () => {
  it("refuses shares of one server, in the wrong order, of another length", () => {
    const [a, b] = [serverA(config).totalShare(), serverB(config).totalShare()];
    expect(publish(config, a, b)).toEqual([0n, 0n, 0n]);
    for (const [x, y] of [
      [a, a],
      [b, a],
      [b, b],
    ] as const) {
      expect(codeOf(() => publish(config, x, y))).toBe("wrong-server");
    }
    expect(codeOf(() => publish(configFor({ fields: 4 }), a, b))).toBe("malformed");
    expect(codeOf(() => publish({} as Config, a, b))).toBe("invalid-argument");
    expect(codeOf(() => publish(config, a, "x" as unknown as Uint8Array))).toBe("invalid-argument");
    expect(codeOf(() => publish(config, Uint8Array.from([...a, 0]), b))).toBe("malformed");
  });

  it("refuses totals that do not fit 64 bits: shares of different reports", () => {
    const [a, b] = [serverA(config), serverB(config)];
    const packets = client.encode([1, 0, 1]);
    const reports = exchange(a.open(packets.a), b.open(packets.b));
    a.aggregate(reports.a as VerifiedReport);
    expect(errorOf(() => publish(config, a.totalShare(), b.totalShare())).code).toBe("overflow");
  });

  it("takes 2^64 − 1 and not one more", () => {
    const share = (id: number, ...bytes: number[]) => Uint8Array.of(id, 0x91, 0xa0 | bytes.length, ...bytes);
    const one = configFor({ fields: 1 });
    const max = new Array<number>(8).fill(0xff);
    expect(publish(one, share(0, ...max), share(1, 0))).toEqual([2n ** 64n - 1n]);
    expect(codeOf(() => publish(one, share(0, ...max), share(1, 1)))).toBe("overflow");
  });
});
