// What holds for any batch: totals are plain sums, sessions merge in any order, states go on.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Client, type Config, publish, type QueryPoints, Server, type ServerOptions } from "../../src/index.js";
import { configFor, integerConfigFor, keysA, keysB, process, secret, serverA, serverB } from "../support/deployment.js";

const shapes = fc.constantFrom(1, 2, 3, 7, 8, 9);
const queryPoints = fc.constantFrom("stream" as const, "first" as const, "report" as const, "batch" as const);
const prgKeys = fc.constantFrom("batch" as const, "seed" as const);

/** Encodes, checks and counts every row at a pair of fresh sessions. */
function count(config: Config, rows: number[][], points: QueryPoints, label = "r"): { a: Server; b: Server } {
  const client = new Client(config);
  const servers = { a: serverA(config, { queryPoints: points }), b: serverB(config, { queryPoints: points }) };
  for (const [i, row] of rows.entries()) {
    const packets = config.count === undefined ? client.encode(row) : client.encodeIntegers(row);
    expect(process(servers.a, servers.b, packets, `${label} ${i}`)).toBe(true);
  }
  return servers;
}

const published = (config: Config, { a, b }: { a: Server; b: Server }) =>
  publish(config, a.totalShare(), b.totalShare());

const sums = (rows: number[][], length: number) =>
  Array.from({ length }, (_, k) => rows.reduce((sum, row) => sum + BigInt(row[k] as number), 0n));

const bitRows = (fields: number, maxLength = 5) =>
  fc.array(fc.array(fc.constantFrom(0, 1), { minLength: fields, maxLength: fields }), { maxLength });

describe("totals", () => {
  it("equal plain sums for any batch of honest clients", () => {
    fc.assert(
      fc.property(
        shapes.chain((fields) => bitRows(fields).map((rows) => ({ fields, rows }))),
        queryPoints,
        prgKeys,
        ({ fields, rows }, points, prgKey) => {
          const config = configFor({ fields, prgKey });
          const servers = count(config, rows, points);
          expect(published(config, servers)).toEqual(sums(rows, fields));
          expect([servers.a.reports, servers.b.reports]).toEqual([rows.length, rows.length]);
        },
      ),
    );
  });

  it("equal plain sums of integers", () => {
    const batch = fc
      .record({ count: fc.integer({ min: 1, max: 3 }), precision: fc.integer({ min: 1, max: 42 }) })
      .chain((shape) =>
        fc
          .array(fc.array(fc.nat(2 ** shape.precision - 1), { minLength: shape.count, maxLength: shape.count }), {
            maxLength: 4,
          })
          .map((rows) => ({ ...shape, rows })),
      );
    fc.assert(
      fc.property(batch, ({ count: length, precision, rows }) => {
        const config = integerConfigFor({ count: length, precision });
        expect(published(config, count(config, rows, "stream"))).toEqual(sums(rows, length));
      }),
    );
  });
});

describe("sessions", () => {
  const optionsOf = (id: "A" | "B"): ServerOptions => {
    const { privateKey } = id === "A" ? keysA : keysB;
    return { id, privateKey, secret, queryPoints: "report" };
  };

  it("merge associatively and commutatively, and the merged one stays as it was", () => {
    const three = shapes.chain((fields) =>
      fc.tuple(fc.constant(fields), bitRows(fields, 2), bitRows(fields, 2), bitRows(fields, 2)),
    );
    fc.assert(
      fc.property(three, ([fields, ...batches]) => {
        const config = configFor({ fields });
        const parts = batches.map((rows, i) => count(config, rows, "report", `batch ${i}`).a);
        const copy = (i: number) => {
          const part = parts[i] as Server;
          return Server.fromBytes(config, optionsOf("A"), part.toBytes());
        };
        const [x, y, z] = [copy(0), copy(1), copy(2)];
        x.merge(y);
        x.merge(z);
        const [u, v, w] = [copy(0), copy(1), copy(2)];
        w.merge(v);
        u.merge(w);
        expect(x.toBytes()).toEqual(u.toBytes());
        const [p, q] = [copy(1), copy(0)];
        p.merge(q);
        p.merge(copy(2));
        expect(p.toBytes()).toEqual(x.toBytes());
        expect(y.toBytes()).toEqual(parts[1]?.toBytes());

        const counted = copy(0);
        for (const part of parts) counted.merge(part);
        expect(counted.reports).toBe(batches.flat().length);
      }),
    );
  });

  it("go on from their bytes to the same totals", () => {
    const two = shapes.chain((fields) => fc.tuple(fc.constant(fields), bitRows(fields, 2), bitRows(fields, 2)));
    fc.assert(
      fc.property(two, ([fields, first, second]) => {
        const config = configFor({ fields });
        const before = count(config, first, "report", "first");
        const a = Server.fromBytes(config, optionsOf("A"), before.a.toBytes());
        const b = Server.fromBytes(config, optionsOf("B"), before.b.toBytes());
        expect(a.toBytes()).toEqual(before.a.toBytes());
        const after = count(config, second, "report", "second");
        a.merge(after.a);
        b.merge(after.b);
        expect(published(config, { a, b })).toEqual(sums([...first, ...second], fields));
        expect(a.reports).toBe(second.length);
      }),
    );
  });

  it("work at 1,000 fields", () => {
    const config = configFor({ fields: 1000 });
    const rows = [0, 1].map((k) => Array.from({ length: 1000 }, (_, i) => (i >> k) & 1));
    expect(published(config, count(config, rows, "stream"))).toEqual(sums(rows, 1000));
  });
});
