// The ping-pong topology: two aggregators that take turns reach the same outputs as the bare steps, over states that
// were written and read in between; whatever the network makes of a message, nothing is counted that should not be.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PrioError } from "../../src/errors.js";
import { Prio1 } from "../../src/prio1/vdaf/index.js";
import { Prio3Count, Prio3Histogram } from "../../src/prio3/instances.js";
import {
  helperContinue,
  helperInitialize,
  leaderContinue,
  leaderInitialize,
  type PingPongState,
} from "../../src/vdaf/ping-pong.js";
import type { Vdaf, VerifyState } from "../../src/vdaf/vdaf.js";
import { codeOf } from "../support/deployment.js";

const ctx = Uint8Array.of(1, 2, 3);
const verifyKey = new Uint8Array(32).fill(7);
const nonce = new Uint8Array(16).fill(9);

/** A report of a measurement, for both aggregators. */
function reportOf<M>(vdaf: Vdaf<M, unknown>, measurement: M) {
  const { publicShare, inputShares } = vdaf.shard(ctx, measurement, nonce);
  const [leader, helper] = inputShares.map((inputShare) => ({ ctx, nonce, publicShare, inputShare }));
  if (leader === undefined || helper === undefined) throw new Error("expected two shares");
  return { leader, helper };
}

const messageOf = (state: PingPongState): Uint8Array => {
  if (!("message" in state) || state.message === undefined) throw new Error(`expected a message of ${state.status}`);
  return state.message;
};

type Reports = ReturnType<typeof reportOf>;

/**
 * All turns, until both have finished or one has rejected; `change` is what the network makes of each message. Each
 * state is what an aggregator reads in another process, if `keep` writes it.
 */
function turns(
  vdaf: Vdaf<never, unknown>,
  report: Reports,
  change: (message: Uint8Array, turn: number) => Uint8Array = (message) => message,
  keep: (state: VerifyState) => VerifyState = (state) => state,
): PingPongState[] {
  const verifyKey_ = verifyKey.slice(0, vdaf.verifyKeySize);
  const done: PingPongState[] = [leaderInitialize(vdaf, verifyKey_, report.leader)];
  for (let turn = 1; turn < 10; turn++) {
    const [before, own] = [done[turn - 1] as PingPongState, done[turn - 2]];
    if (before.status === "rejected" || !("message" in before) || before.message === undefined) break;
    const inbound = change(before.message, turn);
    if (own === undefined) {
      done.push(helperInitialize(vdaf, verifyKey_, report.helper, inbound));
    } else {
      if (own.status !== "continued") break;
      const kept = { state: keep(own.state), round: own.round };
      done.push((turn % 2 === 0 ? leaderContinue : helperContinue)(vdaf, ctx, kept, inbound));
    }
  }
  return done;
}

describe.each<[string, Vdaf<never, unknown>, unknown, string]>([
  ["Prio3Count", new Prio3Count() as never, true, "1"],
  ["Prio3Histogram", new Prio3Histogram({ length: 5 }) as never, 3, "0,0,0,1,0"],
  ["Prio1", new Prio1({ fields: 4 }) as never, [true, false, 1, 0], "1,0,1,0"],
  ["Prio1 of integers", new Prio1({ count: 2, precision: 9 }) as never, [511, 2], "511,2"],
])("%s", (_name, vdaf, measurement, expected) => {
  const key = verifyKey.slice(0, vdaf.verifyKeySize);

  it("takes as many messages as it has rounds, and one more", () => {
    // Between its turns, each aggregator stops and goes on in another process.
    const keep = (state: VerifyState) => vdaf.readState(state.toBytes());
    const done = turns(vdaf, reportOf(vdaf, measurement as never), undefined, keep);
    expect(done.map(({ status }) => status)).toEqual([
      ...new Array(vdaf.rounds).fill("continued"),
      ...["finished", "finished"],
    ]);
    expect("message" in (done.at(-1) as PingPongState)).toBe(false);
    // The leader's turns are the first, the third and so on.
    const finished = done.slice(-2).map((state) => {
      if (state.status !== "finished") throw new Error(state.status);
      const total = vdaf.aggregateInit();
      total.add(state.output);
      return total.toBytes();
    });
    if (done.length % 2 === 1) finished.reverse();
    expect(String(vdaf.unshard(finished, 1))).toBe(expected);
  });

  it("a changed message, or another, finishes nothing from there on", () => {
    const report = reportOf(vdaf, measurement as never);
    const statesFrom = (at: number, change: (message: Uint8Array) => Uint8Array) =>
      turns(vdaf, report, (message, turn) => (turn === at ? change(message) : message)).slice(at);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: vdaf.rounds + 1 }),
        fc.nat(2 ** 16),
        fc.integer({ min: 1, max: 255 }),
        (turn, at, by) => {
          const states = statesFrom(turn, (message) => message.map((x, i) => (i === at % message.length ? x ^ by : x)));
          expect(states.at(-1)?.status).toBe("rejected");
          expect(states.map(({ status }) => status)).not.toContain("finished");
        },
      ),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: vdaf.rounds + 1 }), fc.uint8Array({ maxLength: 80 }), (turn, bytes) => {
        expect(statesFrom(turn, () => bytes).at(-1)?.status).toBe("rejected");
      }),
      { numRuns: 300 },
    );
  });

  it("a message out of turn is rejected, and so is the first one for a server that waits for the last", () => {
    const report = reportOf(vdaf, measurement as never);
    const first = leaderInitialize(vdaf, key, report.leader);
    if (first.status !== "continued") throw new Error(first.status);
    for (const proceed of [leaderContinue, helperContinue]) {
      expect(proceed(vdaf, ctx, first, first.message).status).toBe("rejected");
    }
    const later = messageOf(helperInitialize(vdaf, key, report.helper, first.message));
    expect(helperInitialize(vdaf, key, report.helper, later).status).toBe("rejected");
  });

  it("shares of two reports do not belong together", () => {
    const [one, other] = [reportOf(vdaf, measurement as never), reportOf(vdaf, measurement as never)];
    const done = turns(vdaf, { leader: one.leader, helper: other.helper });
    expect(done.at(-1)?.status).toBe("rejected");
    expect(done.map(({ status }) => status)).not.toContain("finished");
  });
});

