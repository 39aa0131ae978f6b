// A malicious client or network changes one thing: the report is refused, and the totals stay as they were.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { systemRandom } from "../../src/core/random.js";
import { randomSealing } from "../../src/crypto/ecies.js";
import { Client, type Packets, publish, type QueryPoints, type Server } from "../../src/index.js";
import { drawReportRandomness, sealReport, shareReport } from "../../src/prio1/client.js";
import { snipOf } from "../../src/prio1/parameters.js";
import type { ReportShare, SeededShare } from "../../src/prio1/share.js";
import type { Vector } from "../../src/prio1/vector.js";
import { readVerify1, readVerify2, writeVerify1, writeVerify2 } from "../../src/prio1/wire.js";
import { codeOf, configFor, exchange, integerConfigFor, process, serverA, serverB } from "../support/deployment.js";

type Shares = { a: ReportShare; b: SeededShare };

const fields = 6;
const config = configFor({ fields });
const { space, size } = snipOf(config);

const element = fc.bigInt({ min: 0n, max: field.modulus - 1n });
const nonZero = fc.oneof(fc.constantFrom(1n, 2n, field.modulus - 1n), element).filter((x) => x !== 0n);

function sharesOfValues(values: bigint[]): Shares {
  return shareReport(config, space.fromBigInts(values), drawReportRandomness(config, systemRandom));
}

/**
 * Checks the sealed shares at fresh sessions; whatever the verdict, both servers have it and only honest reports
 * count.
 */
function accepts(shares: Shares): boolean {
  const [a, b] = [serverA(config), serverB(config)];
  const before = [a.toBytes(), b.toBytes()];
  const packets = sealReport(config, shares, randomSealing(), randomSealing());
  const reports = exchange(a.open(packets.a), b.open(packets.b));
  expect(reports.a === null).toBe(reports.b === null);
  expect([a.toBytes(), b.toBytes()]).toEqual(before);
  return reports.a !== null;
}

function withElement(vector: Vector, i: number, change: (x: bigint) => bigint): Vector {
  const copy = vector.slice(0, vector.length);
  copy.set(i, change(copy.get(i)));
  return copy;
}

const honest = () => sharesOfValues([0n, 1n, 1n, 0n, 1n, 0n]);

describe("a client's values", () => {
  it("pass as long as all are bits", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0n, 1n), { minLength: fields, maxLength: fields }), (values) => {
        expect(accepts(sharesOfValues(values))).toBe(true);
      }),
    );
  });

  it("are refused as soon as one is not", () => {
    const other = fc.oneof(fc.constantFrom(2n, 3n, field.modulus - 1n), element).filter((x) => x > 1n);
    fc.assert(
      fc.property(fc.nat(fields - 1), other, (i, x) => {
        const values = [0n, 1n, 1n, 0n, 1n, 0n];
        values[i] = x;
        expect(accepts(sharesOfValues(values))).toBe(false);
      }),
    );
  });

  it("are refused when wrong ones cancel in the sum", () => {
    expect(accepts(sharesOfValues([2n, field.modulus - 1n, 0n, 0n, 0n, 0n]))).toBe(false);
  });
});

describe("one changed share", () => {
  const scalars = fc.constantFrom("a", "b", "c", "f0", "g0", "h0");

  it("of any scalar, at either server, is refused", () => {
    fc.assert(
      fc.property(scalars, fc.constantFrom("a", "b"), nonZero, (name, server, delta) => {
        const shares = honest();
        const changed = server === "a" ? shares.a : shares.b;
        const tampered = { ...changed, [name]: field.add(changed[name], delta) };
        expect(accepts({ ...shares, [server]: tampered })).toBe(false);
      }),
    );
  });

  it("of the data is refused", () => {
    fc.assert(
      fc.property(fc.nat(fields - 1), nonZero, (i, delta) => {
        const shares = honest();
        // Adding ±1 may turn one bit into the other; the proof is of other values then, and does not hold either.
        const data = withElement(shares.a.data, i, (x) => field.add(x, delta));
        expect(accepts({ ...shares, a: { ...shares.a, data } })).toBe(false);
      }),
    );
  });

  it("of h is refused", () => {
    fc.assert(
      fc.property(fc.nat(size - 1), nonZero, (i, delta) => {
        const shares = honest();
        const h = withElement(shares.a.h, i, (x) => field.add(x, delta));
        expect(accepts({ ...shares, a: { ...shares.a, h } })).toBe(false);
      }),
    );
  });

  it("of h with h0 moved to make up for it at one root is refused", () => {
    const shares = honest();
    const h = withElement(shares.a.h, 0, (x) => field.add(x, 1n));
    expect(accepts({ ...shares, a: { ...shares.a, h, h0: field.sub(shares.a.h0, 1n) } })).toBe(false);
  });

  it("of the seed, in any bit, is refused", () => {
    for (let bit = 0; bit < 128; bit++) {
      const shares = honest();
      const seed = shares.b.seed.slice();
      seed[bit >> 3] = (seed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(accepts({ ...shares, b: { ...shares.b, seed } })).toBe(false);
    }
  });
});

/**
 * The report of a client whose values are v and 1 − v, any v: with δ = −v·(v − 1) the polynomial f·g + δ vanishes at
 * every root that carries a value. The client sends it as h, and a triple with c = a·b + δ to make up for δ.
 */
function forge(
  forged: typeof config,
  v: bigint,
  valueAt = (i: number) => (i % 3 === 1 ? field.sub(1n, v) : v),
): Packets {
  const values = Array.from({ length: forged.fields }, (_, i) => valueAt(i));
  const delta = field.neg(field.mul(v, field.sub(v, 1n)));
  const shares = shareReport(forged, space.fromBigInts(values), drawReportRandomness(forged, systemRandom));
  const everywhere = space.fromBigInts(new Array<bigint>(snipOf(forged).size).fill(delta));
  const { c, h0, h } = shares.a;
  const a = { ...shares.a, c: field.add(c, delta), h0: field.add(h0, delta), h: h.add(everywhere) };
  return sealReport(forged, { ...shares, a }, randomSealing(), randomSealing());
}

describe("a false triple", () => {
  const verdict = (forged: typeof config, v: bigint, queryPoints: QueryPoints) => {
    const packets = forge(forged, v);
    const [a, b] = [serverA(forged, { queryPoints }), serverB(forged, { queryPoints })];
    return process(a, b, packets, "id");
  };

  it('is refused for every number of fields with query points "report" and "batch"', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), nonZero, fc.constantFrom("report", "batch"), (n, v, points) => {
        expect(verdict(configFor({ fields: n }), v, points)).toBe(v === 1n);
      }),
    );
  });

  it.each(["stream", "first"] as const)(
    'is refused with "%s", except at 2^k − 1 fields, where libprio accepts it (SECURITY.md) and so must we',
    (points) => {
      for (let n = 1; n <= 33; n++) {
        expect(verdict(configFor({ fields: n }), 1000n, points)).toBe(Number.isInteger(Math.log2(n + 1)));
      }
    },
  );
});

