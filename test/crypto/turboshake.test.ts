// TurboSHAKE128: the vectors of RFC 9861, and noble's for any message, in any pieces.

import { turboshake128 } from "@noble/hashes/sha3-addons.js";
import fc from "fast-check";
import { describe, expect, it, test, vi } from "vitest";
import { concat, equalBytes, toHex } from "../../src/core/bytes.js";
import { TurboShake128 } from "../../src/crypto/turboshake.js";

const RATE = 168;
const MAX = 3 * RATE + 5;

/** The stream's first bytes, in pieces of the lengths given. */
function squeeze(stream: TurboShake128, ...lengths: readonly number[]): Uint8Array {
  const pieces = lengths.map((length) => {
    // What was there before is overwritten.
    const piece = new Uint8Array(length).fill(0xaa);
    stream.fill(piece);
    return piece;
  });
  stream.end();
  return concat(...pieces);
}

const noble = (message: Uint8Array, D: number, dkLen: number) => turboshake128(message, { D, dkLen });

/** The message of `length` bytes in which the vectors of the RFC repeat 00 to FA. */
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => i % 0xfb);
const ones = (length: number) => new Uint8Array(length).fill(0xff);

// RFC 9861 section 5: 32 bytes of each.
test.each([
  ["", 0x1f, pattern(0), "1e415f1c5983aff2169217277d17bb538cd945a397ddec541f1ce41af2c1b74c"],
  ["ptn(1)", 0x1f, pattern(1), "55cedd6f60af7bb29a4042ae832ef3f58db7299f893ebb9247247d856958daa9"],
  ["ptn(17)", 0x1f, pattern(17), "9c97d036a3bac819db70ede0ca554ec6e4c2a1a4ffbfd9ec269ca6a111161233"],
  ["ptn(17^2)", 0x1f, pattern(17 ** 2), "96c77c279e0126f7fc07c9b07f5cdae1e0be60bdbe10620040e75d7223a624d2"],
  ["ptn(17^3)", 0x1f, pattern(17 ** 3), "d4976eb56bcf118520582b709f73e1d6853e001fdaf80e1b13e0d0599d5fb372"],
  ["ptn(17^4)", 0x1f, pattern(17 ** 4), "da67c7039e98bf530cf7a37830c6664e14cbab7f540f58403b1b82951318ee5c"],
  ["ptn(17^5)", 0x1f, pattern(17 ** 5), "b97a906fbf83ef7c812517abf3b2d0aea0c4f60318ce11cf103925127f59eecd"],
  ["FF FF FF", 0x01, ones(3), "bf323f940494e88ee1c540fe660be8a0c93f43d15ec006998462fa994eed5dab"],
  ["FF", 0x06, ones(1), "8ec9c66465ed0d4a6c35d13506718d687a25cb05c74cca1e42501abd83874a67"],
  ["FF FF FF", 0x07, ones(3), "b658576001cad9b1e5f399a9f77723bba05458042d68206f7252682dba3663ed"],
  ["FF FF FF FF FF FF FF", 0x0b, ones(7), "8deeaa1aec47ccee569f659c21dfa8e112db3cee37b18178b2acd805b799cc37"],
  ["FF", 0x30, ones(1), "553122e2135e363c3292bed2c6421fa232bab03daa07c7d6636603286506325b"],
  ["FF FF FF", 0x7f, ones(3), "16274cc656d44cefd422395d0f9053bda6d28e122aba15c765e5ad0e6eaf26f9"],
])("RFC 9861: message %s, domain separation byte %d", (_name, domain, message, expected) => {
  expect(toHex(squeeze(new TurboShake128(domain, [message]), 32))).toBe(expected);
});

test("RFC 9861: the last 32 of 10,032 bytes", () => {
  const bytes = squeeze(new TurboShake128(0x1f, []), 10_032);
  expect(toHex(bytes.subarray(-32))).toBe("a3b9b0385900ce761f22aed548e754da10a5242d62e8c658e3f3a923a7555607");
});

