// What must hold of any VDAF, for any measurement and number of aggregators: totals are plain sums; one change anywhere
// is refused; states are written and read between all steps; parsers throw PrioError or succeed.

import fc from "fast-check";
import { expect, it } from "vitest";
import { PrioError } from "../../src/errors.js";
import type { OutputShare, Vdaf, Verification } from "../../src/vdaf/vdaf.js";

export const ctx = Uint8Array.of(4, 5);
export const key = Uint8Array.from({ length: 32 }, (_, i) => i);

export interface VdafCase {
  readonly name: string;
  readonly of: (shares: number) => Vdaf<never, unknown>;
  /** How many aggregators there may be; 2, 3 and 5 unless given. */
  readonly shares?: readonly number[];
  readonly measurement: fc.Arbitrary<unknown>;
  /** The plain result of measurements. */
  readonly sum: (measurements: readonly never[]) => unknown;
}

/** What a test makes of the verifier shares of a round. */
type Change = (verifierShares: readonly Uint8Array[], round: number) => readonly Uint8Array[];

/** Verifies a report at all aggregators; null where one of them refuses it. */
export function verify(
  vdaf: Vdaf<never, unknown>,
  nonce: Uint8Array,
  publicShare: Uint8Array,
  inputShares: readonly Uint8Array[],
  change: Change = (shares) => shares,
): OutputShare[] | null {
  const verifyKey = key.slice(0, vdaf.verifyKeySize);
  try {
    let at = inputShares.map((share, id) => vdaf.verifyInit(verifyKey, ctx, id, nonce, publicShare, share));
    for (let round = 0; ; round++) {
      const shares = change(
        at.map(({ verifierShare }) => verifierShare),
        round,
      );
      const message = vdaf.verifierSharesToMessage(ctx, shares);
      if (message === null) return null;
      // Each state is written and read on the way.
      const next = at.map(({ state }) => vdaf.verifyNext(ctx, vdaf.readState(state.toBytes()), message));
      if (next.includes(null)) return null;
      expect(next.every((x) => x !== null && "kind" in x === (round + 1 === vdaf.rounds))).toBe(true);
      if (round + 1 === vdaf.rounds) return next as OutputShare[];
      at = next as Verification[];
    }
  } catch (error) {
    if (error instanceof PrioError && error.code === "malformed") return null;
    throw error;
  }
}

const nonces = fc.uint8Array({ minLength: 16, maxLength: 16 });

/** The bytes with one bit changed. */
function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  const at = (bit >> 3) % bytes.length;
  changed[at] = (changed[at] as number) ^ (1 << (bit & 7));
  return changed;
}

/** The tests of one instance, with each number of aggregators. */
export function itHoldsOf({ of, shares: counts = [2, 2, 3, 5], measurement, sum }: VdafCase): void {
  it("the result is the plain sum, for any number of aggregators", () => {
    fc.assert(
      fc.property(fc.constantFrom(...counts), fc.array(measurement, { maxLength: 4 }), nonces, (shares, all, nonce) => {
        const vdaf = of(shares);
        const totals = Array.from({ length: shares }, () => vdaf.aggregateInit());
        for (const m of all) {
          const { publicShare, inputShares } = vdaf.shard(ctx, m as never, nonce);
          const outputs = verify(vdaf, nonce, publicShare, inputShares);
          outputs?.forEach((output, id) => {
            totals[id]?.add(output);
          });
        }
        expect(totals.map(({ count }) => count)).toEqual(totals.map(() => all.length));
        const bytes = totals.map((total) => total.toBytes());
        expect(vdaf.unshard(bytes, all.length)).toEqual(sum(all as never[]));
        // Written and read again, merged into others and added to, they are the same.
        const read = totals.map((total) => {
          const other = vdaf.aggregateInit();
          other.merge(vdaf.readAggregateShare(total.toBytes(), total.count));
          return other;
        });
        expect(read.map(({ count }) => count)).toEqual(totals.map(() => all.length));
        expect(read.map((total) => total.toBytes())).toEqual(bytes);
      }),
      { numRuns: 20 },
    );
  });

  it("one change to a share, the public share, the nonce or a verifier share is refused", () => {
    const vdaf = of(2);
    fc.assert(
      fc.property(measurement, nonces, fc.nat(4), fc.nat(2 ** 20), fc.nat(1), (m, nonce, what, bit, whose) => {
        const { publicShare, inputShares } = vdaf.shard(ctx, m as never, nonce);
        // The nonce binds the joint randomness: without it, the aggregators alone must agree on the nonce.
        const hasJointRand = publicShare.length > 0;
        if ((what === 2 || what === 3) && !hasJointRand) return;
        const changed = (list: readonly Uint8Array[], at: number) =>
          list.map((bytes, id) => (id === at ? flipped(bytes, bit) : bytes));
        const at = bit % vdaf.rounds;
        const outputs = [
          () => verify(vdaf, nonce, publicShare, changed(inputShares, 0)),
          () => verify(vdaf, nonce, publicShare, changed(inputShares, 1)),
          () => verify(vdaf, nonce, flipped(publicShare, bit), inputShares),
          () => verify(vdaf, flipped(nonce, bit), publicShare, inputShares),
          () =>
            verify(vdaf, nonce, publicShare, inputShares, (list, round) =>
              round === at ? changed(list, whose) : list,
            ),
        ][what]?.();
        expect(outputs).toBeNull();
      }),
      { numRuns: 60 },
    );
  });

  it("parsers of arbitrary bytes throw PrioError or succeed, and what is written is read again", () => {
    const vdaf = of(2);
    const nonce = new Uint8Array(16);
    const verifyKey = key.slice(0, vdaf.verifyKeySize);
    const { publicShare, inputShares } = vdaf.shard(ctx, fc.sample(measurement, 1)[0] as never, nonce);
    const started = inputShares.map((share, id) => vdaf.verifyInit(verifyKey, ctx, id, nonce, publicShare, share));
    const states = started.map(({ state }) => state.toBytes());
    for (const bytes of states) expect(vdaf.readState(bytes).toBytes()).toEqual(bytes);
    const fine = [new Uint8Array(32), new Uint8Array(64), publicShare, ...inputShares, ...states];
    for (const { verifierShare } of started) fine.push(verifierShare);
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.constantFrom(...fine).chain(({ length }) => fc.uint8Array({ minLength: length, maxLength: length })),
      fc.tuple(fc.constantFrom(...fine.filter(({ length }) => length > 0)), fc.nat(2 ** 20)).map((x) => flipped(...x)),
    );
    fc.assert(
      fc.property(anyBytes, anyBytes, fc.constantFrom(...states), (x, y, state) => {
        for (const parse of [
          () => vdaf.verifyInit(verifyKey, ctx, 0, nonce, x, y),
          () => vdaf.verifyInit(verifyKey, ctx, 1, nonce, publicShare, x),
          () => vdaf.verifierSharesToMessage(ctx, [x, y]),
          () => vdaf.verifyNext(ctx, vdaf.readState(state), x),
          () => vdaf.readState(x).toBytes(),
          () => vdaf.readAggregateShare(x, 1).toBytes(),
          () => vdaf.unshard([x, y], 1),
        ]) {
          try {
            parse();
          } catch (error) {
            expect((error as Error).name).toBe("PrioError");
          }
        }
      }),
      { numRuns: 100 },
    );
  });
}
