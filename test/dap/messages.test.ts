// Every message of DAP: what is read is written again to the same bytes, and whatever comes is read or `malformed`.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { PrioError } from "../../src/index.js";
import { codeOf } from "../support/deployment.js";
import { type Message, messages } from "./arbitraries.js";

/** What is read of some bytes, and written again to the same ones; undefined if they are malformed. */
function readAgain({ encode, decode }: Message, bytes: Uint8Array): unknown {
  let read: unknown;
  try {
    read = decode(bytes);
  } catch (error) {
    if (error instanceof PrioError && error.code === "malformed") return undefined;
    throw error;
  }
  if (toHex(encode(read)) !== toHex(bytes)) throw new Error("expected the same bytes again");
  return read;
}

describe.each(messages)("$name", (message) => {
  const { arbitrary, encode, decode } = message;

  it("is read as it was written, and its bytes are written again", () => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        const bytes = encode(value);
        expect(decode(bytes)).toEqual(value);
        expect(toHex(encode(decode(bytes)))).toBe(toHex(bytes));
      }),
    );
  });

  it("is read from a view of shared memory, and keeps nothing of it", () => {
    const [value] = fc.sample(arbitrary, { numRuns: 1, seed: 14 });
    const bytes = encode(value);
    // Pages that are not isolated have no shared buffers.
    const Memory = globalThis.SharedArrayBuffer ?? ArrayBuffer;
    const shared = new Uint8Array(new Memory(bytes.length + 2), 1, bytes.length);
    shared.set(bytes);
    const read = decode(shared);
    shared.fill(0xff);
    expect(read).toEqual(value);
    expect(toHex(encode(read))).toBe(toHex(bytes));
  });

  it("cut short or continued, is malformed or another message", () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 3 }), (value, cut, more) => {
        const bytes = encode(value);
        readAgain(message, bytes.subarray(0, bytes.length === 0 ? 0 : cut % bytes.length));
        expect(readAgain(message, Uint8Array.of(...bytes, ...more))).not.toEqual(value);
      }),
    );
  });

  it("with one bit changed, is malformed or another message", () => {
    const [value] = fc.sample(arbitrary, { numRuns: 1, seed: 18 });
    const bytes = encode(value);
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(readAgain(message, changed)).not.toEqual(value);
    }
  });

  it("is not made of arbitrary bytes without being noticed", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        readAgain(message, bytes);
      }),
    );
  });

  it("is not made of what is no bytes", () => {
    for (const odd of [null, undefined, "", [], new DataView(new ArrayBuffer(4)), {}]) {
      expect(codeOf(() => decode(odd as never))).toBe("invalid-argument");
    }
  });

  it("is not written of what is no message", () => {
    for (const odd of [null, undefined, "", 1]) expect(codeOf(() => encode(odd))).toBe("invalid-argument");
  });
});
