// Rows: what is read as a row of packets, messages or values, what is refused, and rows as Python's json module
// writes them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { configOf } from "../../src/batch/batch.js";
import { maxShareRow, maxValuesRow } from "../../src/batch/row-limits.js";
import {
  decodeBase64,
  formatRow,
  isRefusal,
  parseRow,
  parseValues,
  pythonString,
  refuse,
} from "../../src/batch/rows.js";
import { chunksOf, linesOf } from "../../src/files/chunks.js";
import { Client, Config, generateKeyPair } from "../../src/index.js";

const row = (text: string) => parseRow(Buffer.from(text));

it("strings are escaped as Python's json does", () => {
  expect(pythonString('a"b\\c\n\t\u007f é 日 \u{1F600} \u2028')).toBe(
    '"a\\"b\\\\c\\n\\t\\u007f \\u00e9 \\u65e5 \\ud83d\\ude00 \\u2028"',
  );
});

describe("ids", () => {
  it.each([
    ["1", 1n],
    ["0", 0n],
    ["-7", -7n],
    ["9223372036854775807", 2n ** 63n - 1n],
    ["-9223372036854775808", -(2n ** 63n)],
    ['"1"', "1"],
    ['"\\u00e9"', "é"],
  ])("%s is read and written back as it was", (text, id) => {
    expect(row(`{"id": ${text}, "payload": "AAAA"}`)).toEqual({ id: String(id), writtenId: id, payload: "AAAA" });
    expect(formatRow(id, Uint8Array.of(0, 0, 0))).toBe(`{"id": ${text}, "payload": "AAAA"}\n`);
  });

  it.each([
    "1.0",
    "1e3",
    "9223372036854775808",
    "-9223372036854775809",
    "1".repeat(1000),
    '""',
    "null",
    "true",
    "[1]",
    "{}",
  ])("%s is none", (text) => {
    expect(row(`{"id": ${text}, "payload": "AAAA"}`)).toEqual(refuse("missing-field"));
  });

  it("a refusal names the id that could be read", () => {
    expect(row('{"id": 5}')).toEqual(refuse("missing-field", "5"));
    expect(row('{"id": "x", "payload": 1}')).toEqual(refuse("missing-field", "x"));
  });
});

describe("a short line and the same line made long", () => {
  // White space at the end changes no verdict. In so long a line, the scanner finds the members; in a short one,
  // JSON.parse does where that is safe.
  const long = (line: Buffer) => Buffer.concat([line, Buffer.alloc(65537, " ")]);
  const json = fc.constantFrom(
    ...['"x"', '"AAAA"', '""', '"\\ud800"', '"\\u0041\\/"', '"\ud83d\ude00"', '"[{"', "null", "true", "[1, 2]"],
    ...["[]", "{}", '{"id": "y"}', "1", "-1", "-0", "1.5", "1e400", "9007199254740993", "9223372036854775808", "01"],
  );
  const name = fc.constantFrom('"id"', '"payload"', '"\\u0069d"', '"__proto__"', '"constructor"', '"other"', '""');
  const blank = fc.constantFrom("", " ", "\t\r");
  const member = fc.tuple(blank, name, blank, json, blank).map(([a, b, c, d, e]) => `${a}${b}${c}:${d}${e}`);
  const object = fc.array(member, { maxLength: 5 }).map((members) => `{${members.join(",")}}`);
  const usual = fc
    .record({ id: fc.string({ unit: "binary" }), payload: fc.base64String() })
    .map((members) => JSON.stringify(members));
  const text = fc.oneof(object, usual, json, fc.string()).map((x) => Buffer.from(x));
  const nasty = fc.constantFrom(
    ...['"', "\\", "{", "}", "[", "]", ",", ":", "\u0000", "\u0001", "\ufeff", "\u00a0", "\u007f", "\\ud800", "é"],
  );
  const mutation = fc.record({
    at: fc.nat(60),
    removed: fc.nat(2),
    put: fc.oneof(
      nasty.map((x) => Buffer.from(x)),
      fc.uint8Array({ maxLength: 2 }),
    ),
  });
  const mutated = fc.tuple(text, fc.array(mutation, { maxLength: 2 })).map(([line, mutations]) =>
    mutations.reduce((old, { at, removed, put }) => {
      const start = Math.min(at, old.length);
      return Buffer.concat([old.subarray(0, start), put, old.subarray(start + removed)]);
    }, line),
  );

  it("are read as the same row, or refused for the same reason", () => {
    fc.assert(
      fc.property(mutated, (line) => {
        // An empty line stands for one that was too long.
        fc.pre(line.length > 0);
        expect(parseRow(line)).toEqual(parseRow(long(line)));
      }),
      { numRuns: 3000 },
    );
  });

  it("also where brackets nest as deep as they may, or deeper", () => {
    for (const depth of [511, 512, 513, 514, 30_000]) {
      const line = Buffer.from(`{"id": "x", "payload": "AAAA", "y": ${"[".repeat(depth)}${"]".repeat(depth)}}`);
      expect(parseRow(line), `${depth} brackets`).toEqual(parseRow(long(line)));
    }
  });
});

