// Key streams: what comes out does not depend on the pieces that it is asked for in.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat, equalBytes, toHex, utf8 } from "../../src/core/bytes.js";
import { provider } from "../../src/crypto/provider.js";
import { KeyStream, sha256 } from "../../src/crypto/stream.js";
import { providers, using } from "../support/providers.js";

const key = Uint8Array.from({ length: 16 }, (_, i) => 17 * i);
const zeros = new Uint8Array(16);

/** The bytes that a stream hands out next. */
function next(stream: KeyStream, length: number, likely?: number): Uint8Array {
  const start = stream.take(length, likely);
  return stream.bytes.subarray(start, start + length);
}

describe.each(providers)("with %s", (name) => {
  it("pieces of any length make one stream", () => {
    using(name, () => {
      const whole = provider().aes128Ctr(key, zeros)(2500);
      const length = fc.oneof(
        fc.nat(40),
        fc.nat(2000),
        fc.constantFrom(0, 15, 16, 17, 511, 512, 513, 1023, 1024, 1025),
      );
      fc.assert(
        fc.property(fc.array(length, { maxLength: 20 }), (lengths) => {
          const stream = new KeyStream(key);
          let offset = 0;
          for (const n of lengths) {
            expect(toHex(next(stream, n))).toBe(toHex(whole.subarray(offset, offset + n)));
            offset += n;
          }
        }),
        { numRuns: 200 },
      );
    });
  });

  it("pieces are the same however many bytes are said to be likely", () => {
    using(name, () => {
      const whole = provider().aes128Ctr(key, zeros)(2500);
      const piece = fc.tuple(fc.nat(1500), fc.nat(3000));
      fc.assert(
        fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
          const stream = new KeyStream(key);
          let offset = 0;
          for (const [n, more] of pieces) {
            expect(toHex(next(stream, n, n + more))).toBe(toHex(whole.subarray(offset, offset + n)));
            offset += n;
          }
        }),
        { numRuns: 100 },
      );
    });
  });

  it("carries the block counter from byte to byte", () => {
    using(name, () => {
      // 65,536 blocks and some: the counter passes 2^8 and 2^16 between pieces.
      const whole = provider().aes128Ctr(key, zeros)(65_600);
      const stream = new KeyStream(key);
      const pieces = [16 * 255, 1, 15, 16, 16 * (65_535 - 257), 7, 9, 16 * 64].map((n) => next(stream, n).slice());
      // A megabyte: toEqual would take seconds over it.
      expect(equalBytes(concat(...pieces), whole)).toBe(true);
    });
  });

  it("hands out bytes that are the caller's to change", () => {
    using(name, () => {
      const stream = new KeyStream(key);
      next(stream, 100).fill(0);
      const following = toHex(next(stream, 100));
      expect(following).toBe(toHex(provider().aes128Ctr(key, zeros)(13).subarray(100, 200)));
    });
  });

  it("SHA-256 of parts is that of the whole", () => {
    using(name, () => {
      const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
      expect(toHex(sha256(utf8("a", "part"), new Uint8Array(0), utf8("bc", "part")))).toBe(abc);
      expect(toHex(sha256(utf8("abc", "part")))).toBe(abc);
      expect(toHex(sha256())).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    });
  });
});
