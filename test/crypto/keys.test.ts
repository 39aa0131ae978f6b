// Keys and the servers' secret: text and bytes, both ways, and every wrong way.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/core/bytes.js";
import { generateKeyPair, PrivateKey, PublicKey, ServerSecret } from "../../src/index.js";
import { codeOf, errorOf } from "../support/deployment.js";
import { providers, using } from "../support/providers.js";
import { base64, verdicts } from "../support/recorded.js";

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe.each([
  ["PublicKey", PublicKey],
  ["PrivateKey", PrivateKey],
] as const)("%s", (_name, Key) => {
  it("is read and written as bytes and as hex, upper case when written", () => {
    fc.assert(
      fc.property(bytes32, fc.boolean(), (bytes, upper) => {
        const hex = toHex(bytes);
        const key = Key.fromHex(upper ? hex.toUpperCase() : hex);
        expect(key.toHex()).toBe(hex.toUpperCase());
        expect(key.toBytes()).toEqual(bytes);
        expect(Key.fromBytes(bytes).toHex()).toBe(key.toHex());
      }),
    );
  });

  it("copies the bytes it is given and those it gives", () => {
    const bytes = new Uint8Array(32).fill(7);
    const key = Key.fromBytes(bytes);
    bytes.fill(1);
    key.toBytes().fill(2);
    expect(key.toHex()).toBe("07".repeat(32));
  });

  it("takes a subclass of Uint8Array, as Node's Buffer is, and gives a plain one", () => {
    const key = Key.fromBytes(new (class extends Uint8Array {})(32).fill(7));
    expect(Object.getPrototypeOf(key.toBytes())).toBe(Uint8Array.prototype);
    expect(key.toHex()).toBe("07".repeat(32));
  });

  it.each([
    ["no argument", undefined, "invalid-argument"],
    ["null", null, "invalid-argument"],
    ["bytes for hex", new Uint8Array(32), "invalid-argument"],
    ["a String object", new Object("00".repeat(32)), "invalid-argument"],
    ["nothing", "", "wrong-length"],
    ["63 digits", "0".repeat(63), "wrong-length"],
    ["65 digits", "0".repeat(65), "wrong-length"],
    ["66 digits", "0".repeat(66), "wrong-length"],
    ["0x before", `0x${"0".repeat(64)}`, "wrong-length"],
    ["0x within", `0x${"0".repeat(62)}`, "invalid-encoding"],
    ["a letter past f", `${"0".repeat(63)}g`, "invalid-encoding"],
    ["a space within", `0 ${"0".repeat(62)}`, "invalid-encoding"],
    ["a digit too few, with a line break for it", `${"0".repeat(63)}\n`, "wrong-length"],
    ["a full-width digit", `${"0".repeat(63)}\uff10`, "invalid-encoding"],
    ["a minus sign", `-${"0".repeat(63)}`, "invalid-encoding"],
  ])("is not read from hex: %s", (_what, text, code) => {
    expect(codeOf(() => Key.fromHex(text as string))).toBe(code);
  });

  it("is read from hex with white space around it, as a file has it", () => {
    const hex = "0123456789ABCDEF".repeat(4);
    for (const text of [`${hex}\n`, ` ${hex}\r\n`, `\t${hex.toLowerCase()} `])
      expect(Key.fromHex(text).toHex()).toBe(hex);
  });

  it.each([
    ["no argument", undefined, "invalid-argument"],
    ["an array", new Array<number>(32).fill(0), "invalid-argument"],
    ["an ArrayBuffer", new ArrayBuffer(32), "invalid-argument"],
    ["other elements", new Uint16Array(32), "invalid-argument"],
    ["hex for bytes", "0".repeat(64), "invalid-argument"],
    ["no bytes", new Uint8Array(0), "wrong-length"],
    ["31 bytes", new Uint8Array(31), "wrong-length"],
    ["33 bytes", new Uint8Array(33), "wrong-length"],
  ])("is not read from bytes: %s", (_what, bytes, code) => {
    expect(codeOf(() => Key.fromBytes(bytes as Uint8Array))).toBe(code);
  });

  it("never throws anything but PrioError on arbitrary text and bytes, and says nothing of them", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ minLength: 64, maxLength: 64 })), (text) => {
        fc.pre(!/^[0-9a-f]{64}$/i.test(text));
        const error = errorOf(() => Key.fromHex(text));
        if (text.length > 8) expect(error.message).not.toContain(text);
      }),
      { numRuns: 200 },
    );
  });
});

