// Prio v1 as a VDAF: what holds of any VDAF holds of it; its messages are those of a Server at the same point, for
// every packet that libprio recorded; and an answer is given once.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { open } from "../../src/crypto/ecies.js";
import { Config, PrioError, PrivateKey, publish, Server, ServerSecret } from "../../src/index.js";
import { Prio1 } from "../../src/prio1/vdaf/index.js";
import type { OutputShare, Vdaf, Verification } from "../../src/vdaf/vdaf.js";
import { codeOf, errorOf } from "../support/deployment.js";
import { oddValues, refusals } from "../support/odd-values.js";
import { bytes, configOf, recordedBatches, verdicts } from "../support/recorded.js";
import { ctx, itHoldsOf, key, type VdafCase, verify } from "../support/vdaf-properties.js";

const bits = (length: number) => fc.array(fc.constantFrom(true, false, 0, 1), { minLength: length, maxLength: length });
const integers = (length: number, max: number) =>
  fc.array(fc.oneof(fc.nat(Math.min(max, 2 ** 31 - 1)), fc.constantFrom(0, 1, max)), {
    minLength: length,
    maxLength: length,
  });
const add = (length: number) => (measurements: readonly (number | boolean)[][]) =>
  Array.from({ length }, (_, i) => measurements.reduce((sum, m) => sum + BigInt(m[i] as number), 0n));

const cases: VdafCase[] = [
  ...[1, 2, 3, 20, 63].map(
    (fields): VdafCase => ({
      name: `${fields} booleans`,
      of: () => new Prio1({ fields }) as never,
      shares: [2],
      measurement: bits(fields),
      sum: add(fields),
    }),
  ),
  ...[
    [1, 1],
    [1, 42],
    [5, 7],
  ].map(
    ([count = 0, precision = 0]): VdafCase => ({
      name: `${count} integers of ${precision} bits`,
      of: () => new Prio1({ count, precision }) as never,
      shares: [2],
      measurement: integers(count, 2 ** precision - 1),
      sum: add(count),
    }),
  ),
];

describe.each(cases)("$name", (of) => itHoldsOf(of));

const nonce = new Uint8Array(16).fill(9);
const verifyKey = key.slice(0, 16);

/** Both aggregators after the first step. */
function started(vdaf: Prio1, measurement: ArrayLike<boolean | number | bigint>, number = nonce) {
  const { publicShare, inputShares } = vdaf.shard(ctx, measurement, number);
  return inputShares.map((share, id) => vdaf.verifyInit(verifyKey, ctx, id, number, publicShare, share)) as [
    Verification,
    Verification,
  ];
}

const sharesOf = (verifications: readonly Verification[]) => verifications.map(({ verifierShare }) => verifierShare);
const messageOf = (vdaf: Prio1, verifications: readonly Verification[]) =>
  vdaf.verifierSharesToMessage(ctx, sharesOf(verifications)) as Uint8Array;
/** Both aggregators after the next step. */
const next = (vdaf: Prio1, verifications: readonly Verification[]) => {
  const message = messageOf(vdaf, verifications);
  return verifications.map(({ state }) => vdaf.verifyNext(ctx, state, message)) as [Verification, Verification];
};