describe("wrapped base64", () => {
  const bytes = Buffer.alloc(300, 7);
  const wrap = (text: string, width: number, end: string) =>
    text.replace(new RegExp(`.{${width}}(?=.)`, "g"), `$&${end}`);
  const read = (payload: string) => {
    const found = row(JSON.stringify({ id: "x", payload }));
    return isRefusal(found) ? null : decodeBase64(found.payload);
  };

  it("with CR LF after every 76 characters is read", () => {
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length);
      expect(read(wrap(part.toString("base64"), 76, "\r\n"))?.equals(part), `${length} bytes`).toBe(true);
    }
  });

  it("otherwise it is no base64, as before", () => {
    const text = bytes.toString("base64");
    const wrapped = wrap(text, 76, "\r\n");
    const bad = [wrap(text, 64, "\r\n"), wrap(text, 76, "\n"), `${wrapped}\n`, ` ${wrapped}`];
    bad.push(wrapped.replace("\r\n", ""), wrapped.replace("\r\n", "\r\n\r\n"));
    for (const payload of bad) expect([payload, read(payload)]).toEqual([payload, null]);
  });
});

describe("values", () => {
  const values = (payload: string, count = 2) => parseValues(Buffer.from(`{"payload": ${payload}}`), count);

  it("are read, and refused before anything is built of them", () => {
    expect(values("[1, true]")).toEqual([1, true]);
    expect(values("[]", 0)).toEqual([]);
    expect(values("[1]")).toEqual(refuse("wrong-length"));
    expect(values("[[1], 0]")).toEqual(refuse("out-of-range"));
    expect(values('"AA"')).toEqual(refuse("missing-field"));
    expect(values("[1, 2")).toEqual(refuse("malformed-json"));
    expect(values(`[${"[".repeat(300)}${"]".repeat(300)}]`)).toEqual(refuse("wrong-length"));
  });
});

describe("the longest row", () => {
  const keys = { serverA: generateKeyPair().publicKey, serverB: generateKeyPair().publicKey };
  const reasonsOf = async (lines: readonly string[], line: number) => {
    async function* pieces() {
      yield await Promise.resolve(Buffer.from(`${lines.join("\n")}\n`));
    }
    const found: (string | undefined)[] = [];
    for await (const chunk of chunksOf(pieces(), { rows: 9, bytes: 2 ** 30, line })) {
      for (const text of linesOf(chunk)) {
        const read = parseRow(text);
        found.push(isRefusal(read) ? read.refused : undefined);
      }
    }
    return found;
  };

  it.each([1, 2, 3, 64, 1000])(
    "of %i fields is read with all that writers do to it, and one byte more is too long",
    async (fields) => {
      const config = new Config({ ...keys, batchId: "the longest row", fields });
      const max = maxShareRow(config);
      const { a } = new Client(config).encode(new Array<number>(fields).fill(1));
      const payload = Buffer.from(a)
        .toString("base64")
        .replace(/.{76}(?=.)/g, "$&\\r\\n")
        .replace(/[/+=]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
      const id = "\\u0041".repeat(65535);
      const longest = `{"id": "${id}", "payload": "${payload}"}`;
      expect(longest.length).toBeLessThan(max);
      const padded = (length: number) => longest.padEnd(length);
      expect(await reasonsOf([longest, padded(max), padded(max + 1), longest], max)).toEqual([
        undefined,
        undefined,
        "line-too-long",
        undefined,
      ]);
    },
  );

  it("of values has room for the widest integers and white space", () => {
    const count = 1000;
    const widest = JSON.stringify({ payload: new Array(count).fill(2 ** 42 - 1) }, null, 8).replaceAll("\n", "\r");
    expect(widest.length).toBeLessThan(maxValuesRow(count));
  });

  it("of the largest batch takes less than 24 MB", () => {
    expect(
      maxShareRow(
        configOf({
          batchId: "x",
          count: Config.maxFields,
          precision: undefined,
          publicKeyA: keys.serverA.toHex(),
          publicKeyB: keys.serverB.toHex(),
          prgKey: "batch",
        }),
      ),
    ).toBeLessThan(24e6);
  });
});
