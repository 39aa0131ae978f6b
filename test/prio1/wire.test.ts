// Messages: read(write(x)) = x, and parsers on bytes that nobody meant.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FIELD_87 as field } from "../../src/core/fields.js";
import { publish, Server } from "../../src/index.js";
import { snipOf } from "../../src/prio1/parameters.js";
import {
  readPacketA,
  readPacketB,
  readState,
  readTotalShare,
  readVerify1,
  readVerify2,
  writePacketA,
  writePacketB,
  writeState,
  writeTotalShare,
  writeVerify1,
  writeVerify2,
} from "../../src/prio1/wire.js";
import { codeOf, configFor, errorOf, integerConfigFor, keysA, secret } from "../support/deployment.js";

const config = configFor({ fields: 5 });
const { space, size } = snipOf(config);

const element = fc.oneof(
  fc.constantFrom(0n, 1n, 255n, 256n, 2n ** 80n, field.modulus - 1n),
  fc.bigInt({ min: 0n, max: field.modulus - 1n }),
);
const vector = (length: number) => fc.array(element, { minLength: length, maxLength: length });
const scalars = fc.record({ a: element, b: element, c: element, f0: element, g0: element, h0: element });

/** A share with its vectors as bigints, to compare. */
const plain = <T extends { data: { toBigInts(): bigint[] }; h: { toBigInts(): bigint[] } }>(share: T) => ({
  ...share,
  data: share.data.toBigInts(),
  h: share.h.toBigInts(),
});

const honestA = writePacketA(config, {
  ...{ a: 1n, b: 2n, c: 3n, f0: 4n, g0: 5n, h0: 6n },
  data: space.fromBigInts([7n, 8n, 9n, 10n, 11n]),
  h: space.fromBigInts([12n, 13n, 14n, 15n, 16n, 17n, 18n, 19n]),
});

describe("read(write(x)) = x", () => {
  it("for packets", () => {
    fc.assert(
      fc.property(
        scalars,
        vector(5),
        vector(size),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        (proof, data, h, seed) => {
          const share = { ...proof, data: space.fromBigInts(data), h: space.fromBigInts(h) };
          expect(plain(readPacketA(config, writePacketA(config, share)))).toEqual({ ...proof, data, h });
          expect(readPacketB(config, writePacketB(config, { ...proof, seed }))).toEqual({ ...proof, seed });
        },
      ),
    );
  });

  it("for verify messages, states and total shares", () => {
    fc.assert(
      fc.property(element, element, vector(5), (d, e, total) => {
        expect(readVerify1(config, writeVerify1(config, { d, e }), "x")).toEqual({ d, e });
        expect(readVerify2(config, writeVerify2(config, d), "x")).toBe(d);
        expect(readState(config, writeState(config, space.fromBigInts(total))).toBigInts()).toEqual(total);
        for (const id of ["A", "B"] as const) {
          const share = writeTotalShare(config, id, space.fromBigInts(total));
          expect(readTotalShare(config, id, share).toBigInts()).toEqual(total);
          expect(codeOf(() => readTotalShare(config, id === "A" ? "B" : "A", share))).toBe("wrong-server");
        }
      }),
    );
  });
});

/** What a parser may say of bytes; `publish` says `overflow` of totals that it could read. */
const codes = /^(malformed|wrong-batch|wrong-server|overflow)$/;

/** Every parser of bytes from outside, by name. */
const parsers: Record<string, (bytes: Uint8Array) => unknown> = {
  "packet A": (bytes) => readPacketA(config, bytes),
  "packet B": (bytes) => readPacketB(config, bytes),
  verify1: (bytes) => readVerify1(config, bytes, "x"),
  verify2: (bytes) => readVerify2(config, bytes, "x"),
  state: (bytes) => Server.fromBytes(config, { id: "A", privateKey: keysA.privateKey, secret }, bytes),
  "total share": (bytes) => publish(config, bytes, bytes),
};

describe.each(Object.entries(parsers))("the parser of %s", (_, parse) => {
  const refusesQuietly = (bytes: Uint8Array) => {
    try {
      parse(bytes);
    } catch (error) {
      expect(error).toMatchObject({ name: "PrioError", code: expect.stringMatching(codes) });
    }
  };

  it("throws PrioError or succeeds on arbitrary bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refusesQuietly), { numRuns: 500 });
  });

  it("throws PrioError or succeeds on an honest packet with any byte changed, any cut, anything appended", () => {
    fc.assert(
      fc.property(fc.nat(honestA.length - 1), fc.nat(255), fc.uint8Array({ maxLength: 3 }), (i, byte, more) => {
        const changed = honestA.slice();
        changed[i] = byte;
        refusesQuietly(changed);
        refusesQuietly(honestA.subarray(0, i));
        refusesQuietly(Uint8Array.from([...honestA, ...more]));
      }),
      { numRuns: 300 },
    );
  });
});

describe("errors", () => {
  const packetWith = (change: (bytes: number[]) => void) => {
    const bytes = Array.from(honestA);
    change(bytes);
    return Uint8Array.from(bytes);
  };

  it("say where a packet is wrong", () => {
    const dataStart = honestA.indexOf(0x95) + 1;
    const messageOf = (bytes: Uint8Array) => errorOf(() => readPacketA(config, bytes)).message;
    expect(messageOf(packetWith((b) => b.splice(dataStart + 2, 1, 0xa0)))).toMatch(
      /^client packet: element 1 of data is empty$/,
    );
    expect(messageOf(packetWith((b) => b.splice(dataStart, 2, 0xab, ...new Array<number>(11).fill(0xff))))).toBe(
      "client packet: element 0 of data is not below the modulus",
    );
    expect(messageOf(packetWith((b) => b.push(0)))).toBe("client packet: expected the end, got 1 more bytes");
    expect(messageOf(honestA.subarray(0, dataStart))).toBe(
      "client packet: expected 5 elements in data, got 0 bytes for them",
    );
    expect(messageOf(packetWith((b) => b.splice(11, 2, 0xa0)))).toBe("client packet: a is empty");
    expect(errorOf(() => readPacketB(config, honestA)).code).toBe("wrong-server");
    expect(errorOf(() => readPacketA(configFor({ fields: 5, batchId: "other" }), honestA)).code).toBe("wrong-batch");
    expect(messageOf(packetWith((b) => b.splice(1, 1)))).toMatch(/batch/);
  });

  it("come before memory is taken for elements that are not there", () => {
    const large = integerConfigFor({ count: 262143, precision: 1 });
    const claims = Uint8Array.of(0xdd, 0, 3, 0xff, 0xff);
    expect(errorOf(() => readState(large, claims)).message).toMatch(
      /expected 262143 elements in the total, got 0 bytes/,
    );
    expect(errorOf(() => readState(large, Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff))).message).toMatch(
      /got 4294967295$/,
    );
  });

  it("accept leading zeros in any number and refuse the same with a value past the modulus", () => {
    const int = (...content: number[]) => Uint8Array.of(0xd9, content.length, ...content);
    const zeros = new Array<number>(200).fill(0);
    expect(readVerify2(config, int(...zeros, 7), "x")).toBe(7n);
    expect(codeOf(() => readVerify2(config, int(...zeros, 1, ...new Array<number>(11).fill(0)), "x"))).toBe(
      "malformed",
    );
  });
});