describe.each(recordedBatches.filter(({ prgKey }) => prgKey === "batch"))("the recorded batch $name", (batch) => {
  const config = configOf(batch);
  const vdaf = new Prio1(batch.uint ?? { fields: batch.fields });
  const context = config.batchId;
  const secret = bytes(batch.secret);
  const [privateA, privateB] = [batch.serverA, batch.serverB].map((keys) => PrivateKey.fromHex(keys.privateKey)) as [
    PrivateKey,
    PrivateKey,
  ];

  it("gives the messages and totals of a pair of servers, byte for byte", () => {
    const common = { secret: ServerSecret.fromBytes(secret), queryPoints: "report" } as const;
    const a = new Server(config, { id: "A", privateKey: privateA, ...common });
    const b = new Server(config, { id: "B", privateKey: privateB, ...common });
    const totals = [vdaf.aggregateInit(), vdaf.aggregateInit()] as const;
    for (const [i, report] of batch.reports.entries()) {
      const number = new Uint8Array(16).fill(i);
      const plaintexts = [open(privateA, bytes(report.packetA)), open(privateB, bytes(report.packetB))] as const;
      const first = plaintexts.map((share, id) =>
        vdaf.verifyInit(secret, context, id, number, new Uint8Array(0), share),
      );
      const verifiers = [a.open(bytes(report.packetA), number), b.open(bytes(report.packetB), number)] as const;
      const firstOfServers = [verifiers[0].verify1(), verifiers[1].verify1()] as const;
      expect(sharesOf(first)).toEqual(firstOfServers);

      const message = vdaf.verifierSharesToMessage(context, sharesOf(first)) as Uint8Array;
      const second = first.map(({ state }) => vdaf.verifyNext(context, state, message)) as Verification[];
      const secondOfServers = verifiers.map((verifier) => verifier.verify2(...firstOfServers));
      expect(sharesOf(second)).toEqual(secondOfServers);

      const last = vdaf.verifierSharesToMessage(context, sharesOf(second)) as Uint8Array;
      for (const [id, { state }] of second.entries()) {
        totals[id as 0 | 1].add(vdaf.verifyNext(context, state, last) as OutputShare);
      }
    }
    // A total share is its server's id and then the aggregate share.
    const shares = totals.map((total) => total.toBytes());
    expect(shares[0]).toEqual(bytes(batch.totalShareA).slice(1));
    expect(shares[1]).toEqual(bytes(batch.totalShareB).slice(1));
    expect(vdaf.unshard(shares, batch.reports.length).map(String)).toEqual(batch.result);
  });
});

describe("libprio's crafted reports", () => {
  const config = configOf(verdicts);
  const vdaf = new Prio1({ fields: verdicts.fields });
  const keys = [verdicts.serverA, verdicts.serverB].map((pair) => PrivateKey.fromHex(pair.privateKey));

  it("get the same verdicts, as far as they are not about sealing", () => {
    const seen = { accept: 0, reject: 0 };
    for (const { name, packetA, packetB, expect: expected } of verdicts.reports) {
      let plaintexts: Uint8Array[];
      try {
        plaintexts = [packetA, packetB].map((packet, i) => open(keys[i] as PrivateKey, bytes(packet)));
      } catch {
        continue;
      }
      const verdict = judge(vdaf, config.batchId, plaintexts);
      expect([name, verdict]).toEqual([name, expected]);
      seen[expected]++;
    }
    expect(seen).toEqual({ accept: 7, reject: 48 });
  });

  function judge(of: Vdaf<never, unknown>, context: Uint8Array, inputShares: readonly Uint8Array[]) {
    try {
      let at = inputShares.map((share, id) =>
        of.verifyInit(bytes(verdicts.secret), context, id, nonce, new Uint8Array(0), share),
      );
      for (let round = 0; round < 2; round++) {
        const message = of.verifierSharesToMessage(context, sharesOf(at));
        if (message === null) return "reject";
        at = at.map(({ state }) => of.verifyNext(context, state, message) as Verification);
      }
      return "accept";
    } catch (error) {
      if (error instanceof PrioError && error.code === "malformed") return "reject";
      throw error;
    }
  }
});

