// What checks of one packet at several points give away (SECURITY.md, "Never check a packet at two points"), carried
// out against sessions whose record forgets, and that nothing of it works against real ones.
//
// A curious server knows the points r_1, r_2, … since it holds the secret. A check at r_k gives it d_k = f(r_k) − a.
// f(r_k) is linear in f0 and the n bits with known coefficients, so n + 2 checks are a linear system for f0, a and
// the bits. Far fewer do, because the unknowns are bits: one linear equation over an 87-bit field determines some 80
// of them, and three checks give one without f0 and a. A server that deviates needs two: with its e moved by 1, the
// sum of the second messages is f(r_1) itself, so it knows a = f(r_1) − d_1, and the second check's d_2 + a is
// f(r_2), which only f0 still hides.

import { describe, expect, it } from "vitest";
import { utf8 } from "../../src/core/bytes.js";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { lagrangeCoefficients } from "../../src/core/lagrange.js";
import { open as openSealed } from "../../src/crypto/ecies.js";
import { Client, MemoryReplayRecord, type Server, type Verifier } from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import { ReportPoints, StreamPoints } from "../../src/prio1/query-points.js";
import { readPacketA, readVerify1, readVerify2, writeVerify1 } from "../../src/prio1/wire.js";
import { codeOf, configFor, keysA, secret, serverA, serverB } from "../support/deployment.js";

const fields = 12;
const config = configFor({ fields });
const bits = [1, 0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0];
const packets = new Client(config).encode(bits);

/** A record that has forgotten everything: the rule taken away. */
const forgetful = { add: () => true };

/** Opens one packet as often as the session lets it and gives the points and what B answered, as server A sees them. */
function collect(a: Server, b: Server, times: number): { r: bigint; d: bigint }[] {
  const points = new StreamPoints(config, secret);
  const equations: { r: bigint; d: bigint }[] = [];
  for (let k = 0; k < times; k++) {
    const r = points.peek();
    points.advance();
    let answer: Verifier;
    try {
      answer = b.open(packets.b);
    } catch (error) {
      expect(error).toMatchObject({ name: "PrioError", code: "replay" });
      continue;
    }
    const mine = readVerify1(config, a.open(packets.a).verify1(), "A");
    const theirs = readVerify1(config, answer.verify1(), "B");
    equations.push({ r, d: field.add(mine.d, theirs.d) });
  }
  return equations;
}

/**
 * Solves Σ_i x_i·L_i(r_k) + f0·L_0(r_k) − a = d_k for (f0, x_1, …, x_n, a); undefined when the system leaves a
 * choice.
 */
function solve(equations: { r: bigint; d: bigint }[]): bigint[] | undefined {
  const rows = equations.map(({ r, d }) => {
    const coefficients = lagrangeCoefficients(snipOf(config).ntt, snipOf(config).size, r);
    return [...coefficients.slice(0, fields + 1).toBigInts(), field.neg(1n), d];
  });
  const unknowns = fields + 2;
  for (let column = 0; column < unknowns; column++) {
    const pivot = rows.findIndex((row, k) => k >= column && row[column] !== 0n);
    if (pivot < 0) return undefined;
    [rows[column], rows[pivot]] = [rows[pivot] as bigint[], rows[column] as bigint[]];
    const inverse = field.inv((rows[column] as bigint[])[column] as bigint);
    const normal = (rows[column] as bigint[]).map((x) => field.mul(x, inverse));
    rows[column] = normal;
    for (const [k, row] of rows.entries()) {
      if (k !== column)
        rows[k] = row.map((x, j) => field.sub(x, field.mul(row[column] as bigint, normal[j] as bigint)));
    }
  }
  return rows.slice(0, unknowns).map((row) => row.at(-1) as bigint);
}

