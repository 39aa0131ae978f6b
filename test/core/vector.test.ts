// Both kinds of vectors against plain BigInt arithmetic, operation by operation: the laws that protocol code relies on.

import fc from "fast-check";
import { expect, test } from "vitest";
import { bigIntSpace } from "../../src/core/bigint-vector.js";
import { Field } from "../../src/core/field.js";
import { powers, type Vector, type VectorSpace } from "../../src/core/vector.js";
import {
  describeBigEndian,
  describePrio3Vectors,
  describeVectors,
  type Elements,
  of64,
  of87,
  of128,
  packed64,
  packed87,
  packed128,
  reference64,
  reference87,
  reference128,
} from "./support.js";

/** The big-endian bytes of x without leading zeros, at least one. */
function bytesOf(x: bigint): number[] {
  const hex = x.toString(16);
  const pairs = (hex.length % 2 ? `0${hex}` : hex).match(/../g) ?? [];
  return pairs.map((pair) => Number.parseInt(pair, 16));
}

/** The integer that big-endian bytes stand for. */
const integerOf = (bytes: Iterable<number>): bigint => [...bytes].reduce((x, b) => (x << 8n) | BigInt(b), 0n);

describeVectors("operations", ({ space, field, p, edgeElements, element, lists }) => {
  const vector = (values: readonly bigint[]) => space.fromBigInts(values);
  const sumOf = (values: readonly bigint[]): bigint => field.reduce(values.reduce((s, x) => s + x, 0n));
  const dotOf = (a: readonly bigint[], b: readonly bigint[]): bigint => sumOf(a.map((x, i) => x * (b[i] as bigint)));

  test("get and toBigInts return what fromBigInts was given", () => {
    expect(vector(edgeElements).toBigInts()).toEqual(edgeElements);
    fc.assert(
      fc.property(fc.array(element), (values) => {
        const v = vector(values);
        expect(v.length).toBe(values.length);
        expect(v.toBigInts()).toEqual(values);
        values.forEach((x, i) => {
          expect(v.get(i)).toBe(x);
        });
      }),
      { numRuns: 300 },
    );
  });

  test("zeros are zero, and set changes one element only", () => {
    expect(space.zeros(3).toBigInts()).toEqual([0n, 0n, 0n]);
    expect(space.zeros(0).toBigInts()).toEqual([]);
    for (const x of edgeElements) {
      const v = vector([5n, 6n, 7n]);
      v.set(1, x);
      expect(v.toBigInts()).toEqual([5n, x, 7n]);
    }
  });

  test("fromIntegers takes integers from 0 to 65535, from arrays and typed arrays", () => {
    expect(space.fromIntegers([0, 1, 2, 255, 256, 65535]).toBigInts()).toEqual([0n, 1n, 2n, 255n, 256n, 65535n]);
    expect(space.fromIntegers(Uint8Array.of(1, 0, 1)).toBigInts()).toEqual([1n, 0n, 1n]);
  });

  test("add, sub, mul, scale, accumulate, subtractFrom and multiplyBy agree with BigInt", () => {
    fc.assert(
      fc.property(lists(2), element, ([a, b], c) => {
        const [va, vb] = [vector(a as bigint[]), vector(b as bigint[])];
        const pairs = (a as bigint[]).map((x, i) => [x, b?.[i] as bigint] as const);
        expect(va.add(vb).toBigInts()).toEqual(pairs.map(([x, y]) => field.reduce(x + y)));
        expect(va.sub(vb).toBigInts()).toEqual(pairs.map(([x, y]) => field.reduce(x - y)));
        expect(va.mul(vb).toBigInts()).toEqual(pairs.map(([x, y]) => field.reduce(x * y)));
        expect(va.scale(c).toBigInts()).toEqual(pairs.map(([x]) => field.reduce(x * c)));
        expect([va.toBigInts(), vb.toBigInts()]).toEqual([a, b]);
        va.accumulate(vb);
        expect(va.toBigInts()).toEqual(pairs.map(([x, y]) => field.reduce(x + y)));
        va.multiplyBy(vb);
        expect(va.toBigInts()).toEqual(pairs.map(([x, y]) => field.reduce((x + y) * y)));
        va.subtractFrom(vb);
        expect(va.toBigInts()).toEqual(pairs.map(([x, y]) => field.reduce(y - (x + y) * y)));
        expect(vb.toBigInts()).toEqual(b);
      }),
      { numRuns: 500 },
    );
  });

  test("accumulateAt adds a shorter vector to a part, and changes nothing else", () => {
    fc.assert(
      fc.property(lists(2, 40), fc.nat(40), fc.nat(40), ([a, b], from, count) => {
        const offset = Math.min(from, (a as bigint[]).length);
        const part = (b as bigint[]).slice(0, Math.min(count, (a as bigint[]).length - offset));
        const total = vector(a as bigint[]);
        total.accumulateAt(vector(part), offset);
        expect(total.toBigInts()).toEqual((a as bigint[]).map((x, i) => field.reduce(x + (part[i - offset] ?? 0n))));
      }),
      { numRuns: 300 },
    );
  });

  test("every pair of edge elements adds, subtracts and multiplies as BigInts do", () => {
    const a = vector(edgeElements);
    edgeElements.forEach((_x, shift) => {
      const rotated = [...edgeElements.slice(shift), ...edgeElements.slice(0, shift)];
      const b = vector(rotated);
      const each = (f: (x: bigint, y: bigint) => bigint) =>
        edgeElements.map((x, i) => field.reduce(f(x, rotated[i] as bigint)));
      expect(a.add(b).toBigInts()).toEqual(each((x, y) => x + y));
      expect(a.sub(b).toBigInts()).toEqual(each((x, y) => x - y));
      expect(a.mul(b).toBigInts()).toEqual(each((x, y) => x * y));
      expect(a.dot(b)).toBe(dotOf(edgeElements, rotated));
    });
  });

  test("sum and dot agree with BigInt, and an empty sum is 0", () => {
    fc.assert(
      fc.property(lists(2, 150), ([a, b]) => {
        expect(vector(a as bigint[]).sum()).toBe(sumOf(a as bigint[]));
        expect(vector(a as bigint[]).dot(vector(b as bigint[]))).toBe(dotOf(a as bigint[], b as bigint[]));
      }),
      { numRuns: 300 },
    );
    expect(space.zeros(0).sum()).toBe(0n);
    expect(space.zeros(0).dot(space.zeros(0))).toBe(0n);
  });

  test("sum of a range, and dot from an offset on, are those of the slices", () => {
    fc.assert(
      fc.property(lists(2, 80), fc.nat(80), fc.nat(80), ([a, b], from, to) => {
        const [x, y] = [vector(a as bigint[]), vector(b as bigint[])];
        const start = Math.min(from, to, x.length);
        const end = Math.min(Math.max(from, to), x.length);
        expect(x.sum(start, end)).toBe(x.slice(start, end).sum());
        const part = y.slice(0, x.length - start);
        expect(part.dot(x, start)).toBe(part.dot(x.slice(start, x.length)));
      }),
      { numRuns: 300 },
    );
  });

  test("an operand may be longer than the vector", () => {
    const [a, b] = [vector([2n, 3n]), vector([5n, 7n, 11n])];
    expect(a.add(b).toBigInts()).toEqual([7n, 10n]);
    expect(a.sub(b).toBigInts()).toEqual([p - 3n, p - 4n]);
    expect(a.mul(b).toBigInts()).toEqual([10n, 21n]);
    expect(a.dot(b)).toBe(31n);
    a.accumulate(b);
    expect(a.toBigInts()).toEqual([7n, 10n]);
    a.multiplyBy(b);
    expect(a.toBigInts()).toEqual([35n, 70n]);
  });

  test("slice copies, setAll overwrites, swap exchanges, copyScaled multiplies what it copies", () => {
    const v = vector([1n, 2n, 3n, p - 1n]);
    const copy = v.slice(1, 3);
    copy.set(0, 9n);
    expect([copy.toBigInts(), v.toBigInts()]).toEqual([
      [9n, 3n],
      [1n, 2n, 3n, p - 1n],
    ]);
    v.setAll(copy, 2);
    expect(v.toBigInts()).toEqual([1n, 2n, 9n, 3n]);
    v.swap(0, 2);
    expect(v.toBigInts()).toEqual([9n, 2n, 1n, 3n]);
    v.swap(1, 1);
    expect(v.toBigInts()).toEqual([9n, 2n, 1n, 3n]);
    v.copyScaled(2, 0, 2, p - 1n);
    expect(v.toBigInts()).toEqual([9n, 2n, p - 9n, p - 2n]);
    v.copyScaled(0, 3, 4, 5n);
    expect(v.toBigInts()).toEqual([p - 10n, 2n, p - 9n, p - 2n]);
    v.copyScaled(1, 0, 0, 5n);
    expect(v.toBigInts()).toEqual([p - 10n, 2n, p - 9n, p - 2n]);
  });

  test("a long chain of operations stays right", () => {
    fc.assert(
      fc.property(
        lists(3, 8),
        fc.array(fc.constantFrom("add", "sub", "mul", "accumulate"), { minLength: 50, maxLength: 100 }),
        (start, operations) => {
          const values = start.map((list) => list.slice());
          const vectors = values.map(vector);
          operations.forEach((operation, k) => {
            const [i, j, t] = [k % 3, (k + 1) % 3, (k * 7 + 2) % 3] as const;
            const [x, y] = [values[i] as bigint[], values[j] as bigint[]];
            const [vx, vy] = [vectors[i] as (typeof vectors)[0], vectors[j] as (typeof vectors)[0]];
            if (operation === "accumulate") {
              vx.accumulate(vy);
              values[i] = x.map((a, n) => field.reduce(a + (y[n] as bigint)));
            } else {
              vectors[t] = vx[operation](vy);
              const f = { add: field.add, sub: field.sub, mul: field.mul }[operation].bind(field);
              values[t] = x.map((a, n) => f(a, y[n] as bigint));
            }
          });
          expect(vectors.map((v) => v.toBigInts())).toEqual(values);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("accumulates 10,000 times without drifting", () => {
    const total = space.zeros(edgeElements.length);
    const addend = vector(edgeElements);
    for (let k = 0; k < 10_000; k++) total.accumulate(addend);
    expect(total.toBigInts()).toEqual(edgeElements.map((x) => field.reduce(x * 10_000n)));
  });

  test("the inner product of 300,000 extreme elements is exact", () => {
    // Those whose limbs are all at half the next unit come last.
    const cycle = [p - 1n, (p - 1n) / 2n, p - 2n ** 22n, ...edgeElements.slice(-4)];
    for (const x of cycle) {
      const v = vector(new Array<bigint>(300_000).fill(x));
      expect(v.dot(v)).toBe(field.reduce(x * x * 300_000n));
      expect(v.sum()).toBe(field.reduce(x * 300_000n));
    }
  });

  test("stages are butterflies with the twiddles they name", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 7 })
          .chain((log) =>
            fc.tuple(
              fc.integer({ min: 0, max: log - 1 }),
              fc.array(element, { minLength: 2 ** log, maxLength: 2 ** log }),
              fc.array(element, { minLength: 2 ** log, maxLength: 2 ** log }),
            ),
          ),
        fc.constantFrom("stageByElement", "stageByBlock", "stageOfSums"),
        fc.boolean(),
        fc.boolean(),
        ([level, values, twiddles], stage, multiplies, upperHalf) => {
          const half = 2 ** level;
          const start = upperHalf && values.length > 2 * half ? values.length / 2 : 0;
          const expected = values.slice();
          for (let block = start; block < values.length; block += 2 * half) {
            for (let j = 0; j < half; j++) {
              const index = { stageByElement: j, stageByBlock: block / (2 * half), stageOfSums: 0 }[stage];
              const w = stage === "stageOfSums" ? 1n : (twiddles[index] as bigint);
              const [u, v] = [values[block + j] as bigint, values[block + j + half] as bigint];
              expected[block + j] = field.reduce(u + w * v);
              expected[block + j + half] = field.reduce(u - w * v);
            }
          }
          const original = vector(values);
          const v = original.unreduced();
          v[stage](start, values.length, half, vector(twiddles));
          if (multiplies) v.multiplyBy(vector(twiddles));
          expect(v.reduce().toBigInts()).toEqual(
            multiplies ? expected.map((x, i) => field.mul(x, twiddles[i] as bigint)) : expected,
          );
          expect(original.toBigInts()).toEqual(values);
        },
      ),
      { numRuns: 400 },
    );
  });

  test("an unreduced vector scales what it copies, reduced or not, and holds nothing once it is reduced", () => {
    const v = space.unreducedZeros(4);
    expect(v.length).toBe(4);
    v.set(0, p - 1n);
    v.set(1, 5n);
    v.stageByElement(0, 2, 1, vector([p - 2n])); // (p − 1) ∓ 10
    v.copyScaled(2, 0, 2, p - 3n);
    const reduced = v.reduce();
    expect(reduced.toBigInts()).toEqual([p - 11n, 9n, 33n, p - 27n]);
    expect(v.length).toBe(0);
    v.set(0, 1n);
    expect(reduced.toBigInts()).toEqual([p - 11n, 9n, 33n, p - 27n]);
  });

  test("powers are those of the scalar", () => {
    fc.assert(
      fc.property(element, fc.integer({ min: 0, max: 70 }), (x, length) => {
        const expected: bigint[] = [];
        for (let i = 0, power = 1n; i < length; i++, power = field.mul(power, x)) expected.push(power);
        expect(powers(space, x, length).toBigInts()).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });
});

describeBigEndian("big-endian bytes", ({ space, field, p, edgeElements, element, lists, pseudoRandomElements }) => {
  test("writeBE writes the shortest big-endian bytes and nothing beside them", () => {
    const check = (x: bigint) => {
      const expected = bytesOf(x);
      const bytes = new Uint8Array(expected.length + 4).fill(0xa5);
      expect(space.fromBigInts([7n, x]).writeBE(1, bytes, 2)).toBe(expected.length);
      expect([...bytes]).toEqual([0xa5, 0xa5, ...expected, 0xa5, 0xa5]);
    };
    edgeElements.forEach(check);
    fc.assert(fc.property(element, check), { numRuns: 500 });
    // Every length, also without a byte to spare at the end of the buffer.
    for (let k = 0n; k < 88n; k++) {
      check(1n << k < p ? 1n << k : 0n);
      const exact = new Uint8Array(bytesOf(1n << k).length);
      expect(space.fromBigInts([1n << k]).writeBE(0, exact, 0)).toBe(exact.length);
      expect(integerOf(exact)).toBe(1n << k);
    }
  });

  test("readBE undoes writeBE, also of results that were never read out", () => {
    fc.assert(
      fc.property(lists(2, 10), element, ([a, b], c) => {
        const v = space
          .fromBigInts(a as bigint[])
          .mul(space.fromBigInts(b as bigint[]))
          .sub(space.fromBigInts(b as bigint[]))
          .scale(c);
        const read = space.zeros(v.length);
        const bytes = new Uint8Array(11);
        for (let i = 0; i < v.length; i++) {
          const length = v.writeBE(i, bytes, 0);
          expect(read.readBE(i, bytes, 0, length)).toBe(true);
        }
        expect(read.toBigInts()).toEqual(
          (a as bigint[]).map((x, i) => field.reduce((x * (b?.[i] as bigint) - (b?.[i] as bigint)) * c)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test("readBE takes any bytes: a value below p is stored, another refused and nothing changed", () => {
    const bytesNearP = fc
      .tuple(
        fc.bigInt({ min: -4n, max: 4n }),
        fc.constantFrom(p, 2n ** 87n, 2n ** 88n - 5n, p + 2n ** 24n, p + 2n ** 48n),
      )
      .map(([d, base]) => bytesOf(base + d));
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 14 }).map((b) => [...b]),
      fc.uint8Array({ minLength: 11, maxLength: 11 }).map((b) => [...b]),
      bytesNearP,
    );
    fc.assert(
      fc.property(anyBytes, fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 }), (digits, zeros, before) => {
        const padded = [...new Array<number>(zeros).fill(0), ...digits];
        const bytes = Uint8Array.from([...new Array<number>(before).fill(0xff), ...padded, 0xff, 0xff]);
        const v = space.fromBigInts([3n, 5n, 7n]);
        const x = integerOf(digits);
        expect(v.readBE(1, bytes, before, before + padded.length)).toBe(x < p);
        expect(v.toBigInts()).toEqual([3n, x < p ? x : 5n, 7n]);
      }),
      { numRuns: 2000 },
    );
  });

  test("readCandidates keeps the candidates below p, in their order, and touches no other element", () => {
    // Those next to p begin as it does: 80 00 00 …
    const nearP = fc.bigInt({ min: -3n, max: 3n }).map((d) => p + d);
    const nearTop = fc
      .tuple(fc.constantFrom(2n ** 87n, p + 2n ** 24n, p + 2n ** 72n), fc.bigInt({ min: -2n, max: 2n }))
      .map(([base, d]) => base + d);
    const candidate = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 88n - 1n }), nearP, nearTop);
    fc.assert(
      fc.property(
        fc.array(candidate, { maxLength: 30 }),
        fc.constantFrom(11, 12, 13),
        fc.nat(3),
        fc.nat(30),
        (candidates, stride, before, start) => {
          const end = start + stride * candidates.length;
          const bytes = new Uint8Array(end + stride);
          // What lies between candidates, and before and after them, is no part of them.
          for (let at = start; at < end; at += stride) bytes.fill(0xa5, at + 11, at + stride);
          candidates.forEach((x, k) => {
            bytes.set(bytesOf(x), start + k * stride + 11 - bytesOf(x).length);
          });
          const passing = candidates.filter((x) => x < p);
          const v = space.fromIntegers(new Array<number>(before + candidates.length + 1).fill(7));
          expect(v.readCandidates(before, bytes, start, end, stride)).toBe(before + passing.length);
          const sevens = (count: number) => new Array<bigint>(count).fill(7n);
          const left = candidates.length - passing.length + 1;
          expect(v.toBigInts()).toEqual([...sevens(before), ...passing, ...sevens(left)]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test("readCandidates takes more candidates than it looks at in one go", () => {
    const values = pseudoRandomElements(3000);
    const bytes = new Uint8Array(11 * values.length);
    values.forEach((x, k) => {
      bytes.set(bytesOf(x), 11 * (k + 1) - bytesOf(x).length);
    });
    const v = space.zeros(values.length);
    expect(v.readCandidates(0, bytes, 0, bytes.length, 11)).toBe(values.length);
    expect(v.toBigInts()).toEqual(values);
  });

  test("readBE takes long runs of leading zeros, and no bytes at all as 0", () => {
    const v = space.fromBigInts([9n]);
    const bytes = new Uint8Array(70_000);
    bytes[69_999] = 1;
    expect([v.readBE(0, bytes, 0, 70_000), v.get(0)]).toEqual([true, 1n]);
    expect([v.readBE(0, bytes, 0, 0), v.get(0)]).toEqual([true, 0n]);
    bytes[0] = 1;
    expect([v.readBE(0, bytes, 0, 70_000), v.get(0)]).toEqual([false, 0n]);
  });
});

describePrio3Vectors("little-endian bytes", ({ space, field, p, edgeElements, element, pseudoRandomElements }) => {
  const { bytes: size } = field;
  const littleEndian = (x: bigint) => Array.from({ length: size }, (_, k) => Number((x >> BigInt(8 * k)) & 0xffn));

  test("writeLE writes all elements, each in as many bytes as the field says, and nothing beside them", () => {
    const check = (values: readonly bigint[], start: number) => {
      const out = new Uint8Array(start + values.length * size + 3).fill(0xa5);
      space.fromBigInts(values).writeLE(out, start);
      const before = new Array<number>(start).fill(0xa5);
      expect([...out]).toEqual([...before, ...values.flatMap(littleEndian), 0xa5, 0xa5, 0xa5]);
    };
    check(edgeElements, 1);
    fc.assert(fc.property(fc.array(element, { maxLength: 10 }), fc.nat(5), check), { numRuns: 300 });
  });

  test("writes results that were never read out", () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        const v = space
          .fromBigInts([a])
          .mul(space.fromBigInts([b]))
          .sub(space.fromBigInts([b]))
          .scale(c);
        const bytes = new Uint8Array(size);
        v.writeLE(bytes, 0);
        expect([...bytes]).toEqual(littleEndian(field.reduce((a * b - b) * c)));
      }),
      { numRuns: 300 },
    );
  });

  test("readLE keeps the integers below p, in their order, and touches no other element", () => {
    const nearP = fc.bigInt({ min: -3n, max: 3n }).map((d) => p + d);
    // Those that have some of the words of p, the low word last.
    const words = fc.array(fc.constantFrom(0n, 1n, 2n, 0xffffffe3n, 0xffffffe4n, 0xffffffe5n, 0xffffffffn), {
      minLength: size / 4,
      maxLength: size / 4,
    });
    const ofWords = words.map((list) => list.reduce<bigint>((x, word) => (x << 32n) | word, 0n));
    const candidate = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** BigInt(8 * size) - 1n }), nearP, ofWords);
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 30 }), fc.nat(3), fc.nat(30), (candidates, before, start) => {
        const bytes = Uint8Array.from([...new Array<number>(start).fill(0xff), ...candidates.flatMap(littleEndian), 0]);
        const passing = candidates.filter((x) => x < p);
        const v = space.fromIntegers(new Array<number>(before + candidates.length + 1).fill(7));
        expect(v.readLE(before, bytes, start, start + size * candidates.length)).toBe(before + passing.length);
        const sevens = (count: number) => new Array<bigint>(count).fill(7n);
        const left = candidates.length - passing.length + 1;
        expect(v.toBigInts()).toEqual([...sevens(before), ...passing, ...sevens(left)]);
      }),
      { numRuns: 1000 },
    );
  });

  test("bytes may be a part of a buffer, and are read again", () => {
    const values = pseudoRandomElements(300);
    const part = new Uint8Array(size * values.length + 9).subarray(7, -2);
    space.fromBigInts(values).writeLE(part, 0);
    const v = space.zeros(values.length);
    expect(v.readLE(0, part, 0, part.length)).toBe(values.length);
    expect(v.toBigInts()).toEqual(values);
  });
});

