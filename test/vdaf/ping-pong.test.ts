// The ping-pong topology: two aggregators that take turns reach the same outputs as the bare steps, over states that
// were written and read in between; whatever the network makes of a message, nothing is counted that should not be.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PrioError } from "../../src/errors.js";
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

describe.each<[string, Vdaf<never, unknown>, unknown, string]>([
  ["Prio3Count", new Prio3Count() as never, true, "1"],
  ["Prio3Histogram", new Prio3Histogram({ length: 5 }) as never, 3, "0,0,0,1,0"],
])("%s", (_name, vdaf, measurement, expected) => {
  it("takes one round trip", () => {
    const report = reportOf(vdaf, measurement as never);
    const first = leaderInitialize(vdaf, verifyKey, report.leader);
    if (first.status !== "continued") throw new Error(first.status);
    const helper = helperInitialize(vdaf, verifyKey, report.helper, first.message);
    if (helper.status !== "finished") throw new Error(helper.status);
    // The leader stops and goes on in another process.
    const state = vdaf.readState(first.state.toBytes());
    const leader = leaderContinue(vdaf, ctx, { state, round: first.round }, messageOf(helper));
    if (leader.status !== "finished") throw new Error(leader.status);
    expect(leader.message).toBeUndefined();

    const totals = [leader, helper].map(({ output }) => {
      const total = vdaf.aggregateInit();
      total.add(output);
      return total.toBytes();
    });
    expect(String(vdaf.unshard(totals, 1))).toBe(expected);
  });

  it("a changed message, or another, finishes nothing at the helper", () => {
    const report = reportOf(vdaf, measurement as never);
    const message = messageOf(leaderInitialize(vdaf, verifyKey, report.leader));
    fc.assert(
      fc.property(fc.nat(message.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = message.slice();
        changed[at] = (changed[at] as number) ^ by;
        expect(helperInitialize(vdaf, verifyKey, report.helper, changed).status).toBe("rejected");
      }),
      { numRuns: 200 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(helperInitialize(vdaf, verifyKey, report.helper, bytes).status).toBe("rejected");
      }),
      { numRuns: 300 },
    );
  });

  it("a message out of turn is rejected, and so is the first one for a server that waits for the last", () => {
    const report = reportOf(vdaf, measurement as never);
    const first = leaderInitialize(vdaf, verifyKey, report.leader);
    if (first.status !== "continued") throw new Error(first.status);
    for (const proceed of [leaderContinue, helperContinue]) {
      expect(proceed(vdaf, ctx, first, first.message).status).toBe("rejected");
    }
    const last = messageOf(helperInitialize(vdaf, verifyKey, report.helper, first.message));
    expect(helperInitialize(vdaf, verifyKey, report.helper, last).status).toBe("rejected");
  });

  it("shares of two reports do not belong together", () => {
    const [one, other] = [reportOf(vdaf, measurement as never), reportOf(vdaf, measurement as never)];
    const first = messageOf(leaderInitialize(vdaf, verifyKey, one.leader));
    expect(helperInitialize(vdaf, verifyKey, other.helper, first).status).toBe("rejected");
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
    ...{ shard: unused, readState: unused, aggregateInit: unused, unshard: unused },
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
  const report = { ctx, nonce, publicShare: new Uint8Array(0), inputShare: new Uint8Array(0) };

  /** All turns, until both have finished; `change` is what the network makes of each message. */
  function turns(change: (message: Uint8Array, turn: number) => Uint8Array = (message) => message): PingPongState[] {
    const done: PingPongState[] = [leaderInitialize(vdaf, verifyKey, report)];
    for (let turn = 1; turn < 10; turn++) {
      const [before, own] = [done[turn - 1] as PingPongState, done[turn - 2]];
      if (before.status === "rejected" || !("message" in before) || before.message === undefined) break;
      const inbound = change(before.message, turn);
      if (own === undefined) done.push(helperInitialize(vdaf, verifyKey, report, inbound));
      else if (own.status !== "continued") break;
      else done.push((turn % 2 === 0 ? leaderContinue : helperContinue)(vdaf, ctx, own, inbound));
    }
    return done;
  }

  it("take as many messages as the draft says", () => {
    const done = turns();
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
        const done = turns((message, turn) => (turn === at ? change(message) : message));
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
