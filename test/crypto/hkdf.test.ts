// HMAC-SHA256 and HKDF-SHA256, with the test cases of RFC 4231 and RFC 5869.

import { describe, expect, it } from "vitest";
import { concat, fromHex, toHex } from "../../src/core/bytes.js";
import { hkdfExpand, hkdfExtract, hmacSha256 } from "../../src/crypto/hkdf.js";
import { provider } from "../../src/crypto/provider.js";
import { providers, using } from "../support/providers.js";

const hex = (text: string) => fromHex(text, "test", text.length / 2);
const ascii = (text: string) => new TextEncoder().encode(text);
const range = (from: number, to: number) => Uint8Array.from({ length: to - from }, (_, i) => from + i);

describe.each(providers)("with %s", (name) => {
  it.each([
    [new Uint8Array(20).fill(0x0b), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
    [ascii("Jefe"), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"],
    [
      new Uint8Array(131).fill(0xaa),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ],
  ])("HMAC: test case %# of RFC 4231", (key, text, tag) => {
    expect(toHex(using(name, () => hmacSha256(key, ascii(text))))).toBe(tag);
    const [start, end] = [ascii(text.slice(0, 3)), ascii(text.slice(3))];
    expect(toHex(using(name, () => hmacSha256(key, start, end)))).toBe(tag);
  });

  it("HMAC: the definition of RFC 2104 for messages and keys of all lengths, whatever came before", () => {
    const sha256 = (...parts: readonly Uint8Array[]) => provider().sha256(concat(...parts));
    using(name, () => {
      for (let length = 0; length <= 300; length++) {
        const [key, message] = [range(0, (length * 37) % 131), range(length, 2 * length)];
        const block = new Uint8Array(64);
        block.set(key.length > 64 ? sha256(key) : key);
        const pad = (byte: number) => block.map((x) => x ^ byte);
        const tag = sha256(pad(0x5c), sha256(pad(0x36), message));
        expect(toHex(hmacSha256(key, message))).toBe(toHex(tag));
      }
    });
  });

  it.each([
    {
      input: new Uint8Array(22).fill(0x0b),
      salt: range(0, 13),
      info: range(0xf0, 0xfa),
      prk: "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
      okm: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    },
    {
      input: range(0, 0x50),
      salt: range(0x60, 0xb0),
      info: range(0xb0, 0x100),
      prk: "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
      okm:
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    },
    {
      input: new Uint8Array(22).fill(0x0b),
      salt: new Uint8Array(0),
      info: new Uint8Array(0),
      prk: "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
      okm: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    },
  ])("HKDF: test case %# of RFC 5869", ({ input, salt, info, prk, okm }) => {
    expect(toHex(using(name, () => hkdfExtract(salt, input)))).toBe(prk);
    expect(toHex(using(name, () => hkdfExpand(hex(prk), okm.length / 2, info)))).toBe(okm);
  });
});