describe("a verification", () => {
  const vdaf = new Prio1({ fields: 3 });

  it("answers one message for a state, and none that lacks its own share", () => {
    const [report, other] = [started(vdaf, [1, 0, 1]), started(vdaf, [1, 0, 1])];
    const [a, b] = report;
    const message = messageOf(vdaf, report);
    // Another report's message is not answered at all.
    expect(vdaf.verifyNext(ctx, a.state, messageOf(vdaf, other))).toBeNull();
    expect(codeOf(() => vdaf.verifyNext(ctx, a.state, message))).toBe("wrong-state");
    expect(vdaf.verifyNext(ctx, b.state, message)).not.toBeNull();
    expect(codeOf(() => vdaf.verifyNext(ctx, b.state, message))).toBe("wrong-state");
  });

  it("counts no report with the last message of another", () => {
    const [one, other] = [next(vdaf, started(vdaf, [1, 0, 1])), next(vdaf, started(vdaf, [1, 0, 1]))];
    const message = messageOf(vdaf, other);
    for (const { state } of one) expect(vdaf.verifyNext(ctx, state, message)).toBeNull();
    for (const { state } of other) expect(vdaf.verifyNext(ctx, state, message)).toMatchObject({ kind: "output share" });
  });

  it("shares of two reports, or of two rounds, make no message", () => {
    const [one, other] = [started(vdaf, [1, 0, 1]), started(vdaf, [1, 1, 1])];
    const mixed = [one[0], other[1]];
    expect(vdaf.verifierSharesToMessage(ctx, sharesOf(next(vdaf, mixed)))).toBeNull();
    const [a] = next(vdaf, started(vdaf, [0, 0, 0]));
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, [a.verifierShare, one[1].verifierShare]))).toBe("malformed");
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, [one[0].verifierShare]))).toBe("wrong-length");
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, []))).toBe("wrong-length");
  });

  it("is bound to context, key and aggregator", () => {
    const { publicShare, inputShares } = vdaf.shard(ctx, [1, 0, 1], nonce);
    const [forA, forB] = inputShares as [Uint8Array, Uint8Array];
    const init = (context: Uint8Array, id: number, share: Uint8Array, verifyKey_ = verifyKey) =>
      vdaf.verifyInit(verifyKey_, context, id, nonce, publicShare, share);
    for (const wrong of [
      () => init(Uint8Array.of(4, 6), 0, forA),
      () => init(Uint8Array.of(4, 6), 1, forB),
      () => init(ctx, 1, forA),
      () => init(ctx, 0, forB),
      () => init(ctx, 0, new Uint8Array(10_000)),
      () => vdaf.verifyInit(verifyKey, ctx, 0, nonce, Uint8Array.of(1), forA),
    ]) {
      expect(codeOf(wrong)).toBe("malformed");
    }
    const [a, b] = [init(ctx, 0, forA), init(ctx, 1, forB, verifyKey.slice().reverse())];
    expect(vdaf.verifierSharesToMessage(ctx, sharesOf(next(vdaf, [a, b])))).toBeNull();
    // A context is any bytes, NUL too, which a batch id may not have.
    for (const context of [new Uint8Array(0), new Uint8Array(40), new Uint8Array(65535).fill(255)]) {
      expect(vdaf.shard(context, [1, 0, 1], nonce).inputShares[1]?.length).toBeGreaterThan(context.length);
    }
    expect(codeOf(() => vdaf.shard(new Uint8Array(65536), [1, 0, 1], nonce))).toBe("out-of-range");
  });

  it("B's state is a few bytes, whatever the number of fields is", () => {
    const large = new Prio1({ fields: 12_000 });
    const [a, b] = started(large, new Array(12_000).fill(1));
    expect(b.state.toBytes().length).toBeLessThan(100);
    expect(a.state.toBytes().length).toBeGreaterThan(11 * 12_000);
    // Grown in pieces, checked and counted from the bytes, after another aggregator's turn.
    const outputs = verify(
      large as never,
      nonce,
      new Uint8Array(0),
      large.shard(ctx, new Array(12_000).fill(1), nonce).inputShares,
    );
    const totals = outputs?.map((output) => {
      const total = large.aggregateInit();
      total.add(output);
      return total.toBytes();
    });
    expect(large.unshard(totals as Uint8Array[], 1)).toEqual(new Array(12_000).fill(1n));
  });

  it("a state is read by an instance of its size alone", () => {
    const [a, b] = started(vdaf, [1, 0, 1]);
    for (const { state } of [a, b, ...next(vdaf, [a, b])]) {
      const written = state.toBytes();
      expect(vdaf.readState(written).toBytes()).toEqual(written);
      expect(errorOf(() => new Prio1({ fields: 4 }).readState(written))).toMatchObject({
        code: "malformed",
        message: expect.stringContaining("number of fields"),
      });
      expect(codeOf(() => vdaf.readState(written.slice(0, -1)))).toBe("malformed");
      expect(codeOf(() => vdaf.readState(Uint8Array.of(...written, 0)))).toBe("malformed");
    }
    expect(codeOf(() => new Prio1({ fields: 3 }).verifyNext(ctx, a.state, new Uint8Array(0)))).toBe("invalid-argument");
  });
});

