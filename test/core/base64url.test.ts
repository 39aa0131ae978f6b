// Base64url without padding: the examples of RFC 4648, and one text for every byte string.

import fc from "fast-check";
import { expect, it } from "vitest";
import { fromBase64Url, toBase64Url } from "../../src/core/base64url.js";
import { fromHex, toHex } from "../../src/core/bytes.js";
import { codeOf, errorOf } from "../support/deployment.js";

const ascii = (text: string) => new TextEncoder().encode(text);

it.each([
  ["", ""],
  ["f", "Zg"],
  ["fo", "Zm8"],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg"],
  ["fooba", "Zm9vYmE"],
  ["foobar", "Zm9vYmFy"],
])("%j is %j", (text, encoded) => {
  expect(toBase64Url(ascii(text))).toBe(encoded);
  expect(fromBase64Url(encoded, "test")).toEqual(Uint8Array.from(ascii(text)));
});

it("writes the task id and the job id of the draft's example", () => {
  const taskId = "f0163447364ccf1bc0e3affcca6873c9c381f64acdf9020662f83f46c07219e7";
  expect(toBase64Url(fromHex(taskId, "test", 32))).toBe("8BY0RzZMzxvA46_8ymhzycOB9krN-QIGYvg_RsByGec");
  expect(toBase64Url(fromHex("95ceda51e1a9752368b0d961f9466128", "test", 16))).toBe("lc7aUeGpdSNosNlh-UZhKA");
});

it("reads what it wrote, and no other text for the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const text = toBase64Url(bytes);
      expect(toHex(fromBase64Url(text, "test", bytes.length))).toBe(toHex(bytes));
      for (const other of [`${text}=`, `${text} `, `${text}==`, `${text}\n`]) {
        expect(codeOf(() => fromBase64Url(other, "test"))).toBe("invalid-encoding");
      }
    }),
  );
  for (const other of ["Zh", "Zm9", "+w", "/w", "A", "é"]) {
    expect(codeOf(() => fromBase64Url(other, "test"))).toBe("invalid-encoding");
  }
});

it("says what is wrong, and does not show the text", () => {
  expect(errorOf(() => fromBase64Url("Zm9v", "id", 16)).message).toBe("id: expected 16 bytes in base64url, got 3");
  expect(errorOf(() => fromBase64Url("secret!", "id")).message).not.toContain("secret");
  for (const x of [null, 1, ascii("Zg")]) expect(codeOf(() => fromBase64Url(x, "id"))).toBe("invalid-argument");
});