describe("key pairs", () => {
  it.each(providers)("of %s: each another, the public key fitting the private one", (name) => {
    using(name, () => {
      const { publicKey, privateKey } = generateKeyPair();
      expect(privateKey.publicKey.equals(publicKey)).toBe(true);
      expect(PrivateKey.fromBytes(privateKey.toBytes()).publicKey.toHex()).toBe(publicKey.toHex());
      expect(generateKeyPair().privateKey.toHex()).not.toBe(privateKey.toHex());
    });
  });

  it.each(providers)("recorded from libprio fit with %s", (name) => {
    using(name, () => {
      for (const { privateKey, publicKey } of [verdicts.serverA, verdicts.serverB]) {
        expect(PrivateKey.fromHex(privateKey).publicKey.toHex()).toBe(publicKey.toUpperCase());
      }
    });
  });

  it("are equal by their bytes, and to nothing that is no key", () => {
    const { publicKey } = generateKeyPair();
    expect(publicKey.equals(PublicKey.fromHex(publicKey.toHex()))).toBe(true);
    expect(publicKey.equals(generateKeyPair().publicKey)).toBe(false);
    for (const other of [undefined, null, publicKey.toHex(), Object.create(PublicKey.prototype)]) {
      expect(publicKey.equals(other as PublicKey)).toBe(false);
    }
  });
});

describe("ServerSecret", () => {
  it("is read and written as bytes and as base64", () => {
    fc.assert(
      fc.property(bytes16, (bytes) => {
        const text = base64(bytes);
        expect(ServerSecret.fromBytes(bytes).toBase64()).toBe(text);
        expect(ServerSecret.fromBase64(text).toBytes()).toEqual(bytes);
      }),
    );
  });

  it("copies the bytes it is given and those it gives", () => {
    const bytes = new Uint8Array(16).fill(7);
    const secret = ServerSecret.fromBytes(bytes);
    bytes.fill(1);
    secret.toBytes().fill(2);
    expect(secret.toBytes()).toEqual(new Uint8Array(16).fill(7));
  });

  it("is fresh each time", () => {
    expect(ServerSecret.generate().toBytes()).toHaveLength(16);
    expect(ServerSecret.generate().toBase64()).not.toBe(ServerSecret.generate().toBase64());
  });

  it.each([
    ["no argument", undefined, "invalid-argument"],
    ["bytes for base64", new Uint8Array(16), "invalid-argument"],
    ["nothing", "", "wrong-length"],
    ["no padding", "A".repeat(22), "wrong-length"],
    ["24 bytes", "A".repeat(32), "wrong-length"],
    ["17 bytes in as many characters", `${"A".repeat(23)}=`, "invalid-encoding"],
    ["18 bytes in as many characters", "A".repeat(24), "invalid-encoding"],
    ["stray bits", `${"A".repeat(21)}B==`, "invalid-encoding"],
    ["base64url", `${"A".repeat(20)}-A==`, "invalid-encoding"],
    ["a space", `${"A".repeat(20)} A==`, "invalid-encoding"],
    ["padding within", `=${"A".repeat(21)}==`, "invalid-encoding"],
  ])("is not read from base64: %s", (_what, text, code) => {
    expect(codeOf(() => ServerSecret.fromBase64(text as string))).toBe(code);
  });

  it("is read from base64 with white space around it", () => {
    const text = ServerSecret.generate().toBase64();
    expect(ServerSecret.fromBase64(` ${text}\r\n`).toBase64()).toBe(text);
  });

  it.each([
    ["no argument", undefined, "invalid-argument"],
    ["base64 for bytes", `${"A".repeat(22)}==`, "invalid-argument"],
    ["15 bytes", new Uint8Array(15), "wrong-length"],
    ["17 bytes", new Uint8Array(17), "wrong-length"],
  ])("is not read from bytes: %s", (_what, bytes, code) => {
    expect(codeOf(() => ServerSecret.fromBytes(bytes as Uint8Array))).toBe(code);
  });
});