describe("aggregate shares", () => {
  const vdaf = new Prio1({ count: 2, precision: 4 });
  const outputsOf = (measurement: readonly number[]) => {
    const second = next(vdaf, started(vdaf, measurement));
    const message = messageOf(vdaf, second);
    return second.map(({ state }) => vdaf.verifyNext(ctx, state, message) as OutputShare) as [OutputShare, OutputShare];
  };

  it("count each output once, merge, and belong to their instance", () => {
    const [output] = outputsOf([3, 15]);
    const [total, other] = [vdaf.aggregateInit(), vdaf.aggregateInit()];
    total.add(output);
    expect(codeOf(() => total.add(output))).toBe("wrong-state");
    expect(codeOf(() => other.add(output))).toBe("wrong-state");
    expect(codeOf(() => total.add({ kind: "output share" }))).toBe("invalid-argument");
    expect(codeOf(() => new Prio1({ count: 2, precision: 4 }).aggregateInit().add(outputsOf([0, 0])[0]))).toBe(
      "invalid-argument",
    );
    expect(codeOf(() => total.merge(total))).toBe("invalid-argument");
    expect(codeOf(() => total.merge(new Prio1({ count: 2, precision: 4 }).aggregateInit()))).toBe("invalid-argument");
    other.merge(total);
    other.merge(total);
    expect([total.count, other.count]).toEqual([1, 2]);
    for (const made of [output, total, started(vdaf, [1, 1])[0].state]) {
      expect(codeOf(() => new (made.constructor as new (...args: object[]) => object)(vdaf, {}))).toBe(
        "invalid-argument",
      );
    }
  });

  it("are of integers, with noise on their sums, and publish as total shares with a server's id before", () => {
    const totals = [vdaf.aggregateInit(), vdaf.aggregateInit()] as const;
    for (const measurement of [
      [3, 15],
      [4, 0],
    ]) {
      const outputs = outputsOf(measurement);
      for (const id of [0, 1] as const) totals[id].add(outputs[id]);
    }
    const exact = totals.map((total) => total.toBytes());
    expect(vdaf.unshard(exact, 2)).toEqual([7n, 15n]);
    const shares = exact.map((share, id) => Uint8Array.of(id, ...share)) as [Uint8Array, Uint8Array];
    const { serverA, serverB } = configOf(recordedBatches[0] as never);
    const config = new Config({ count: 2, precision: 4, batchId: "b", serverA, serverB });
    expect(publish(config, ...shares)).toEqual([7n, 15n]);

    const draws = [-100n, 1n];
    totals[0].addNoise({ sample: () => draws.shift() as bigint });
    expect(codeOf(() => totals[1].addNoise({ sample: () => 3 as never }))).toBe("invalid-argument");
    const noisy = totals.map((total) => total.toBytes());
    expect(vdaf.unshardNoisy(noisy)).toEqual([-93n, 16n]);
    expect(codeOf(() => vdaf.unshard(noisy, 2))).toBe("overflow");
    expect(vdaf.sensitivity).toEqual(config.sensitivity);
  });

  it("refuse totals that so many measurements cannot have, and what is no share", () => {
    const totals = outputsOf([15, 15]).map((output) => {
      const total = vdaf.aggregateInit();
      total.add(output);
      return total.toBytes();
    });
    expect(vdaf.unshard(totals, 1)).toEqual([15n, 15n]);
    expect(codeOf(() => vdaf.unshard(totals, 0))).toBe("overflow");
    expect(codeOf(() => vdaf.unshard(totals, -1))).toBe("out-of-range");
    expect(codeOf(() => vdaf.unshard(totals.slice(1), 1))).toBe("wrong-length");
    expect(codeOf(() => vdaf.unshard([...totals, ...totals], 1))).toBe("wrong-length");
    expect(codeOf(() => vdaf.unshard([totals[0] as Uint8Array, new Uint8Array(0)], 1))).toBe("malformed");
  });
});

