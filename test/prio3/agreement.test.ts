// Clients and aggregators that do not agree on a parameter, a key, an identifier or a nonce: whatever differs, the
// report is refused, and counted nowhere.

import { describe, expect, it } from "vitest";
import { PrioError } from "../../src/errors.js";
import * as prio3 from "../../src/prio3/index.js";
import { codeOf } from "../support/deployment.js";

const ctx = Uint8Array.of(1, 2);
const key = new Uint8Array(32).fill(3);
const nonce = new Uint8Array(16).fill(4);
const other = <T extends Uint8Array>(bytes: T) => bytes.map((x) => x ^ 1);

interface Aggregator {
  readonly vdaf: prio3.Vdaf<never, unknown>;
  readonly id: number;
  readonly ctx?: Uint8Array;
  readonly key?: Uint8Array;
  readonly nonce?: Uint8Array;
}

/** How many of the aggregators have an output share in the end. */
function outputsOf(
  client: prio3.Vdaf<never, unknown>,
  measurement: unknown,
  aggregators: readonly Aggregator[],
): number {
  const { publicShare, inputShares } = client.shard(ctx, measurement as never, nonce);
  let outputs = 0;
  try {
    const started = aggregators.map((own, i) =>
      own.vdaf.verifyInit(
        own.key ?? key,
        own.ctx ?? ctx,
        own.id,
        own.nonce ?? nonce,
        publicShare,
        inputShares[i] as Uint8Array,
      ),
    );
    const shares = started.map(({ verifierShare }) => verifierShare);
    for (const [i, own] of aggregators.entries()) {
      const message = own.vdaf.verifierSharesToMessage(own.ctx ?? ctx, shares);
      const { state } = started[i] as prio3.Verification;
      if (message !== null && own.vdaf.verifyNext(own.ctx ?? ctx, state, message) !== null) outputs++;
    }
  } catch (error) {
    if (!(error instanceof PrioError) || error.code !== "malformed") throw error;
  }
  return outputs;
}

const both = (vdaf: prio3.Vdaf<never, unknown>, change: Partial<Aggregator> = {}) =>
  Array.from({ length: vdaf.shares }, (_, id): Aggregator => ({ vdaf, id, ...change }));

const multiproof = (options: object) =>
  new prio3.Prio3SumVecWithMultiproof({ length: 5, maxMeasurement: 1, proofs: 3, chunkLength: 3, ...options });
const sumVec = (options: object) => new prio3.Prio3SumVec({ length: 5, maxMeasurement: 1, chunkLength: 3, ...options });
const bits = [1, 0, 1, 1, 0];

describe("a parameter that client and aggregators do not share", () => {
  const [three, five] = [sumVec({ chunkLength: 3 }), sumVec({ chunkLength: 5 })];

  it("with messages of the same lengths, which a check of lengths does not find", () => {
    const [a, b] = [three, five].map((vdaf) => vdaf.shard(ctx, bits, nonce).inputShares.map(({ length }) => length));
    expect(a).toEqual(b);
  });

  it.each<[string, unknown, unknown, unknown]>([
    ["chunkLength, same lengths", three, five, bits],
    ["chunkLength", sumVec({ chunkLength: 2 }), sumVec({ chunkLength: 1 }), bits],
    ["length", sumVec({ length: 5 }), sumVec({ length: 6 }), bits],
    ["maxMeasurement", sumVec({ maxMeasurement: 2 }), sumVec({ maxMeasurement: 4, length: 5 }), bits],
    ["shares", sumVec({ shares: 3 }), sumVec({ shares: 2 }), bits],
    ["the algorithm", sumVec({}), new prio3.Prio3Histogram({ length: 5, chunkLength: 3 }), bits],
    ["the identifier", multiproof({ algorithmId: 0xffff0000 }), multiproof({ algorithmId: 0xffff0100 }), bits],
    ["proofs", multiproof({ proofs: 3 }), multiproof({ proofs: 4 }), bits],
    ["the XOF", multiproof({ xof: "hmac-aes" }), multiproof({ xof: "turboshake" }), bits],
    ["the field", multiproof({}), sumVec({}), bits],
    ["Count and Sum", new prio3.Prio3Count(), new prio3.Prio3Sum({ maxMeasurement: 1 }), true],
  ])("%s", (_name, client, server, measurement) => {
    const [a, b] = [client, server] as [prio3.Vdaf<never, unknown>, prio3.Vdaf<never, unknown>];
    expect(outputsOf(a, measurement, both(a))).toBe(a.shares);
    expect(outputsOf(a, measurement, both(b))).toBe(0);
    // One aggregator alone differs.
    const mixed = [...both(a).slice(0, -1), { vdaf: b, id: a.shares - 1 }];
    if (b.shares === a.shares) expect(outputsOf(a, measurement, mixed)).toBe(0);
  });

  it("but a range of as many bits: the report is counted as a number in the aggregators' range", () => {
    // Both have 3 bits, and the proof is that they are bits. The aggregators' weights say what they stand for.
    const [client, server] = [new prio3.Prio3Sum({ maxMeasurement: 7 }), new prio3.Prio3Sum({ maxMeasurement: 5 })];
    expect(outputsOf(client as never, 7, both(server as never))).toBe(2);
  });
});