describe("beside noble", () => {
  it("takes in and gives out any message in any pieces", () => {
    const message = fc.array(fc.uint8Array({ maxLength: 2 * RATE + 2 }), { maxLength: 5 });
    const lengths = fc.array(fc.nat(2 * RATE + 2), { maxLength: 5 });
    fc.assert(
      fc.property(message, lengths, fc.integer({ min: 1, max: 0x7f }), (parts, pieces, domain) => {
        const bytes = squeeze(new TurboShake128(domain, parts), ...pieces);
        const { length } = bytes;
        expect(toHex(bytes)).toBe(length === 0 ? "" : toHex(noble(concat(...parts), domain, length)));
      }),
      { numRuns: 200 },
    );
  });

  it("agrees for every length of a message, to past three blocks", () => {
    for (let length = 0; length <= MAX; length++) {
      const message = pattern(length);
      expect(toHex(squeeze(new TurboShake128(1, [message]), 32)), `${length}`).toBe(toHex(noble(message, 1, 32)));
    }
  });

  it("agrees wherever two pieces of a message meet, and two of the stream", () => {
    const message = pattern(MAX);
    const expected = toHex(noble(message, 1, MAX));
    for (let at = 0; at <= MAX; at++) {
      const stream = new TurboShake128(1, [message.subarray(0, at), message.subarray(at)]);
      expect(toHex(squeeze(stream, at, MAX - at)), `${at}`).toBe(expected);
    }
  });

  it("agrees over a long stream", () => {
    const length = 1_000_003;
    const bytes = squeeze(new TurboShake128(1, [pattern(3)]), 999, length - 999);
    expect(equalBytes(bytes, noble(pattern(3), 1, length))).toBe(true);
  });

  it("keeps streams apart that are used by turns, and those that end and those that begin", () => {
    const expected = [0, 1, 2, 3].map((i) => toHex(noble(Uint8Array.of(i), 1, 400)));
    const streams = [0, 1, 2, 3].map((i) => new TurboShake128(1, [Uint8Array.of(i)]));
    const found = streams.map(() => new Uint8Array(400));
    for (let at = 0; at < 400; at += 100) {
      for (const [i, stream] of streams.entries()) stream.fill((found[i] as Uint8Array).subarray(at, at + 100));
    }
    expect(found.map(toHex)).toEqual(expected);
    for (const stream of streams) stream.end();
    const [first, second] = [new TurboShake128(1, [Uint8Array.of(0)]), new TurboShake128(1, [Uint8Array.of(1)])];
    expect(toHex(squeeze(first, 400))).toBe(expected[0]);
    expect(toHex(squeeze(second, 400))).toBe(expected[1]);
  });
});

test("a stream that ended gives nothing, and does not touch the next one", () => {
  const ended = new TurboShake128(1, []);
  ended.end();
  const next = new TurboShake128(1, [Uint8Array.of(7)]);
  expect(() => ended.fill(new Uint8Array(1))).toThrow(TypeError);
  expect(() => ended.end()).toThrow(TypeError);
  expect(toHex(squeeze(next, 200))).toBe(toHex(noble(Uint8Array.of(7), 1, 200)));
});

test("a stream that ended leaves zeros", () => {
  const made: Int32Array[] = [];
  vi.stubGlobal(
    "Int32Array",
    class extends Int32Array {
      constructor(length: number) {
        super(length);
        made.push(this);
      }
    },
  );
  try {
    const streams = [1, 2].map((i) => new TurboShake128(1, [Uint8Array.of(i)]));
    for (const stream of streams) stream.fill(new Uint8Array(1000));
    expect(made.length).toBeGreaterThanOrEqual(2);
    for (const words of made) expect(words.every((word) => word !== 0)).toBe(true);
    for (const stream of streams) stream.end();
    for (const words of made) expect(words.every((word) => word === 0)).toBe(true);
  } finally {
    vi.unstubAllGlobals();
  }
});
