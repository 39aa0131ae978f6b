// The msgpack subset against an independent implementation, and on arbitrary bytes.

import { decode, encode } from "@msgpack/msgpack";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_HEADER_BYTES, Reader, Writer } from "../../src/codec/msgpack.js";
import { bigIntFromBE, equalBytes } from "../../src/core/bytes.js";
import { FIELD_87 } from "../../src/core/fields.js";
import { packed87Space } from "../../src/core/packed87.js";
import { PrioError } from "../../src/index.js";
import { codeOf, errorOf } from "../support/deployment.js";

const read = (...bytes: number[]) => new Reader(Uint8Array.from(bytes), "test");
const written = (write: (writer: Writer) => void, capacity = 70000) => {
  const writer = new Writer(capacity);
  write(writer);
  return writer.written();
};

/** Lengths on both sides of each length at which the header changes. */
const lengths = fc.oneof(fc.constantFrom(0, 1, 15, 16, 31, 32, 255, 256, 65535), fc.integer({ min: 0, max: 65535 }));

describe("writing", () => {
  it("gives the bytes of @msgpack/msgpack's shortest form for a str, read back raw", () => {
    fc.assert(
      fc.property(lengths, (length) => {
        const content = new Uint8Array(length).fill(0x61);
        // Up to 65,538 bytes a hundred times: toEqual would take seven seconds over them.
        expect(
          equalBytes(
            written((w) => w.str(content)),
            encode("a".repeat(length)),
          ),
        ).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (content) => {
        const bytes = written((w) => w.str(content));
        expect(decode(bytes, { rawStrings: true })).toEqual(content);
        expect(new Reader(bytes, "test").str("content")).toEqual(content);
      }),
    );
  });

  it("gives the headers of @msgpack/msgpack for arrays of every width", () => {
    for (const length of [0, 1, 15, 16, 65535, 65536, 262143, 2 ** 19]) {
      const header = written((w) => w.array(length));
      expect(header.length).toBeLessThanOrEqual(MAX_HEADER_BYTES);
      expect(encode(new Array<number>(length).fill(0)).subarray(0, header.length)).toEqual(header);
    }
  });

  it("gives the bytes of @msgpack/msgpack for elements as strs, first to last", () => {
    const elements = [0n, 1n, 0xffn, 0x100n, FIELD_87.modulus - 1n];
    const bytes = written((w) => w.elements(packed87Space().fromBigInts(elements)), 5 * 12);
    const oneByOne = written((w) => {
      for (const x of elements) w.element(x);
    }, 5 * 12);
    expect(oneByOne).toEqual(bytes);
    const reader = new Reader(bytes, "test");
    for (const x of elements) expect(bigIntFromBE(reader.str("x"))).toBe(x);
    reader.end();
    expect(written((w) => w.elements(packed87Space().fromBigInts([0x414243n])))).toEqual(encode("ABC"));
  });

  it("writes small integers as they are", () => {
    for (const x of [0, 1, 127]) expect(written((w) => w.smallInteger(x))).toEqual(encode(x));
  });
});

describe("reading", () => {
  it("takes an integer of any width that @msgpack/msgpack writes, and 2^32 is not 0", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }), (x) => {
        expect(new Reader(encode(x, { useBigInt64: true }), "test").integer("x")).toBe(x);
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 32 - 1 }), (x) => {
        expect(new Reader(encode(x), "test").integer("x")).toBe(BigInt(x));
      }),
    );
    expect(read(0xcf, 0, 0, 0, 1, 0, 0, 0, 0).integer("x")).toBe(2n ** 32n);
  });

  it("skips the content of a str where it lies", () => {
    const reader = read(0xd9, 2, 7, 8, 0x05);
    expect(reader.strHeader("x")).toBe(2);
    expect([reader.offset, reader.left]).toEqual([2, 3]);
    expect(reader.skip(2)).toBe(2);
    expect([reader.offset, reader.left]).toEqual([4, 1]);
    expect(reader.integer("y")).toBe(5n);
    expect(reader.left).toBe(0);
  });

  it("takes headers longer than they need to be", () => {
    for (const header of [[0xa1], [0xd9, 1], [0xda, 0, 1], [0xdb, 0, 0, 0, 1]]) {
      expect(read(...header, 0x07).str("x")).toEqual(Uint8Array.of(7));
    }
    for (const header of [[0x93], [0xdc, 0, 3], [0xdd, 0, 0, 0, 3]])
      expect(() => read(...header).array(3, "x")).not.toThrow();
  });

  it("refuses another type, a missing byte, another length, bytes left over", () => {
    expect(errorOf(() => read(0xc4, 1, 7).str("x")).message).toBe("test: expected a str for x, got type byte 0xc4");
    expect(errorOf(() => read(0xa2, 7).str("x")).message).toBe("test: x claims 2 bytes where 1 are left");
    expect(errorOf(() => read(0xdb, 0xff, 0xff, 0xff, 0xff).str("x")).message).toMatch(
      /claims 4294967295 bytes where 0/,
    );
    expect(errorOf(() => read(0xdd, 0xff, 0xff, 0xff, 0xff).array(3, "x")).message).toBe(
      "test: expected 3 elements in x, got 4294967295",
    );
    expect(errorOf(() => read(0xcb, 0, 0, 0, 0, 0, 0, 0, 0).integer("x")).message).toMatch(/expected an integer/);
    expect(errorOf(() => read(0xa1, 1, 2).end()).message).toBe("test: expected the end, got 3 more bytes");
    for (const bytes of [[], [0xda, 1], [0xdc], [0xcd, 1]]) {
      for (const ask of [(r: Reader) => r.str("x"), (r: Reader) => r.array(3, "x"), (r: Reader) => r.integer("x")]) {
        expect(codeOf(() => ask(read(...bytes)))).toBe("malformed");
      }
    }
  });

  it("never throws anything but PrioError, and never reads past the end, on arbitrary bytes", () => {
    const asks = fc.array(fc.constantFrom("str", "array", "integer", "end"), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), asks, (bytes, order) => {
        const reader = new Reader(bytes, "test");
        try {
          for (const ask of order) {
            if (ask === "array") reader.array(3, "x");
            else if (ask === "end") reader.end();
            else reader[ask as "str" | "integer"]("x");
          }
        } catch (error) {
          expect(error).toBeInstanceOf(PrioError);
        }
        expect(reader.offset).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
  });
});
