// What looks like a secret is masked in any text, names and paths are not, and no text steers the terminal.

import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { clip, masked, printable, quoted } from "../../src/cli/untrusted-text.js";
import { generateKeyPair, ServerSecret } from "../../src/index.js";

describe("masked", () => {
  const hex = generateKeyPair().privateKey.toHex();
  const base64 = ServerSecret.generate().toBase64();
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 40 }).map((x) => Buffer.from(x));
  /** What may stand around a secret in a message. */
  const around = fc.constantFrom("", " ", '"', "'", "--private-key-hex=", "/", "x/", "\n", ": ", "\u001b[31m");

  it("leaves no part of a key in hex, whatever stands around it", () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), around, around, (key, upper, before, after) => {
        const text = upper ? key.toString("hex").toUpperCase() : key.toString("hex");
        const shown = masked(before + text + after);
        expect(shown).toContain("[masked]");
        for (let i = 0; i + 12 <= text.length; i++) expect(shown).not.toContain(text.slice(i, i + 12));
      }),
    );
  });

  it("leaves no part of a secret in padded base64, whatever stands around it", () => {
    fc.assert(
      fc.property(bytes, around, around, (secret, before, after) => {
        const text = secret.subarray(0, 16).toString("base64");
        expect(masked(before + text + after)).not.toContain(text.slice(4, 16));
      }),
    );
  });

  it("masks nearly every random secret without padding, for URLs or not", () => {
    const secrets = Array.from({ length: 2000 }, () => ServerSecret.generate().toBytes());
    for (const encoding of ["base64", "base64url"] as const) {
      const missed = secrets.filter(
        (x) => !masked(Buffer.from(x).toString(encoding).slice(0, 22)).includes("[masked]"),
      );
      // One in 2,000 is expected; of 2,000 more than 12 never.
      expect(missed.length).toBeLessThanOrEqual(12);
    }
  });

  it("masks a key that lost a digit or gained one, and a secret in JSON", () => {
    for (const text of [hex.slice(1), `${hex}0`, hex.slice(0, 32), `0x${hex}`, JSON.stringify({ shared_seed: base64 })])
      expect(masked(text)).toContain("[masked]");
  });

  test.each([
    "missing options --public-key-hex-internal, --public-key-hex-external",
    "an environment variable serves as well: PUBLIC_KEY_HEX_INTERNAL, PRIVATE_KEY_FILE",
    "/var/lib/prio/server_a/intermediate/internal/verify1/data.ndjson",
    "/tmp/prio-test-AbC123/intermediate/external/verify1",
    "submission_date=2019-06-26/server_id=a/batch_id=content.blocking/part-00000.ndjson",
    "part-00000-0f3a2f1c-9b1d-4c7e-8a55-d2b0a7e6c913-c000.ndjson",
    "unexpected TypeError: x; at describeRows (file:///home/someone/node_modules/prio/dist/chunk-ABCD2345.js:10:5)",
  ])("leaves %s as it is", (text) => {
    expect(masked(text)).toBe(text);
  });

  it("masks a value before it cuts it", () => {
    for (const secret of [hex, base64]) {
      for (let before = 0; before < 45; before++) {
        const shown = quoted(`${".".repeat(before)}${secret}`);
        for (let i = 0; i + 6 <= secret.length; i++) expect(shown).not.toContain(secret.slice(i, i + 6));
        expect(shown.length).toBeLessThanOrEqual(43);
      }
    }
  });
});

describe("printable", () => {
  it("lets through no control character, no line break and no mark of direction", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(printable(text)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      }),
    );
    const all = Array.from({ length: 0xd800 }, (_, code) => String.fromCharCode(code)).join("");
    expect(printable(all)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  });

  it("shows them as escapes, and all other text as it is", () => {
    expect(printable("a\u001b[31mb\u202ec\nd")).toBe("a\\x1b[31mb\\u202ec\\x0ad");
    expect(printable("Größe 大きさ 👩‍👧")).toBe("Größe 大きさ 👩‍👧");
  });
});

it("clip cuts what is too long", () => {
  expect([clip("12345", 5), clip("123456", 5)]).toEqual(["12345", "1234…"]);
});