describe("checking B's packet as one of another number of fields", () => {
  it("at the same point, without a record, gives the last value away", () => {
    // N is the same for 11 and 12 fields, and so are the coefficients: only the last product is missing.
    const id = "report";
    const messages = [fields - 1, fields].map((n) => {
      const of = configFor({ fields: n });
      const verifier = serverB(of, { queryPoints: "report", replays: forgetful }).open(packets.b, id);
      return readVerify1(of, verifier.verify1(), "B").d;
    });
    const [before, after] = messages as [bigint, bigint];
    const { point, weight } = new ReportPoints(config, secret).pointOf(utf8(id, "id"));
    const factor = field.mul(weight, point.weights.coefficients.get(fields));
    const lastOfB = field.mul(field.sub(after, before), field.inv(factor));
    const lastOfA = readPacketA(config, openSealed(keysA.privateKey, packets.a)).data.get(fields - 1);
    expect(Number(field.add(lastOfA, lastOfB))).toBe(bits[fields - 1]);
  });

  it("is refused by a record, at whatever kind of points", () => {
    for (const queryPoints of ["stream", "first", "report", "batch"] as const) {
      const replays = new MemoryReplayRecord();
      const open = (n: number) => serverB(configFor({ fields: n }), { queryPoints, replays }).open(packets.b, "report");
      open(fields - 1);
      expect(codeOf(() => open(fields))).toBe("replay");
    }
  });
});

describe("checking one packet at many points", () => {
  const times = fields + 2;

  it("gives a client's bits away when a session does not refuse replays", () => {
    const equations = collect(serverA(config, { replays: forgetful }), serverB(config, { replays: forgetful }), times);
    expect(equations).toHaveLength(times);
    expect(
      solve(equations)
        ?.slice(1, fields + 1)
        .map(Number),
    ).toEqual(bits);
  });

  it("gives nothing away against a real session: one equation, which every set of bits satisfies", () => {
    const equations = collect(serverA(config, { replays: forgetful }), serverB(config), times);
    expect(equations).toHaveLength(1);
    expect(solve(equations)).toBeUndefined();
    // For any bits and any f0 there is an a that explains the one number seen.
    const [{ r, d }] = equations as [{ r: bigint; d: bigint }];
    const coefficients = lagrangeCoefficients(snipOf(config).ntt, snipOf(config).size, r).slice(0, fields + 1);
    for (const other of [bits, bits.map((x) => 1 - x), bits.map(() => 0)]) {
      const f = snipOf(config)
        .space.fromBigInts([7n, ...other.map(BigInt)])
        .dot(coefficients);
      const a = field.sub(f, d);
      expect(field.has(a)).toBe(true);
      expect(field.sub(f, a)).toBe(d);
    }
  });

  it("gives nothing away across sessions that share a record, and everything across sessions that do not", () => {
    const record = new MemoryReplayRecord();
    const sharing = () => serverB(config, { replays: record });
    expect(() => sharing().open(packets.b)).not.toThrow();
    for (let k = 0; k < times; k++) expect(codeOf(() => sharing().open(packets.b))).toBe("replay");
    // What SECURITY.md warns of: a record that does not live as long as the secret.
    for (let k = 0; k < times; k++) expect(() => serverB(config).open(packets.b)).not.toThrow();
  });

  it("leaks as much through a second answer to verify2, so there is none", () => {
    const [a, b] = [serverA(config).open(packets.a), serverB(config).open(packets.b)];
    b.verify2(a.verify1(), b.verify1());
    expect(codeOf(() => b.verify2(b.verify1(), b.verify1()))).toBe("wrong-state");
  });
});

/** f(r) = Σ row[i]·(f0, x_1, …, x_n)[i] at the first `count` stream points. */
function rowsAt(count: number): bigint[][] {
  const points = new StreamPoints(config, secret);
  return Array.from({ length: count }, () => {
    const r = points.peek();
    points.advance();
    return lagrangeCoefficients(snipOf(config).ntt, snipOf(config).size, r)
      .slice(0, fields + 1)
      .toBigInts();
  });
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
    const a = serverA(config, { replays: forgetful });
    const b = serverB(config, { replays: forgetful });
    const d: bigint[] = [];
    let f1 = 0n;
    for (let k = 0; k < 2; k++) {
      const [mine, honest] = [a.open(packets.a), b.open(packets.b)];
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
    const a = serverA(config, { replays: forgetful });
    const b = serverB(config, { replays: forgetful });
    const d = [0, 1, 2].map(() => {
      const [own, theirs] = [a.open(packets.a).verify1(), b.open(packets.b).verify1()];
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