it("says what is wrong with bytes, and nothing of a proof that does not hold", () => {
  const vdaf = new Prio3Histogram({ length: 5 });
  const { leader, helper } = reportOf(vdaf, 3);
  const first = leaderInitialize(vdaf, verifyKey, leader);
  if (first.status !== "continued") throw new Error(first.status);
  const last = messageOf(helperInitialize(vdaf, verifyKey, helper, first.message));
  const whyOf = (state: PingPongState) => {
    if (state.status !== "rejected") throw new Error(state.status);
    return state.error?.message;
  };
  const sizes = [leader, helper].map(({ inputShare }) => `${inputShare.length}`) as [string, string];
  expect(whyOf(leaderInitialize(vdaf, verifyKey, helper))).toBe(
    `input share: expected ${sizes[0]} bytes, got ${sizes[1]}`,
  );
  expect(whyOf(helperInitialize(vdaf, verifyKey, leader, first.message))).toBe(
    `input share: expected ${sizes[1]} bytes, got ${sizes[0]}`,
  );
  expect(whyOf(helperInitialize(vdaf, verifyKey, helper, last))).toBe(
    "ping-pong message: expected the leader's first, got the last",
  );
  expect(whyOf(leaderContinue(vdaf, ctx, first, first.message))).toBe(
    "ping-pong message: expected the last, got the leader's first",
  );
  expect(whyOf(helperInitialize(vdaf, verifyKey, helper, new Uint8Array(3)))).toContain("ping-pong message: expected");
  expect(
    whyOf(
      helperInitialize(
        vdaf,
        verifyKey.map((x) => x + 1),
        helper,
        first.message,
      ),
    ),
  ).toBeUndefined();
});

it("is for two aggregators, and tells the caller's mistakes from a report's", () => {
  const three = new Prio3Count({ shares: 3 }) as never;
  const report = reportOf(new Prio3Count(), true).leader;
  expect(codeOf(() => leaderInitialize(three, verifyKey, report))).toBe("out-of-range");
  const two = new Prio3Count() as never;
  expect(codeOf(() => leaderInitialize(two, verifyKey.slice(1), report))).toBe("wrong-length");
  expect(leaderInitialize(two, verifyKey, { ...report, inputShare: report.inputShare.slice(1) }).status).toBe(
    "rejected",
  );
  expect(() => leaderInitialize(two, verifyKey, { ...report, nonce: 3 as never })).toThrow(PrioError);
});

it("is for two in every turn, and for the rounds that the VDAF has", () => {
  const [two, three] = [new Prio3Count() as never, new Prio3Count({ shares: 3 }) as never];
  const report = reportOf(new Prio3Count(), true);
  const first = leaderInitialize(two, verifyKey, report.leader);
  if (first.status !== "continued") throw new Error(first.status);
  const last = messageOf(helperInitialize(two, verifyKey, report.helper, first.message));
  expect(codeOf(() => helperInitialize(three, verifyKey, report.helper, first.message))).toBe("out-of-range");
  for (const proceed of [leaderContinue, helperContinue]) {
    expect(codeOf(() => proceed(three, ctx, first, last))).toBe("out-of-range");
    for (const round of [-1, 1, 0.5, Number.NaN, "0" as never]) {
      expect(codeOf(() => proceed(two, ctx, { state: first.state, round }, last))).toBe("out-of-range");
    }
  }
  expect(leaderContinue(two, ctx, first, last).status).toBe("finished");
  expect(codeOf(() => leaderContinue(two, ctx, first, last))).toBe("wrong-state");
});

