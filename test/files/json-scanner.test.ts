// The scanner against JSON.parse: the same members of the same texts, or both refuse.

import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_DEPTH, scanObject, sizeOfArray, stringOf } from "../../src/files/json-scanner.js";

const NAMES = ["id", "payload"];

/** What the scanner finds: each member as JSON.parse reads its bytes; null when it refuses. */
function scanned(text: string | Buffer): unknown[] | null {
  // An offset, as the lines of a chunk have it.
  const bytes = Buffer.concat([Buffer.from("xyz"), Buffer.from(text)]).subarray(3);
  const found = isUtf8(bytes) ? scanObject(bytes, NAMES) : null;
  if (found === null) return null;
  return found.map((token): unknown => {
    if (token === undefined) return token;
    if (token.kind === "string") return stringOf(bytes, token);
    const value: unknown = JSON.parse(bytes.toString("utf8", token.start, token.end));
    const kind = Array.isArray(value)
      ? "array"
      : typeof value === "boolean" || value === null
        ? "literal"
        : typeof value;
    expect(token.kind).toBe(kind);
    if (Array.isArray(value)) {
      const isFlat = !value.some((item) => typeof item === "object" && item !== null);
      expect(sizeOfArray(bytes, token)).toEqual({ items: value.length, isFlat });
    }
    return value;
  });
}

/** What JSON.parse finds. */
function parsed(text: string | Buffer): unknown[] | null {
  const bytes = Buffer.from(text);
  if (!isUtf8(bytes)) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
    return NAMES.map((name) => (value as Record<string, unknown>)[name]);
  } catch {
    return null;
  }
}

const blank = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
/** Text of a JSON string, with escapes and what is none. */
const stringText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "i",
        "d",
        "payload",
        "\\u0069",
        "\\u0064",
        "é",
        "\\u00e9",
        "\\/",
        "\\n",
        '\\"',
        "\\\\",
        "\\ud800",
      ),
      fc.constantFrom("\\x", "\\u12", "\\u00g0", "\t", "\u0000", "\u001f", "\u007f", "\u2028", "😀", "A".repeat(50)),
      fc.string({ maxLength: 60 }),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `"${parts.join("")}"`);
const numberText = fc.oneof(
  fc.double().map(String),
  fc.bigInt().map(String),
  fc.constantFrom("-0", "0", "01", "-", "1.", ".5", "1e5", "1E+5", "1e-05", "1e", "0x1", "+1", "1.50", "1e5.0", "NaN"),
);
const { value: valueText } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    stringText,
    numberText,
    fc.constantFrom("true", "false", "null", "tru", "nulll", "True", "", "[", "{}", "[]", "[}", "[,]", "{,}", "[1,]"),
    tie("array"),
    tie("object"),
  ),
  array: fc
    .tuple(fc.array(tie("value"), { maxLength: 4 }), blank)
    .map(([items, b]) => `[${b}${items.join(`${b},`)}${b}]`),
  object: fc
    .tuple(fc.array(fc.tuple(stringText, blank, tie("value")), { maxLength: 4 }), blank)
    .map(([members, b]) => `{${b}${members.map(([key, c, x]) => `${key}${c}:${b}${x}${c}`).join(`,${b}`)}}`),
}));
/** An object, most often one with the members that are looked for, twice or with an escape in a name. */
const rowText = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom('"id"', '"payload"', '"\\u0069d"', '"ID"', '"pay\\load"', '"x"'), valueText), {
      maxLength: 5,
    }),
    blank,
    blank,
  )
  .map(([members, b, c]) => `${b}{${b}${members.map(([key, x]) => `${key}${c}:${b}${x}${c}`).join(`${c},${b}`)}}${c}`);

describe("the scanner and JSON.parse", () => {
  it("find the same in any text of JSON, or both refuse", () => {
    let refused = 0;
    const runs = 3000;
    fc.assert(
      fc.property(fc.oneof(rowText, valueText), (text) => {
        const expected = parsed(text);
        if (expected === null) refused++;
        expect(scanned(text)).toEqual(expected);
      }),
      { numRuns: runs },
    );
    // The texts are of both kinds.
    expect(refused).toBeGreaterThan(runs / 10);
    expect(refused).toBeLessThan((9 * runs) / 10);
  });

  it("find the same after any byte of a row has changed, been left out or been added", () => {
    const row = Buffer.from(
      '{"id": "0d2d3a1c-6a8c-4a1e-9b5c-00000000000é", "x": [1, {"y": null}, -2.5e-3], "payload": "QUJD\\r\\nREVG"}',
    );
    const edits = [(byte: number) => [byte], () => [], (byte: number, old: number) => [byte, old]] as const;
    const bytes = [...Buffer.from('"\\{}[]:,. \t-+eE01ut\u0000'), 0x80, 0xc3, 0xff];
    for (const edit of edits) {
      for (let at = 0; at < row.length; at++) {
        for (const byte of bytes) {
          const text = Buffer.concat([
            row.subarray(0, at),
            Buffer.from(edit(byte, row[at] as number)),
            row.subarray(at + 1),
          ]);
          expect([text.toString("latin1"), scanned(text)]).toEqual([text.toString("latin1"), parsed(text)]);
        }
      }
    }
  });

  it("find the same in strings of every length, with what ends or breaks a string at every place", () => {
    for (let length = 0; length < 100; length++) {
      for (const part of ['"', "\\n", "\\", "\u001f", "\u0000", " ", "\u0080", "é", "\uffff", "\u007f"]) {
        const text = `{"payload":"${"a".repeat(length)}${part}${"b".repeat(50 - (length % 50))}"}`;
        expect([text, scanned(text)]).toEqual([text, parsed(text)]);
      }
    }
  });

  it("take any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = Buffer.concat([Buffer.from('{"id":'), bytes, Buffer.from("}")]);
        expect(scanned(text)).toEqual(parsed(text));
      }),
      { numRuns: 1000 },
    );
  });
});

it("brackets may be as deep as the bound, and not deeper, however they are closed", () => {
  const nested = (depth: number, close = depth) => `{"id":${"[".repeat(depth)}${"]".repeat(close)}}`;
  const objects = (depth: number) => `{"id":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`;
  // The innermost pair is empty and takes no place.
  expect(scanned(nested(MAX_DEPTH + 1))).not.toBeNull();
  expect(scanned(nested(MAX_DEPTH + 2))).toBeNull();
  expect(scanned(objects(MAX_DEPTH))).not.toBeNull();
  expect(scanned(objects(MAX_DEPTH + 1))).toBeNull();
  for (const close of [0, 1, MAX_DEPTH, MAX_DEPTH + 2]) expect(scanned(nested(MAX_DEPTH + 1, close))).toBeNull();
});

it("a line of brackets takes no memory beside itself", () => {
  const half = 2 ** 22;
  const closed = Buffer.from(`{"id":${"[".repeat(half)}${"]".repeat(half)}}`);
  const wide = Buffer.from(`{"id":[${"[],".repeat(half)}0]}`);
  for (const line of [closed, wide]) {
    const before = process.memoryUsage().heapUsed;
    scanObject(line, NAMES);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 24);
  }
});