describe("a false triple of integers", () => {
  it('with "stream" lets a client add any number where the bits are 2^k − 1 in all (SECURITY.md)', () => {
    const integers = integerConfigFor({ count: 1, precision: 7 });
    const [a, b] = [serverA(integers), serverB(integers)];
    expect(
      process(
        a,
        b,
        forge(integers, 1000n, () => 1000n),
      ),
    ).toBe(true);
    expect(publish(integers, a.totalShare(), b.totalShare())).toEqual([127n * 1000n]);
  });
});

describe("packets", () => {
  const client = new Client(config);
  const values = [0, 1, 1, 0, 1, 0];

  it("do not open with any single bit changed", () => {
    const { a, b } = client.encode(values);
    for (const [server, packet] of [
      [serverA(config), a],
      [serverB(config), b],
    ] as [Server, Uint8Array][]) {
      for (let bit = 0; bit < 8 * packet.length; bit++) {
        const flipped = packet.slice();
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(codeOf(() => server.open(flipped))).toBe("cannot-open");
      }
      expect(() => server.open(packet)).not.toThrow();
    }
  });

  it("do not open at the other server, cut, or lengthened, with one text for all", () => {
    const { a, b } = client.encode(values);
    const server = serverA(config);
    for (const packet of [
      b,
      a.subarray(1),
      a.subarray(0, -1),
      Uint8Array.from([...a, 0]),
      new Uint8Array(0),
      new Uint8Array(60),
    ]) {
      expect(() => server.open(packet)).toThrow(/^cannot open packet$/);
    }
  });

  it("of two reports do not go together", () => {
    const [x, y] = [client.encode(values), client.encode(values)];
    const [a, b] = [serverA(config), serverB(config)];
    expect(process(a, b, { a: x.a, b: y.b })).toBe(false);
    expect([a.reports, b.reports]).toEqual([0, 0]);
  });
});

describe("messages between the servers", () => {
  const opened = () => {
    const { a, b } = new Client(config).encode([0, 1, 1, 0, 1, 0]);
    return { a: serverA(config).open(a), b: serverB(config).open(b) };
  };

  it("of the first round, with d or e changed on the way to both, refuse the report", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("verify1A", "verify1B"),
        fc.constantFrom("d", "e"),
        nonZero,
        (message, name, delta) => {
          const { a, b } = opened();
          const reports = exchange(a, b, (messages) => {
            const value = readVerify1(config, messages[message], "x");
            return {
              ...messages,
              [message]: writeVerify1(config, { ...value, [name]: field.add(value[name], delta) }),
            };
          });
          expect(reports).toEqual({ a: null, b: null });
        },
      ),
    );
  });

  it("of the second round, changed, refuse the report", () => {
    fc.assert(
      fc.property(fc.boolean(), nonZero, (first, delta) => {
        const { a, b } = opened();
        const verify1 = [a.verify1(), b.verify1()] as const;
        const verify2 = [a.verify2(...verify1), b.verify2(...verify1)] as [Uint8Array, Uint8Array];
        const i = first ? 0 : 1;
        verify2[i] = writeVerify2(config, field.add(readVerify2(config, verify2[i], "x"), delta));
        expect([a.check(...verify2), b.check(...verify2)]).toEqual([null, null]);
      }),
    );
  });
});
