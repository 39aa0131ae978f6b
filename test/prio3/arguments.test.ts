// Every public function of prio/prio3, given every odd argument: it does its work, or it throws a PrioError. No error
// shows a measurement, a seed or a share. The limits that keep one report's memory bounded, and the draft's.

import { describe, expect, it } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import * as prio3 from "../../src/prio3/index.js";
import { codeOf, errorOf } from "../support/deployment.js";
import { oddValues, refusals } from "../support/odd-values.js";

const ctx = Uint8Array.of(1, 2);
const key = new Uint8Array(32).fill(3);
const nonce = new Uint8Array(16).fill(4);

const vdaf = new prio3.Prio3Histogram({ length: 3 });
const { publicShare, inputShares } = vdaf.shard(ctx, 1, nonce);
const [inputShare, helperShare] = inputShares as [Uint8Array, Uint8Array];
const started = inputShares.map((share, id) => vdaf.verifyInit(key, ctx, id, nonce, publicShare, share));
const [ownShare, otherShare] = started.map(({ verifierShare }) => verifierShare) as [Uint8Array, Uint8Array];
const message = vdaf.verifierSharesToMessage(ctx, [ownShare, otherShare]) as Uint8Array;
const ownState = started[0]?.state as prio3.VerifyState;
/** A state that was not used. */
const state = () => vdaf.readState(ownState.toBytes());
const total = vdaf.aggregateInit();
const output = vdaf.verifyNext(ctx, state(), message) as prio3.OutputShare;

const report = { ctx, nonce, publicShare, inputShare };
const atHelper = { ...report, inputShare: helperShare };
const first = prio3.leaderInitialize(vdaf, key, report) as prio3.Continued;
const last = (prio3.helperInitialize(vdaf, key, atHelper, first.message) as prio3.Finished).message as Uint8Array;

const classes: Readonly<Record<string, { new (options: never): unknown; prototype: object }>> = {
  Prio3Count: prio3.Prio3Count,
  Prio3Sum: prio3.Prio3Sum,
  Prio3SumVec: prio3.Prio3SumVec,
  Prio3SumVecWithMultiproof: prio3.Prio3SumVecWithMultiproof,
  Prio3Histogram: prio3.Prio3Histogram,
  Prio3MultihotCountVec: prio3.Prio3MultihotCountVec,
  Prio3L1BoundSum: prio3.Prio3L1BoundSum,
};

const everyOption = { length: 3, maxMeasurement: 3, maxValue: 3, maxWeight: 2, proofs: 3 };
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  Prio3Count: ["shares"],
  Prio3Sum: ["shares", "maxMeasurement"],
  Prio3SumVec: ["shares", "length", "maxMeasurement", "chunkLength"],
  Prio3SumVecWithMultiproof: [...["shares", "length", "maxMeasurement", "chunkLength", "proofs", "algorithmId", "xof"]],
  Prio3Histogram: ["shares", "length", "chunkLength"],
  Prio3MultihotCountVec: ["shares", "length", "maxWeight", "chunkLength"],
  Prio3L1BoundSum: ["shares", "length", "maxValue", "chunkLength"],
};
const fitting = (name: string) =>
  Object.fromEntries(Object.entries(everyOption).filter(([option]) => optionsOf[name]?.includes(option)));

const oddArguments = () =>
  oddValues(
    [...Object.values(classes), ownState.constructor, total.constructor, output.constructor],
    [0, 16, 32, inputShare.length, publicShare.length],
    [
      ...Object.values(optionsOf).flat(),
      "verifyInit",
      "rounds",
      "ctx",
      "nonce",
      "inputShare",
      "state",
      "round",
      "kind",
    ],
  );

const measured = (instance: { shard(ctx: Uint8Array, m: never, nonce: Uint8Array): unknown }) => (x: never) =>
  instance.shard(ctx, x, nonce);
const { leaderInitialize, helperInitialize, leaderContinue, helperContinue } = prio3;
type Instance = typeof vdaf;