describe("parameters and measurements", () => {
  const vdaf = new Prio1({ fields: 3 });
  it.each<[string, () => unknown, string, string]>([
    ["no fields", () => new Prio1({} as never), "invalid-argument", "fields"],
    ["too many", () => new Prio1({ fields: 262144 }), "out-of-range", "262143"],
    ["both kinds", () => new Prio1({ fields: 3, count: 1, precision: 2 } as never), "invalid-argument", "not both"],
    ["no precision", () => new Prio1({ count: 2 } as never), "invalid-argument", "precision"],
    ["too much precision", () => new Prio1({ count: 1, precision: 43 }), "out-of-range", "42"],
    ["an unknown option", () => new Prio1({ field: 3 } as never), "invalid-argument", '"field"'],
    ["no options", () => new Prio1(undefined as never), "invalid-argument", "object"],
    ["a value that is no bit", () => vdaf.shard(ctx, [1, 0, 2], nonce), "out-of-range", "index 2"],
    ["too few values", () => vdaf.shard(ctx, [1, 0], nonce), "wrong-length", "3 values"],
    ["a large integer", () => new Prio1({ count: 1, precision: 3 }).shard(ctx, [8], nonce), "out-of-range", "index 0"],
    ["a short nonce", () => vdaf.shard(ctx, [1, 0, 1], new Uint8Array(15)), "wrong-length", "nonce"],
    ["a short key", () => vdaf.verifyInit(key, ctx, 0, nonce, nonce, nonce), "wrong-length", "verify key"],
    ["an aggregator id", () => vdaf.verifyInit(verifyKey, ctx, 2, nonce, nonce, nonce), "out-of-range", "0 or 1"],
  ])("%s", (_name, f, code, words) => {
    expect(errorOf(f)).toMatchObject({ code, message: expect.stringContaining(words) });
  });

  it("are as a VDAF names them, with an identifier for private use", () => {
    expect(vdaf).toMatchObject({ shares: 2, rounds: 2, verifyKeySize: 16, nonceSize: 16, fields: 3 });
    expect(vdaf.algorithmId).toBeGreaterThanOrEqual(0xffff0000);
    expect(new Prio1({ count: 2, precision: 5 })).toMatchObject({ fields: 10, count: 2, precision: 5 });
  });
});

