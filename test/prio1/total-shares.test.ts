// Total shares of parts add up to the bytes of the whole, and what does not belong together is refused.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_87 } from "../../src/core/fields.js";
import { Config, generateKeyPair, mergeTotalShares, publish } from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { writeTotalShare } from "../../src/prio1/wire.js";
import { bytes, recordedBatches } from "../support/recorded.js";

const keys = { serverA: generateKeyPair().publicKey, serverB: generateKeyPair().publicKey };
const configFor = (fields: number) => new Config({ fields, batchId: "b", ...keys });
const shareOf = (id: "A" | "B", totals: readonly bigint[]) => {
  const config = configFor(totals.length);
  const vector = snipOf(config).space.zeros(totals.length);
  vector.accumulate(snipOf(config).space.fromBigInts(totals));
  return writeTotalShare(config, id, vector);
};
const element = fc.oneof(fc.bigInt(0n, FIELD_87.modulus - 1n), fc.constantFrom(0n, 1n, FIELD_87.modulus - 1n));

it("adds element by element, whatever the order and the grouping are", () => {
  const parts = fc.integer({ min: 1, max: 6 }).chain((fields) =>
    fc.record({
      id: fc.constantFrom("A" as const, "B" as const),
      parts: fc.array(fc.array(element, { minLength: fields, maxLength: fields }), { minLength: 1, maxLength: 5 }),
      cut: fc.nat(4),
    }),
  );
  fc.assert(
    fc.property(parts, ({ id, parts: lists, cut }) => {
      const shares = lists.map((totals) => shareOf(id, totals));
      const sums = (lists[0] as bigint[]).map((_, k) =>
        lists.reduce((sum, totals) => (sum + (totals[k] as bigint)) % FIELD_87.modulus, 0n),
      );
      const whole = shareOf(id, sums);
      expect(mergeTotalShares(shares)).toEqual(whole);
      expect(mergeTotalShares([...shares].reverse())).toEqual(whole);
      const [left, right] = [shares.slice(0, cut), shares.slice(cut)].map((x) =>
        x.length > 0 ? [mergeTotalShares(x)] : [],
      );
      expect(mergeTotalShares([...(left ?? []), ...(right ?? [])])).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});

describe.each(recordedBatches)("libprio's total shares of $name", ({ totalShareA, totalShareB }) => {
  it("alone come out as they were, and twice as the doubled totals", () => {
    for (const share of [totalShareA, totalShareB].map(bytes)) expect(mergeTotalShares([share])).toEqual(share);
  });
});

it("publishes as the list of parts does", () => {
  const config = configFor(2);
  const [a, b] = [
    [3n, 4n],
    [5n, 6n],
  ].map((totals) => shareOf("A", totals)) as [Uint8Array, Uint8Array];
  const other = shareOf("B", [1n, 0n]);
  expect(publish(config, mergeTotalShares([a, b]), other)).toEqual(publish(config, [a, b], other));
});

it.each<[string, () => readonly Uint8Array[], string, string]>([
  ["no share", () => [], "invalid-argument", "total shares: expected one, got an empty list"],
  [
    "the other server's",
    () => [shareOf("A", [1n]), shareOf("B", [1n])],
    "wrong-server",
    "total share A: expected server id 0, got 1",
  ],
  [
    "another number of totals",
    () => [shareOf("A", [1n]), shareOf("A", [1n, 2n])],
    "malformed",
    "expected 1 elements in the totals, got 2",
  ],
  [
    "other bytes",
    () => [Uint8Array.of(1, 2, 3)],
    "malformed",
    "total share: expected a server id and a list of totals",
  ],
  ["a part that is cut", () => [shareOf("A", [1n]), shareOf("A", [1n]).slice(0, -1)], "malformed", "total share A"],
  ["no total", () => [Uint8Array.of(0, 0x90)], "out-of-range", "total share: totals: expected an integer from 1"],
  ["text", () => ["x" as unknown as Uint8Array], "invalid-argument", "total share: expected a Uint8Array"],
])("refuses %s", (_, shares, code, message) => {
  expect(() => mergeTotalShares(shares())).toThrowError(
    expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
  );
});