describePrio3Vectors("matrices", ({ space, field, element, lists, edgeElements, pseudoRandomElements }) => {
  /** Rows of 2, 4, 6, … columns. */
  const matrix = fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }))
    .chain(([rows, half]) =>
      fc.tuple(
        fc.constant(2 * half),
        fc.array(fc.array(element, { minLength: 2 * half, maxLength: 2 * half }), { minLength: rows, maxLength: rows }),
      ),
    );
  const vector = (values: readonly bigint[]) => space.fromBigInts(values);
  const dot = (a: readonly bigint[], b: readonly bigint[]) =>
    field.reduce(a.reduce((sum, x, i) => sum + x * (b[i] as bigint), 0n));

  test("powersOfEach makes rows of powers", () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 8 }), fc.integer({ min: 1, max: 9 }), (values, columns) => {
        expect(vector(values).powersOfEach(columns).toBigInts()).toEqual(
          values.flatMap((r) => Array.from({ length: columns }, (_, j) => field.pow(r, BigInt(j + 1)))),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("setProducts and setSums set every so manyth element", () => {
    fc.assert(
      fc.property(lists(2, 10), element, fc.nat(3), fc.integer({ min: 1, max: 3 }), ([a, b], x, offset, step) => {
        const sevens = new Array<bigint>(offset + step * (a as bigint[]).length).fill(7n);
        const expected = (results: readonly bigint[]) => {
          const all = sevens.slice();
          for (const [i, result] of results.entries()) all[offset + step * i] = result;
          return all;
        };
        const [va, vb, products, sums] = [vector(a as bigint[]), vector(b as bigint[]), vector(sevens), vector(sevens)];
        products.setProducts(offset, step, va, vb);
        expect(products.toBigInts()).toEqual(expected((a as bigint[]).map((y, i) => field.mul(y, b?.[i] as bigint))));
        sums.setSums(offset, step, va, x);
        expect(sums.toBigInts()).toEqual(expected((a as bigint[]).map((y) => field.add(y, x))));
        va.setSums(0, 1, va, x);
        expect(va.toBigInts()).toEqual((a as bigint[]).map((y) => field.add(y, x)));
      }),
      { numRuns: 300 },
    );
  });

  test("dotRows, setDotPairs and combineRows are inner products of rows, pairs and columns", () => {
    fc.assert(
      fc.property(matrix, fc.infiniteStream(element), ([columns, rows], stream) => {
        const v = vector(rows.flat());
        const [weights, coefficients] = [[...stream.take(columns)], [...stream.take(rows.length)]];
        expect(v.dotRows(vector(weights)).toBigInts()).toEqual(rows.map((row) => dot(row, weights)));
        const evenAndOdd = (row: readonly bigint[]) =>
          [0, 1].map((k) => row.filter((_, i) => i % 2 === k)) as [bigint[], bigint[]];
        const pairs = space.fromIntegers(new Array<number>(1 + 2 * rows.length).fill(7));
        pairs.setDotPairs(1, 2, v, columns);
        expect(pairs.toBigInts()).toEqual([7n, ...rows.flatMap((row) => [dot(...evenAndOdd(row)), 7n])]);
        const column = (j: number) => rows.map((row) => row[j] as bigint);
        const combined = v.combineRows(vector(coefficients), columns).toBigInts();
        expect(combined).toEqual(weights.map((_, j) => dot(column(j), coefficients)));
        expect(v.toBigInts()).toEqual(rows.flat());
      }),
      { numRuns: 300 },
    );
  });

  test("long inner products of extreme elements are exact", () => {
    for (const x of edgeElements.slice(-4)) {
      const values = new Array<bigint>(2000).fill(x);
      const square = field.mul(x, x);
      const pairs = space.zeros(2);
      pairs.setDotPairs(0, 1, vector(values), 1000);
      expect(pairs.toBigInts()).toEqual([500n, 500n].map((n) => field.mul(n, square)));
      expect(
        vector(values)
          .dotRows(vector(values.slice(0, 400)))
          .get(4),
      ).toBe(field.mul(400n, square));
      expect(vector(values).combineRows(vector(values), 2).get(1)).toBe(field.mul(1000n, square));
    }
  });

  test("strided takes every so manyth element, interleave puts rows in turn", () => {
    fc.assert(
      fc.property(matrix, fc.nat(3), ([columns, rows], offset) => {
        const [v, odd] = [vector(rows.flat()), vector(rows.flat().map((x) => field.neg(x)))];
        expect(v.strided(1, columns, rows.length).toBigInts()).toEqual(rows.map((row) => row[1]));
        expect(v.strided(0, 5, 0).length).toBe(0);
        const both = space.fromIntegers(new Array<number>(offset + 2 * v.length + 1).fill(7));
        both.interleave(offset, v, odd, columns);
        const inTurn = rows.flatMap((row) => [...row, ...row.map((x) => field.neg(x))]);
        expect(both.toBigInts()).toEqual([...new Array<bigint>(offset).fill(7n), ...inTurn, 7n]);
      }),
      { numRuns: 200 },
    );
  });

  test("a kept vector has the same elements", () => {
    for (const length of [0, 1, 100, 1000]) {
      const values = pseudoRandomElements(length);
      expect(vector(values).kept().toBigInts()).toEqual(values);
    }
  });

  test("small vectors share no elements", () => {
    const lengths = Array.from({ length: 300 }, (_, i) => (i * 7) % 50);
    const vectors = lengths.map((length, i) => space.fromIntegers(new Array<number>(length).fill(i)));
    const zeros = lengths.map((length) => space.zeros(length));
    vectors.forEach((v, i) => {
      expect(v.toBigInts()).toEqual(new Array<bigint>(lengths[i] as number).fill(BigInt(i)));
      expect(zeros[i]?.toBigInts().every((x) => x === 0n)).toBe(true);
    });
  });

  test("the butterflies of rows are those of each column", () => {
    for (const columns of [1, 2, 5]) {
      const rows = 8;
      const [values, twiddles] = [pseudoRandomElements(rows * columns, columns), vector(pseudoRandomElements(rows, 9))];
      const byRows = vector(values).unreducedRows(columns);
      expect(byRows.length).toBe(rows);
      const byColumns = Array.from({ length: columns }, (_, j) => vector(values).strided(j, columns, rows).unreduced());
      for (const v of [byRows, ...byColumns]) {
        v.stageOfSums(0, 8, 4);
        v.stageByBlock(4, 8, 2, twiddles);
        v.stageByBlock(0, 8, 1, twiddles);
        v.multiplyBy(twiddles);
        v.stageByElement(0, 8, 4, twiddles);
        v.stageByElement(4, 8, 1, twiddles);
        v.set(2, 77n);
        v.copyScaled(6, 1, 3, 5n);
      }
      const expected = byColumns.map((v) => v.reduce().toBigInts());
      expect(byRows.reduce().toBigInts()).toEqual(
        Array.from({ length: rows * columns }, (_, i) => expected[i % columns]?.[Math.floor(i / columns)]),
      );
      expect(byRows.length).toBe(0);
    }
  });
});

test("BigInt vectors serve any field", () => {
  const small = bigIntSpace(new Field({ name: "Field257", modulus: 257n, twoAdicity: 8, generator: 3n }));
  const a = small.fromBigInts([256n, 16n]);
  expect(a.mul(a).toBigInts()).toEqual([1n, 256n]);
  expect(a.sum()).toBe(15n);
});

test("both kinds agree on long vectors", () => {
  const results = <V extends Vector<V>>(space: VectorSpace<V>, { p, pseudoRandomElements }: Elements) => {
    const x = space.fromBigInts(pseudoRandomElements(5000, 1));
    const y = space.fromBigInts(pseudoRandomElements(5000, 2));
    return [
      x
        .mul(y)
        .add(x)
        .sub(y)
        .scale(p - 3n)
        .toBigInts(),
      x.dot(y),
      x.sum(),
    ];
  };
  expect(results(packed64, of64)).toEqual(results(reference64, of64));
  expect(results(packed87, of87)).toEqual(results(reference87, of87));
  expect(results(packed128, of128)).toEqual(results(reference128, of128));
});