describe("odd arguments are refused with a PrioError", () => {
  const vdaf = new Prio1({ fields: 3 });
  const { publicShare, inputShares } = vdaf.shard(ctx, [1, 0, 1], nonce);
  const [forA] = inputShares as [Uint8Array, Uint8Array];
  const verifications = started(vdaf, [1, 0, 1]);
  const [a] = verifications;
  const [ownShare, otherShare] = sharesOf(verifications) as [Uint8Array, Uint8Array];
  const message = messageOf(vdaf, verifications);
  const state = () => vdaf.readState(a.state.toBytes());
  const total = vdaf.aggregateInit();

  const entries: Readonly<Record<string, (x: never) => unknown>> = {
    "new Prio1": (x) => new Prio1(x),
    ...Object.fromEntries(
      ["fields", "count", "precision"].map((name) => [
        `new Prio1: ${name}`,
        (x: never) => new Prio1({ ...(name === "fields" ? {} : { count: 2, precision: 3 }), [name]: x } as never),
      ]),
    ),
    "shard: ctx": (x) => vdaf.shard(x, [1, 0, 1], nonce),
    "shard: measurement": (x) => vdaf.shard(ctx, x, nonce),
    "shard: an element": (x) => vdaf.shard(ctx, [1, x, 1], nonce),
    "shard: nonce": (x) => vdaf.shard(ctx, [1, 0, 1], x),
    "verifyInit: key": (x) => vdaf.verifyInit(x, ctx, 0, nonce, publicShare, forA),
    "verifyInit: ctx": (x) => vdaf.verifyInit(verifyKey, x, 0, nonce, publicShare, forA),
    "verifyInit: id": (x) => vdaf.verifyInit(verifyKey, ctx, x, nonce, publicShare, forA),
    "verifyInit: nonce": (x) => vdaf.verifyInit(verifyKey, ctx, 0, x, publicShare, forA),
    "verifyInit: public share": (x) => vdaf.verifyInit(verifyKey, ctx, 0, nonce, x, forA),
    "verifyInit: input share": (x) => vdaf.verifyInit(verifyKey, ctx, 0, nonce, publicShare, x),
    "verifierSharesToMessage: ctx": (x) => vdaf.verifierSharesToMessage(x, [ownShare, otherShare]),
    verifierSharesToMessage: (x) => vdaf.verifierSharesToMessage(ctx, x),
    "verifierSharesToMessage: one": (x) => vdaf.verifierSharesToMessage(ctx, [ownShare, x]),
    "verifyNext: ctx": (x) => vdaf.verifyNext(x, state(), message),
    "verifyNext: state": (x) => vdaf.verifyNext(ctx, x, message),
    "verifyNext: message": (x) => vdaf.verifyNext(ctx, state(), x),
    readState: (x) => vdaf.readState(x),
    readAggregateShare: (x) => vdaf.readAggregateShare(x, 1),
    "readAggregateShare: count": (x) => vdaf.readAggregateShare(total.toBytes(), x),
    add: (x) => total.add(x),
    merge: (x) => total.merge(x),
    addNoise: (x) => total.addNoise(x),
    unshard: (x) => vdaf.unshard(x, 1),
    "unshard: one": (x) => vdaf.unshard([total.toBytes(), x], 1),
    "unshard: measurements": (x) => vdaf.unshard([total.toBytes(), total.toBytes()], x),
    unshardNoisy: (x) => vdaf.unshardNoisy(x),
    // The methods and getters, on what is no object of their class.
    ...Object.fromEntries(
      [vdaf, a.state, total].flatMap((object) =>
        Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object)))
          .filter(([name]) => name !== "constructor")
          .map(([name, { value, get }]) => [
            `${object.constructor.name}.prototype.${name}`,
            (x: never) => (value ?? get).apply(x, [ctx, 1, nonce]),
          ]),
      ),
    ),
  };

  it.each(Object.entries(entries))("%s", (_name, call) => {
    const odd = oddValues(
      [Prio1, a.state.constructor, total.constructor],
      [0, 16, forA.length, ownShare.length, message.length],
      ["fields", "count", "precision", "sample", "kind"],
    );
    expect(refusals(call, odd)).toBeGreaterThan(0);
  });

  it("no secret is in a property, in JSON or in an error", () => {
    const objects = [vdaf, a.state, total];
    for (const object of objects) {
      const seen = JSON.stringify(object) + JSON.stringify(Object.getOwnPropertyDescriptors(object));
      expect(seen).not.toContain(toHex(forA));
      expect(Object.getOwnPropertySymbols(object)).toEqual([]);
    }
    expect(objects.slice(1).map((object) => Object.keys(object))).toEqual([[], []]);
    const secret = 123_456;
    const { message: text } = errorOf(() => new Prio1({ count: 1, precision: 3 }).shard(ctx, [secret], nonce));
    expect(text).not.toContain("123");
  });
});
