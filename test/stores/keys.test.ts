// Which names objects can have.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareKeys, requireKey, requirePrefix, whyNoKey } from "../../src/stores/keys.js";
import { StoreError } from "../../src/stores/store.js";

describe("a key", () => {
  it.each([
    "a",
    "data/v1/ABCDEF/app/2020-01-01/raw/shares/batch_id=content.blocking_blocked-0/part-00000.json.gz",
    "_SUCCESS",
    ".hidden",
    "...",
    "a b+c%2F&=?#'\"é🙂",
    "x".repeat(1024),
  ])("may be %j", (key) => {
    expect(whyNoKey(key)).toBeNull();
  });

  it.each([
    ["", "empty"],
    ["/etc/passwd", "empty"],
    ["a//b", "empty"],
    ["a/", "empty"],
    ["..", '".."'],
    ["a/../b", '".."'],
    ["./a", '"."'],
    ["a\0", "control"],
    ["a\nb", "control"],
    ["\u001b[31m", "control"],
    ["a\\b", "backslash"],
    ["\ud800", "UTF-8"],
    [`${"é".repeat(512)}x`, "1024"],
    ["a/.part-0.0123abcd-77-89abcdef.tmp", "temporary"],
  ])("may not be %j", (key, reason) => {
    expect(whyNoKey(key)).toContain(reason);
    expect(() => requireKey(key, "cannot read", "s3://bucket")).toThrow(StoreError);
  });

  it("cannot lead out of a directory, nor be two files, whatever a peer tries", () => {
    const part = fc.constantFrom("a", "b", ".", "..", "", "/", "//", "\\", "c:", "\0", "%2e");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const key = parts.join("/");
        if (whyNoKey(key) !== null) return;
        const path = `/base/${key.replaceAll("%", "%25")}`;
        expect(new URL(`file://${path}`).pathname).toBe(path);
      }),
      { numRuns: 1000 },
    );
  });

  it("is quoted in a message, so that it cannot steer a terminal", () => {
    expect(() => requireKey("a\u001b[2J", "cannot read", "s3://bucket/")).toThrow(
      'cannot read s3://bucket/"a\\u001b[2J": no such name is used: it has a control character or a backslash',
    );
  });
});

it("a prefix may be empty and end with a slash or in the middle of a name, and nothing else that a key may not", () => {
  for (const prefix of ["", "a/", "a/b", "batch_id="]) requirePrefix(prefix, "cannot list", "/dir");
  for (const prefix of ["/", "a//", "../", "..", "a/./", "a\n"]) {
    expect(() => requirePrefix(prefix, "cannot list", "/dir")).toThrow("no such name is used");
  }
});

it("keys are in the order of their bytes in UTF-8", () => {
  const keys = ["a.txt", "a/b", "a0", "z", "\uffee", "\u{1f642}"];
  expect([...keys].reverse().sort(compareKeys)).toEqual(keys);
});