describe.each<[string, prio3.Vdaf<never, unknown>, unknown]>([
  ["without joint randomness", new prio3.Prio3Count({ shares: 3 }) as never, true],
  ["with joint randomness", new prio3.Prio3Histogram({ length: 3, shares: 3 }) as never, 1],
])("%s", (_name, vdaf, measurement) => {
  const change = (at: number, by: Partial<Aggregator>) =>
    both(vdaf).map((own, i) => (i === at ? { ...own, ...by } : own));

  it.each([0, 1, 2])("aggregator %i with another context, key, nonce or identifier", (at) => {
    expect(outputsOf(vdaf, measurement, both(vdaf))).toBe(3);
    expect(outputsOf(vdaf, measurement, change(at, { ctx: other(ctx) }))).toBe(0);
    expect(outputsOf(vdaf, measurement, change(at, { key: other(key) }))).toBe(0);
    expect(outputsOf(vdaf, measurement, change(at, { nonce: other(nonce) }))).toBe(0);
    expect(outputsOf(vdaf, measurement, change(at, { id: (at + 1) % 3 }))).toBe(0);
  });

  it("helpers that exchanged their identifiers", () => {
    const exchanged = both(vdaf).map((own, i) => ({ ...own, id: [0, 2, 1][i] as number }));
    expect(outputsOf(vdaf, measurement, exchanged)).toBe(0);
  });

  it("all with another context", () => {
    expect(outputsOf(vdaf, measurement, both(vdaf, { ctx: other(ctx) }))).toBe(0);
  });

  it("fewer or more verifier shares than aggregators", () => {
    const { publicShare, inputShares } = vdaf.shard(ctx, measurement as never, nonce);
    const shares = inputShares.map((x, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, x).verifierShare);
    expect(vdaf.verifierSharesToMessage(ctx, shares)).not.toBeNull();
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, shares.slice(1)))).toBe("wrong-length");
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, [...shares, shares[0] as Uint8Array]))).toBe("wrong-length");
  });

  it("a state is of one instance, and what it wrote can be read by an equal one", () => {
    const equal = (vdaf.algorithmId === 1
      ? new prio3.Prio3Count({ shares: 3 })
      : new prio3.Prio3Histogram({ length: 3, shares: 3 })) as unknown as typeof vdaf;
    const { publicShare, inputShares } = vdaf.shard(ctx, measurement as never, nonce);
    const started = inputShares.map((x, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, x));
    const message = vdaf.verifierSharesToMessage(
      ctx,
      started.map(({ verifierShare }) => verifierShare),
    ) as Uint8Array;
    const { state } = started[0] as prio3.Verification;
    expect(codeOf(() => equal.verifyNext(ctx, state, message))).toBe("invalid-argument");
    expect(equal.verifyNext(ctx, equal.readState(state.toBytes()), message)).not.toBeNull();
    // Each reading is a state that was not used: whoever keeps the bytes sees to it that it is read once.
    expect(vdaf.verifyNext(ctx, vdaf.readState(state.toBytes()), message)).not.toBeNull();
    expect(vdaf.verifyNext(ctx, state, message)).not.toBeNull();
    expect(codeOf(() => vdaf.verifyNext(ctx, state, message))).toBe("wrong-state");
    // A message of another length leaves a state as it was, another message uses it up.
    const again = vdaf.readState(state.toBytes());
    expect(codeOf(() => vdaf.verifyNext(ctx, again, new Uint8Array(message.length + 1)))).toBe("malformed");
    if (message.length > 0) {
      expect(vdaf.verifyNext(ctx, again, other(message))).toBeNull();
      expect(codeOf(() => vdaf.verifyNext(ctx, again, message))).toBe("wrong-state");
    }
  });
});

