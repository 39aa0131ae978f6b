// The presentation language of TLS: byte examples of each construct, bounds in both directions, and hostile lengths.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeTls,
  encodeTls,
  fixed,
  opaque,
  rest,
  struct,
  type TlsCodec,
  uint,
  uint64,
  vector,
} from "../../src/codec/tls.js";
import { fromHex, toHex } from "../../src/core/bytes.js";
import { codeOf, errorOf } from "../support/deployment.js";
import { detached } from "../support/odd-values.js";

const hex = (text: string) => fromHex(text, "test", text.length / 2);
interface Pair {
  readonly kind: number;
  readonly name: Uint8Array;
}
const pair = struct<Pair>(() => ({ kind: uint(1), name: opaque(1) as TlsCodec<Uint8Array> }));

describe("byte examples", () => {
  const cases: [string, TlsCodec<unknown>, unknown, string][] = [
    ["uint8", uint(1), 0xfe, "fe"],
    ["uint16", uint(2), 0x0102, "0102"],
    ["uint32", uint(4), 0xfffefdfc, "fffefdfc"],
    ["uint64", uint64, 0x0102030405060708n, "0102030405060708"],
    ["uint64, the largest", uint64, 2n ** 64n - 1n, "ffffffffffffffff"],
    ["opaque[3]", fixed(3), hex("010203"), "010203"],
    ["opaque<0..255>", opaque(1), hex("0102"), "020102"],
    ["opaque<0..2^16-1>", opaque(2), hex(""), "0000"],
    ["opaque<0..2^32-1>", opaque(4), hex("07"), "0000000107"],
    ["uint16<0..2^16-1>", vector(uint(2), 2), [1, 2, 3], "0006000100020003"],
    ["struct", pair, { kind: 3, name: hex("6162") }, "03026162"],
    [
      "struct<0..255>",
      vector(pair, 1),
      [
        { kind: 1, name: hex("") },
        { kind: 2, name: hex("ff") },
      ],
      "0501000201ff",
    ],
    [
      "struct[rest]",
      rest(pair),
      [
        { kind: 1, name: hex("") },
        { kind: 2, name: hex("ff") },
      ],
      "01000201ff",
    ],
    ["struct[rest], none", rest(pair), [], ""],
  ];

  it.each(cases)("%s", (_name, codec, value, bytes) => {
    expect(toHex(encodeTls(codec, value, "test"))).toBe(bytes);
    expect(decodeTls(codec, hex(bytes), "test")).toEqual(value);
  });

  // A list up to the end may end after each of its values.
  const whole = cases.filter(([name]) => !name.startsWith("struct[rest]"));

  it.each(whole)("%s: cut short or continued", (_name, codec, _value, text) => {
    const bytes = hex(text);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(() => decodeTls(codec, bytes.subarray(0, length), "test"))).toBe("malformed");
    }
    expect(codeOf(() => decodeTls(codec, Uint8Array.of(...bytes, 0), "test"))).toBe("malformed");
  });

  it("struct[rest]: ends after a value, and nowhere else", () => {
    const ends = [true, false, true, false, false, true];
    for (const [length, isEnd] of ends.entries()) {
      const read = () => decodeTls(rest(pair), hex("01000201ff").subarray(0, length), "test");
      if (isEnd) read();
      else expect(codeOf(read)).toBe("malformed");
    }
  });
});

it("says what is wrong with bytes, and where, and shows none of them", () => {
  const read = (text: string) => errorOf(() => decodeTls(pair, hex(text), "Pair")).message;
  expect(read("01")).toBe("Pair: expected 1 bytes, got 0 (byte 1)");
  expect(read("0105aabb")).toBe("Pair: expected 5 bytes, got 2 (byte 2)");
  expect(read("0101aabb")).toBe("Pair: expected the end, got 1 bytes more (byte 3)");
  const short = errorOf(() => decodeTls(opaque(1, 3), hex("0201ab"), "Three"));
  expect(short.message).toBe("Three: expected at least 3 bytes in a vector, got 2 (byte 1)");
});

it("makes nothing of a length that is not there", () => {
  for (const codec of [opaque(4), vector(pair, 4)] as TlsCodec<unknown>[]) {
    expect(codeOf(() => decodeTls(codec, hex("ffffffff00"), "test"))).toBe("malformed");
  }
  // An inner length reaches over the outer end.
  expect(codeOf(() => decodeTls(vector(opaque(1), 1), hex("02050102030405"), "test"))).toBe("malformed");
});

it("reads no more elements than the caller allows, of all vectors together", () => {
  const codec = struct<{ first: number[][]; last: number[] }>(() => ({
    first: vector(vector(uint(1), 1), 1),
    last: rest(uint(1)),
  }));
  const bytes = encodeTls(codec, { first: [[1, 2], []], last: [3] }, "test");
  expect(decodeTls(codec, bytes, "test", 5)).toEqual({ first: [[1, 2], []], last: [3] });
  expect(errorOf(() => decodeTls(codec, bytes, "test", 4))).toMatchObject({
    ...{ code: "malformed", message: "test: expected at most 4 elements in its vectors (byte 5)" },
  });
  expect(codeOf(() => decodeTls(codec, bytes, "test", 0))).toBe("malformed");
});

it("writes no number that is none, does not fit, or has a fraction", () => {
  for (const size of [1, 2, 4] as const) {
    for (const x of [-1, 0.5, 256 ** size, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(codeOf(() => encodeTls(uint(size), x, "x"))).toBe("out-of-range");
    }
    expect(errorOf(() => encodeTls(uint(size), 1n as never, "x")).message).toMatch(/^x: expected a number/);
  }
  expect(codeOf(() => encodeTls(uint64, -1n, "x"))).toBe("out-of-range");
  expect(codeOf(() => encodeTls(uint64, 2n ** 64n, "x"))).toBe("out-of-range");
  expect(codeOf(() => encodeTls(uint64, 1 as never, "x"))).toBe("invalid-argument");
});

it("writes no byte string of another length, and names the field", () => {
  const write = (codec: TlsCodec<unknown>, x: unknown) => errorOf(() => encodeTls(codec, x, "field"));
  expect(write(fixed(3), new Uint8Array(2)).message).toBe("field: expected 3 bytes, got 2");
  expect(write(opaque(1), new Uint8Array(256)).code).toBe("wrong-length");
  expect(write(opaque(2, 1), new Uint8Array(0)).message).toBe("field: expected 1 to 65535 bytes, got 0");
  expect(write(vector(pair, 1), new Array(200).fill({ kind: 1, name: hex("") })).code).toBe("wrong-length");
  for (const x of ["", null, [1], {}]) expect(write(opaque(1), x).code).toBe("invalid-argument");
  for (const x of ["", null, {}]) expect(write(vector(pair, 1), x).code).toBe("invalid-argument");
  expect(write(fixed(3), detached(3)).code).toBe("wrong-length");
  expect(errorOf(() => encodeTls(pair, { kind: 1 } as never, "Pair")).message).toMatch(/^name: expected a Uint8Array/);
});

it("reads what it wrote, however long", () => {
  const codec = struct<{ list: Uint8Array[]; last: bigint }>(() => ({
    list: vector(opaque(2) as TlsCodec<Uint8Array>, 4),
    last: uint64,
  }));
  const list = fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 20 });
  fc.assert(
    fc.property(list, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (values, last) => {
      const bytes = encodeTls(codec, { list: values, last }, "test");
      const read = decodeTls(codec, bytes, "test");
      bytes.fill(0xee);
      expect(read.list.map(toHex)).toEqual(values.map(toHex));
      expect(read.last).toBe(last);
    }),
  );
});