it("what is no VDAF is refused before anything is called", () => {
  const report = reportOf(new Prio3Count(), true);
  const first = leaderInitialize(new Prio3Count(), verifyKey, report.leader);
  const vdaf = toy(1);
  for (const none of [{ shares: 2 }, { ...vdaf, shares: Symbol("2") }, { ...vdaf, verifyNext: 1 }] as never[]) {
    expect(codeOf(() => leaderInitialize(none, verifyKey, report.leader))).toBe("invalid-argument");
    expect(codeOf(() => helperInitialize(none, verifyKey, report.helper, messageOf(first)))).toBe("invalid-argument");
    expect(codeOf(() => leaderContinue(none, ctx, first as never, messageOf(first)))).toBe("invalid-argument");
    expect(codeOf(() => helperContinue(none, ctx, first as never, messageOf(first)))).toBe("invalid-argument");
  }
});

/** A VDAF of many rounds whose messages say which round and which aggregators they are of, and nothing else. */
function toy(rounds: number): Vdaf<never, unknown> {
  interface ToyState extends VerifyState {
    readonly id: number;
    readonly round: number;
  }
  const step = (id: number, round: number) => {
    const state: ToyState = { id, round, toBytes: () => Uint8Array.of(id, round) };
    return { state, verifierShare: Uint8Array.of(round, id) };
  };
  const unused = () => {
    throw new Error("not used");
  };
  return {
    ...{ algorithmId: 0, shares: 2, rounds, verifyKeySize: 0, nonceSize: 0 },
    ...{ shard: unused, readState: unused, aggregateInit: unused, readAggregateShare: unused, unshard: unused },
    verifyInit: (_key, _ctx, id) => step(id, 0),
    verifierSharesToMessage: (_ctx, [a, b]) =>
      a?.length === 2 && b?.length === 2 && a[0] === b[0] && a[1] === 0 && b[1] === 1
        ? Uint8Array.of(a[0] as number, 99)
        : null,
    verifyNext: (_ctx, state, message) => {
      const { id, round } = state as ToyState;
      if (message.length !== 2 || message[0] !== round || message[1] !== 99) return null;
      return round + 1 < rounds ? step(id, round + 1) : { kind: "output share" };
    },
  };
}

describe.each([1, 2, 3, 4])("%i rounds", (rounds) => {
  const vdaf = toy(rounds);
  const own = { ctx, nonce, publicShare: new Uint8Array(0), inputShare: new Uint8Array(0) };
  const report = { leader: own, helper: own };

  it("take as many messages as the draft says", () => {
    const done = turns(vdaf, report);
    expect(done.map(({ status }) => status)).toEqual([
      ...new Array(rounds).fill("continued"),
      ...["finished", "finished"],
    ]);
    const messages = done.slice(0, -1).map(messageOf);
    // The kind: initialize, then continue, then finish.
    expect(messages.map(([kind]) => kind)).toEqual([0, ...new Array(rounds - 1).fill(1), 2]);
    expect(messages.slice(0, -1).map((message) => message.at(-2))).toEqual(Array.from({ length: rounds }, (_, i) => i));
    expect(messages[0]).toEqual(Uint8Array.of(0, 0, 0, 0, 2, 0, 0));
    if (rounds > 1) expect(messages[1]).toEqual(Uint8Array.of(1, 0, 0, 0, 2, 0, 99, 0, 0, 0, 2, 1, 1));
    expect(messages.at(-1)).toEqual(Uint8Array.of(2, 0, 0, 0, 2, rounds - 1, 99));
  });

  it("a message of another kind, or with one part more or less, is rejected in each turn", () => {
    const part = [0, 0, 0, 2, 0, 0];
    for (let at = 1; at <= rounds + 1; at++) {
      const changes = [
        (message: Uint8Array) => message.map((x, i) => (i === 0 ? (x + 1) % 3 : x)),
        (message: Uint8Array) => message.map((x, i) => (i === 0 ? (x + 2) % 3 : x)),
        (message: Uint8Array) => Uint8Array.of((message[0] as number) + 3, ...message.slice(1)),
        (message: Uint8Array) => Uint8Array.of(...message, ...part),
        (message: Uint8Array) => Uint8Array.of(1, ...message.slice(1, 7), ...part),
        (message: Uint8Array) => message.slice(0, message.length - 1),
        (message: Uint8Array) => message.slice(0, message.length - 6),
        (message: Uint8Array) => Uint8Array.of(...message, 0),
      ];
      for (const [i, change] of changes.entries()) {
        const done = turns(vdaf, report, (message, turn) => (turn === at ? change(message) : message));
        // A `continue` that got another second part is one of its kind, and the shares in it do not fit.
        expect([at, i, done.at(-1)?.status]).toEqual([at, i, "rejected"]);
      }
    }
  });
});

it("a message of very many empty parts is malformed, and read no further", () => {
  const vdaf = new Prio3Count();
  const report = reportOf(vdaf, true);
  const many = new Uint8Array(1 + 4 * 2 ** 22);
  const { slice } = Uint8Array.prototype;
  let slices = 0;
  Uint8Array.prototype.slice = function (...range) {
    slices++;
    return slice.apply(this, range);
  };
  try {
    expect(helperInitialize(vdaf as never, verifyKey, report.helper, many).status).toBe("rejected");
  } finally {
    Uint8Array.prototype.slice = slice;
  }
  expect(slices).toBeLessThan(1000);
});