it("elements that are not below the modulus are refused in every message that has them", () => {
  const tooLarge = (bytes: Uint8Array, start: number) => bytes.map((x, i) => (i >= start && i < start + 16 ? 0xff : x));
  const vdaf = new prio3.Prio3Histogram({ length: 2 });
  const { publicShare, inputShares } = vdaf.shard(ctx, 1, nonce);
  const [inputShare, helperShare] = inputShares as [Uint8Array, Uint8Array];
  const init = (share: Uint8Array) => vdaf.verifyInit(key, ctx, 0, nonce, publicShare, share);
  const { state, verifierShare } = init(inputShare);
  const helper = vdaf.verifyInit(key, ctx, 1, nonce, publicShare, helperShare).verifierShare;
  const total = vdaf.aggregateInit().toBytes();
  for (const at of [0, 16]) {
    expect(codeOf(() => init(tooLarge(inputShare, at)))).toBe("malformed");
    // In the proof, after the measurement.
    expect(codeOf(() => init(tooLarge(inputShare, 32 + at)))).toBe("malformed");
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, [tooLarge(verifierShare, at), helper]))).toBe("malformed");
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, [verifierShare, tooLarge(helper, at)]))).toBe("malformed");
    expect(codeOf(() => vdaf.readState(tooLarge(state.toBytes(), at)))).toBe("malformed");
    expect(codeOf(() => vdaf.unshard([total, tooLarge(total, at)], 0))).toBe("malformed");
  }
});

it("messages of other lengths, keys and nonces are refused", () => {
  const vdaf = new prio3.Prio3Histogram({ length: 2 });
  const { publicShare, inputShares } = vdaf.shard(ctx, 1, nonce);
  const shares = inputShares.map((x, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, x));
  const verifierShares = shares.map(({ verifierShare }) => verifierShare);
  const state = (shares[0] as prio3.Verification).state.toBytes();
  const total = vdaf.aggregateInit().toBytes();
  for (const change of [(x: Uint8Array) => x.slice(1), (x: Uint8Array) => Uint8Array.of(...x, 0)]) {
    for (const [id, share] of inputShares.entries()) {
      const init = (k: Uint8Array, n: Uint8Array, p: Uint8Array, s: Uint8Array) => () =>
        vdaf.verifyInit(k, ctx, id, n, p, s);
      expect(codeOf(init(change(key), nonce, publicShare, share))).toBe("wrong-length");
      expect(codeOf(init(key, change(nonce), publicShare, share))).toBe("wrong-length");
      expect(codeOf(init(key, nonce, change(publicShare), share))).toBe("malformed");
      expect(codeOf(init(key, nonce, publicShare, change(share)))).toBe("malformed");
    }
    expect(codeOf(() => vdaf.verifierSharesToMessage(ctx, verifierShares.map(change)))).toBe("malformed");
    expect(codeOf(() => vdaf.readState(change(state)))).toBe("malformed");
    expect(codeOf(() => vdaf.unshard([total, change(total)], 0))).toBe("malformed");
    expect(codeOf(() => vdaf.shard(ctx, 1, change(nonce)))).toBe("wrong-length");
  }
});

it("an aggregate share counts twice what is merged twice, and says so", () => {
  const vdaf = new prio3.Prio3Count();
  const [a, b] = [vdaf.aggregateInit(), vdaf.aggregateInit()];
  const { publicShare, inputShares } = vdaf.shard(ctx, true, nonce);
  const started = inputShares.map((x, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, x));
  const message = vdaf.verifierSharesToMessage(
    ctx,
    started.map(({ verifierShare }) => verifierShare),
  ) as Uint8Array;
  b.add(vdaf.verifyNext(ctx, (started[0] as prio3.Verification).state, message) as prio3.OutputShare);
  a.merge(b);
  a.merge(b);
  expect([a.count, b.count]).toEqual([2, 1]);
  // The other aggregator's share, which counts the report twice as well.
  const [c, d] = [vdaf.aggregateInit(), vdaf.aggregateInit()];
  d.add(vdaf.verifyNext(ctx, (started[1] as prio3.Verification).state, message) as prio3.OutputShare);
  c.merge(d);
  c.merge(d);
  expect(vdaf.unshard([b.toBytes(), d.toBytes()], 1)).toBe(1n);
  expect(vdaf.unshard([a.toBytes(), c.toBytes()], 2)).toBe(2n);
});
