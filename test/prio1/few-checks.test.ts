// What two or three checks of one packet give away (SECURITY.md, "Never check a packet at two points").
//
// One linear equation over an 87-bit field already determines some 80 unknown bits. A curious server has one after three
// checks. A server that deviates has one after two: with its e moved by 1, the sum of the second messages is f(r_1) itself,
// so it knows a = f(r_1) − d_1, and the second check's d_2 + a is f(r_2), which only f0 still hides.

import { describe, expect, it } from "vitest";
import { lagrangeCoefficients } from "../../src/core/evaluate.js";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { Client } from "../../src/index.js";
import { queryPointSource } from "../../src/prio1/query-points.js";
import { readVerify1, readVerify2, writeVerify1 } from "../../src/prio1/wire.js";
import { configFor, secret, serverA, serverB } from "../support/deployment.js";

const fields = 12;
const config = configFor({ fields });
const bits = [1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0];
const forgetful = { add: () => true };

/** f(r) = Σ row[i]·(f0, x_1, …, x_n)[i] at the first `count` stream points. */
function rowsAt(count: number): bigint[][] {
  const next = queryPointSource("stream", config, secret);
  return Array.from({ length: count }, () =>
    lagrangeCoefficients(config.snip.ntt, config.snip.size, next(undefined).point.r)
      .slice(0, fields + 1)
      .toBigInts(),
  );
}

/** All bit vectors x with Σ row[i]·x_i = value. */
function solutions(row: bigint[], value: bigint): number[][] {
  const found: number[][] = [];
  for (let m = 0; m < 2 ** fields; m++) {
    const x = Array.from({ length: fields }, (_, i) => (m >> i) & 1);
    if (field.reduce(x.reduce((s, b, i) => s + BigInt(b) * (row[i] as bigint), 0n)) === value) found.push(x);
  }
  return found;
}

/** The combination Σ weights[k]·rows[k], without its f0 column. */
const combined = (rows: bigint[][], weights: bigint[]) =>
  Array.from({ length: fields }, (_, i) =>
    field.reduce(rows.reduce((s, row, k) => s + (row[i + 1] as bigint) * (weights[k] as bigint), 0n)),
  );

describe("a packet checked again", () => {
  it("twice gives all bits to a server that deviates in the first check", () => {
    const { a: packetA, b: packetB } = new Client(config).encode(bits);
    const a = serverA(config, { replays: forgetful });
    const b = serverB(config, { replays: forgetful });
    const d: bigint[] = [];
    let f1 = 0n;
    for (let k = 0; k < 2; k++) {
      const [mine, honest] = [a.open(packetA), b.open(packetB)];
      const [own, theirs] = [readVerify1(config, mine.verify1(), "A"), readVerify1(config, honest.verify1(), "B")];
      d.push(field.add(own.d, theirs.d));
      if (k > 0) break;
      const moved = writeVerify1(config, { d: own.d, e: field.add(own.e, 1n) });
      const outA = readVerify2(config, mine.verify2(moved, honest.verify1()), "A");
      f1 = field.add(outA, readVerify2(config, honest.verify2(moved, honest.verify1()), "B"));
    }
    const triple = field.sub(f1, d[0] as bigint);
    const f2 = field.add(d[1] as bigint, triple);
    const rows = rowsAt(2);
    // L_0(r_2)·f(r_1) − L_0(r_1)·f(r_2) has no f0.
    const weights = [rows[1]?.[0] as bigint, field.neg(rows[0]?.[0] as bigint)];
    const value = field.reduce(f1 * (weights[0] as bigint) + f2 * (weights[1] as bigint));
    expect(solutions(combined(rows, weights), value)).toEqual([bits]);
  });

  it("three times gives all bits to a server that only looks", () => {
    const { a: packetA, b: packetB } = new Client(config).encode(bits);
    const a = serverA(config, { replays: forgetful });
    const b = serverB(config, { replays: forgetful });
    const d = [0, 1, 2].map(() => {
      const [own, theirs] = [a.open(packetA).verify1(), b.open(packetB).verify1()];
      return field.add(readVerify1(config, own, "A").d, readVerify1(config, theirs, "B").d);
    });
    const rows = rowsAt(3);
    const [p, q, s] = rows.map((row) => row[0] as bigint) as [bigint, bigint, bigint];
    // Weights that sum to 0 (no a) and are orthogonal to L_0 (no f0).
    const weights = [field.sub(q, s), field.sub(s, p), field.sub(p, q)];
    const value = field.reduce(d.reduce((sum, x, k) => sum + x * (weights[k] as bigint), 0n));
    expect(solutions(combined(rows, weights), value)).toEqual([bits]);
  });
});
