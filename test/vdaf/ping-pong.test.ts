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
import type { Vdaf } from "../../src/vdaf/vdaf.js";
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