/** Every public function, each argument and each option in turn. */
const entries: Readonly<Record<string, (x: never) => unknown>> = {
  ...Object.fromEntries(
    Object.entries(classes).flatMap(([name, One]) => [
      [`new ${name}`, (x: never) => new One(x)],
      ...(optionsOf[name] ?? []).map((option) => [
        `new ${name}: ${option}`,
        (x: never) => new One({ ...fitting(name), [option]: x } as never),
      ]),
    ]),
  ),
  "new Prio3": (x) => new (prio3.Prio3 as unknown as new (x: never) => object)(x),
  "Count: measurement": measured(new prio3.Prio3Count()),
  "Sum: measurement": measured(new prio3.Prio3Sum({ maxMeasurement: 3 })),
  "SumVec: measurement": measured(new prio3.Prio3SumVec({ length: 2, maxMeasurement: 3 })),
  "SumVec: an element": (x) => new prio3.Prio3SumVec({ length: 2, maxMeasurement: 3 }).shard(ctx, [1, x], nonce),
  "Histogram: measurement": measured(vdaf),
  "MultihotCountVec: measurement": measured(new prio3.Prio3MultihotCountVec({ length: 2, maxWeight: 1 })),
  "L1BoundSum: measurement": measured(new prio3.Prio3L1BoundSum({ length: 2, maxValue: 4 })),
  "shard: ctx": (x) => vdaf.shard(x, 1, nonce),
  "shard: nonce": (x) => vdaf.shard(ctx, 1, x),
  "verifyInit: key": (x) => vdaf.verifyInit(x, ctx, 0, nonce, publicShare, inputShare),
  "verifyInit: ctx": (x) => vdaf.verifyInit(key, x, 0, nonce, publicShare, inputShare),
  "verifyInit: id": (x) => vdaf.verifyInit(key, ctx, x, nonce, publicShare, inputShare),
  "verifyInit: nonce": (x) => vdaf.verifyInit(key, ctx, 0, x, publicShare, inputShare),
  "verifyInit: public share": (x) => vdaf.verifyInit(key, ctx, 0, nonce, x, inputShare),
  "verifyInit: input share": (x) => vdaf.verifyInit(key, ctx, 0, nonce, publicShare, x),
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
  unshard: (x) => vdaf.unshard(x, 1),
  "unshard: one": (x) => vdaf.unshard([total.toBytes(), x], 1),
  "unshard: measurements": (x) => vdaf.unshard([total.toBytes(), total.toBytes()], x),
  optimalChunkLength: (x) => prio3.optimalChunkLength(x),
  "leaderInitialize: vdaf": (x) => leaderInitialize(x, key, report),
  "leaderInitialize: key": (x) => leaderInitialize(vdaf, x, report),
  leaderInitialize: (x) => leaderInitialize(vdaf, key, x),
  "helperInitialize: vdaf": (x) => helperInitialize(x, key, atHelper, first.message),
  "helperInitialize: key": (x) => helperInitialize(vdaf, x, atHelper, first.message),
  helperInitialize: (x) => helperInitialize(vdaf, key, x, first.message),
  "helperInitialize: message": (x) => helperInitialize(vdaf, key, atHelper, x),
  ...Object.fromEntries(
    Object.keys(report).flatMap((name) => [
      [`leaderInitialize: ${name}`, (x: never) => leaderInitialize(vdaf, key, { ...report, [name]: x })],
      [
        `helperInitialize: ${name}`,
        (x: never) => helperInitialize(vdaf, key, { ...atHelper, [name]: x }, first.message),
      ],
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({ leaderContinue, helperContinue }).flatMap(([name, proceed]) => [
      [`${name}: vdaf`, (x: never) => proceed(x, ctx, { state: state(), round: 0 }, last)],
      [`${name}: ctx`, (x: never) => proceed(vdaf, x, { state: state(), round: 0 }, last)],
      [`${name}`, (x: never) => proceed(vdaf, ctx, x, last)],
      [`${name}: state`, (x: never) => proceed(vdaf, ctx, { state: x, round: 0 }, last)],
      [`${name}: round`, (x: never) => proceed(vdaf, ctx, { state: state(), round: x }, last)],
      [`${name}: message`, (x: never) => proceed(vdaf, ctx, { state: state(), round: 0 }, x)],
    ]),
  ),
  // The methods and getters, on what is no object of their class.
  ...Object.fromEntries(
    [vdaf, ownState, total].flatMap((object) =>
      methodsOf(object).map(([name, method]) => [
        `${object.constructor.name}.prototype.${name}`,
        (x: never) => method.apply(x, [ctx, 1, nonce]),
      ]),
    ),
  ),
};

function methodsOf(object: object): [string, (...args: unknown[]) => unknown][] {
  const found: [string, (...args: unknown[]) => unknown][] = [];
  for (let at = Object.getPrototypeOf(object); at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const [name, { value, get }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name !== "constructor") found.push([name, (value ?? get) as () => unknown]);
    }
  }
  return found;
}

describe("odd arguments", () => {
  it.each(Object.entries(entries))("%s", (_name, call) => {
    const refused = refusals(call, oddArguments());
    expect(refused).toBeGreaterThan(0);
  });

  it("the arguments that belong there are taken", () => {
    expect(first.status).toBe("continued");
    expect(leaderContinue(vdaf, ctx, first, last).status).toBe("finished");
    for (const [name, One] of Object.entries(classes)) {
      expect((new One(fitting(name) as never) as Instance).shares).toBe(2);
    }
  });
});

describe("limits", () => {
  it.each([
    ["Histogram", vdaf, 1, 65_527],
    [
      "hmac-aes",
      new prio3.Prio3SumVecWithMultiproof({ ...fitting("Prio3SumVecWithMultiproof"), xof: "hmac-aes" } as never),
      [1, 2, 3],
      247,
    ],
  ] as const)("a context fits the tag that it is a part of: %s", (_name, instance, measurement, max) => {
    const any = instance as prio3.Prio3<unknown, unknown>;
    const shards = any.shard(new Uint8Array(max), measurement, nonce);
    const tooLong = new Uint8Array(max + 1);
    const share = shards.inputShares[0] as Uint8Array;
    expect(() => any.verifyInit(key, new Uint8Array(max), 0, nonce, shards.publicShare, share)).not.toThrow();
    expect(codeOf(() => any.shard(tooLong, measurement, nonce))).toBe("out-of-range");
    expect(codeOf(() => any.verifyInit(key, tooLong, 0, nonce, shards.publicShare, share))).toBe("out-of-range");
    expect(codeOf(() => any.verifierSharesToMessage(tooLong, [share, share]))).toBe("out-of-range");
  });

  it("the smaller field needs three proofs, and no number of proofs makes a report without bounds", () => {
    const withProofs = (proofs: number, length = 3) =>
      new prio3.Prio3SumVecWithMultiproof({ length, maxMeasurement: 1, proofs });
    expect([2, 256].map((proofs) => codeOf(() => withProofs(proofs)))).toEqual(["out-of-range", "out-of-range"]);
    expect(withProofs(255).shares).toBe(2);
    const chunkLength = 1;
    const long = { length: 2 ** 20, maxMeasurement: 1, chunkLength };
    expect(new prio3.Prio3SumVec(long).length).toBe(2 ** 20);
    expect(codeOf(() => new prio3.Prio3SumVecWithMultiproof({ ...long, proofs: 255 }))).toBe("out-of-range");
  });

  it.each<[string, () => unknown]>([
    ["length", () => new prio3.Prio3Histogram({ length: 2 ** 22 })],
    ["length of several bits", () => new prio3.Prio3SumVec({ length: 2 ** 16, maxMeasurement: 2n ** 64n - 1n })],
    ["chunkLength", () => new prio3.Prio3Histogram({ length: 3, chunkLength: 0 })],
    ["chunkLength, long", () => new prio3.Prio3Histogram({ length: 3, chunkLength: 2 ** 22 + 1 })],
    ["weight", () => new prio3.Prio3MultihotCountVec({ length: 3, maxWeight: 4 })],
    ["largest sum", () => new prio3.Prio3Sum({ maxMeasurement: 2n ** 63n })],
    ["largest integer", () => new prio3.Prio3SumVec({ length: 1, maxMeasurement: 2n ** 64n })],
    [
      "largest integer, smaller field",
      () => new prio3.Prio3SumVecWithMultiproof({ length: 1, maxMeasurement: 2n ** 63n, proofs: 3 }),
    ],
    ["largest norm", () => new prio3.Prio3L1BoundSum({ length: 1, maxValue: 2n ** 64n })],
    [
      "private identifier, low",
      () => new prio3.Prio3SumVecWithMultiproof({ length: 1, maxMeasurement: 1, proofs: 3, algorithmId: 0xfffeffff }),
    ],
    [
      "private identifier, high",
      () => new prio3.Prio3SumVecWithMultiproof({ length: 1, maxMeasurement: 1, proofs: 3, algorithmId: 2 ** 32 }),
    ],
    ["fraction of an id", () => vdaf.verifyInit(key, ctx, 0.5, nonce, publicShare, inputShare)],
    ["negative measurement", () => new prio3.Prio3Sum({ maxMeasurement: 3 }).shard(ctx, -1, nonce)],
  ])("out of range: %s", (_name, make) => {
    expect(codeOf(make)).toBe("out-of-range");
  });

  it("the XOF and the identifier of a SumVecWithMultiproof have the documented defaults", () => {
    const options = { length: 3, maxMeasurement: 1, proofs: 3 };
    const bare = new prio3.Prio3SumVecWithMultiproof(options);
    const named = new prio3.Prio3SumVecWithMultiproof({ ...options, xof: "turboshake", algorithmId: 0xffffffff });
    const shards = bare.shard(ctx, [1, 0, 1], nonce);
    const share = shards.inputShares[1] as Uint8Array;
    const [a, b] = [bare, named].map(
      (one) => one.verifyInit(key, ctx, 1, nonce, shards.publicShare, share).verifierShare,
    );
    expect(a).toEqual(b);
  });

  it("a batch whose total may wrap around the modulus has no result", () => {
    const sum = new prio3.Prio3Sum({ maxMeasurement: 2n ** 62n });
    const share = (x: bigint) => Uint8Array.from({ length: 8 }, (_, i) => Number((x >> BigInt(8 * i)) & 0xffn));
    const shares = [share(5n), share(2n ** 62n)];
    expect(sum.unshard(shares, 3)).toBe(2n ** 62n + 5n);
    expect(codeOf(() => sum.unshard(shares, 4))).toBe("overflow");
    expect(codeOf(() => sum.unshard(shares, 2 ** 52))).toBe("overflow");
    // The largest total that so many measurements have, and one more.
    const small = new prio3.Prio3Sum({ maxMeasurement: 7 });
    expect(small.unshard([share(13n), share(1n)], 2)).toBe(14n);
    expect(codeOf(() => small.unshard([share(14n), share(1n)], 2))).toBe("overflow");
  });
});

it.each<[string, prio3.Vdaf<never, unknown>, number, number]>([
  ["Count", new prio3.Prio3Count(), 8, 1],
  ["Sum", new prio3.Prio3Sum({ maxMeasurement: 6 }), 8, 6],
  ["SumVec", new prio3.Prio3SumVec({ length: 2, maxMeasurement: 6 }), 16, 6],
  ["SumVecWithMultiproof", new prio3.Prio3SumVecWithMultiproof({ length: 2, maxMeasurement: 6, proofs: 3 }), 8, 6],
  ["Histogram", new prio3.Prio3Histogram({ length: 2 }), 16, 1],
  ["MultihotCountVec", new prio3.Prio3MultihotCountVec({ length: 2, maxWeight: 2 }), 16, 1],
  ["L1BoundSum", new prio3.Prio3L1BoundSum({ length: 2, maxValue: 6 }), 16, 6],
])("a total that so many measurements cannot have is refused: %s", (_name, instance, elementBytes, largest) => {
  const none = instance.aggregateInit().toBytes();
  /** A share whose last element is x. */
  const share = (x: number) => none.map((_, i) => (i === none.length - elementBytes ? x : 0));
  for (const measurements of [1, 3]) {
    expect(() => instance.unshard([share(1), share(largest * measurements - 1)], measurements)).not.toThrow();
    expect(codeOf(() => instance.unshard([share(1), share(largest * measurements)], measurements))).toBe("overflow");
  }
});

describe("what is secret", () => {
  it("is in no error about a measurement", () => {
    const secret = 1_234_567;
    const inVector = [secret, secret, secret];
    for (const refuse of [
      () => new prio3.Prio3Count().shard(ctx, secret, nonce),
      () => new prio3.Prio3Sum({ maxMeasurement: 3 }).shard(ctx, secret, nonce),
      () => new prio3.Prio3Histogram({ length: 3 }).shard(ctx, secret, nonce),
      () => new prio3.Prio3SumVec({ length: 3, maxMeasurement: 9 }).shard(ctx, inVector, nonce),
      () => new prio3.Prio3MultihotCountVec({ length: 3, maxWeight: 1 }).shard(ctx, inVector, nonce),
      () => new prio3.Prio3MultihotCountVec({ length: 3, maxWeight: 1 }).shard(ctx, [1, 1, 1], nonce),
      () => new prio3.Prio3L1BoundSum({ length: 3, maxValue: 3_000_000 }).shard(ctx, inVector, nonce),
      () => new prio3.Prio3Sum({ maxMeasurement: 3 }).shard(ctx, `${secret}` as never, nonce),
    ]) {
      const { message: text } = errorOf(refuse) as Error;
      expect(text).not.toMatch(/1_?234_?567|2_?469_?134|3_?703_?701|got 3|index 2/);
    }
  });

  it("is in no property and no JSON of a state, an output or an aggregate share", () => {
    for (const object of [vdaf, ownState, output, total]) {
      const seen = JSON.stringify(object) + JSON.stringify(Object.getOwnPropertyDescriptors(object));
      for (const secret of [inputShare, helperShare, total.toBytes()]) expect(seen).not.toContain(toHex(secret));
      expect(Object.getOwnPropertySymbols(object)).toEqual([]);
    }
    expect(Object.keys(ownState)).toEqual([]);
    expect(Object.keys(total)).toEqual([]);
    expect(Object.keys(output)).toEqual(["kind"]);
  });
});
