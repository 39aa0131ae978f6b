// `prio inspect` takes any file: it never crashes, and no file steers the terminal or forges a line.

import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { prio } from "./support.js";

/** What inspect says of a file. It may not be a fault of ours. */
async function said(stdin: string | Uint8Array | Readable): Promise<string> {
  const { code, stdout, stderr } = await prio(["inspect", "-"], { stdin });
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
  // Each line is one of ours: the title, or a fact.
  for (const line of stdout.replace(/\n$/, "").split("\n").slice(1)) expect(line).toMatch(/^ {2}[a-z][a-z ]* {2}/);
  return stdout;
}

/** Any JSON value, and the names that would be called if it were made a text. */
const hostile = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double(),
    fc.constantFrom(null, true, 1e308, -0, [], {}),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom("toString", "valueOf", "toJSON", "length", "__proto__", "constructor", "x"),
      tie("value"),
    ),
  ),
})).value;

const NAMES = ["id", "payload", "timestamp", "total", "error", "public_key", "private_key", "shared_seed"] as const;
const row = fc.record(Object.fromEntries(NAMES.map((name) => [name, hostile])), { requiredKeys: [] });

describe("inspect of anything", () => {
  it("rows with any values under the names that it reads", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 3 }), async (rows) => {
        await said(rows.map((x) => JSON.stringify(x)).join("\n"));
      }),
    );
  });

  it("published totals with any time and id", async () => {
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (timestamp, id) => {
        await said(JSON.stringify({ payload: [1], timestamp, id }));
      }),
    );
  });

  it("bytes, texts and cut JSON", async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => void (await said(bytes))));
    await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), async (text) => void (await said(text))));
    await fc.assert(
      fc.asyncProperty(row, fc.nat(), async (x, at) => {
        const text = JSON.stringify(x);
        await said(text.slice(0, at % text.length));
      }),
    );
  });

  it("shows what is no text as that, and escapes what would colour or forge", async () => {
    expect(await said('{"payload":[1],"timestamp":{"toString":1,"valueOf":1},"id":1}')).toMatch(
      /time +not a text\n.*id +1\n/,
    );
    const forged = await said(
      JSON.stringify({ payload: [1], timestamp: "\u001b[31mred\n  id  forged", id: "\u202ex" }),
    );
    expect(forged).toContain("\\x1b[31mred\\x0a  id  forged\n");
    expect(forged).toContain("\\u202ex\n");
  });

  it("lines of nothing but brackets, in the memory of the line", async () => {
    // Built as values, they would take hundreds of megabytes.
    for (const value of [
      "[".repeat(2 ** 22),
      `${"[".repeat(2 ** 22)}${"]".repeat(2 ** 22)}`,
      `[${"[],".repeat(2 ** 21)}[]]`,
    ]) {
      const before = process.resourceUsage().maxRSS;
      await said(`{"id": "x", "other": ${value}, "payload": "AAAA"}\n{"id": "x", "payload": "AAAA"}\n`);
      expect((process.resourceUsage().maxRSS - before) / 1024).toBeLessThan(200);
    }
  });

  it("a text that is too long for the screen", async () => {
    expect(await said(JSON.stringify({ payload: [1], timestamp: "x ".repeat(10_000), id: 1 }))).toMatch(
      /time +too long to show\n/,
    );
  });

  it("files that no command reads as they are", async () => {
    const text = '{"payload": [1, 0]}\n';
    expect(await said(gzipSync(text))).toMatch(/: compressed by gzip\n {2}remedy {2}.*\.gz/);
    const wide = Buffer.from(`\ufeff${text}`, "utf16le");
    for (const bytes of [wide, Buffer.from(wide).swap16()]) expect(await said(bytes)).toMatch(/: rows in UTF-16\n/);
  });

  it("a stream that comes byte by byte", async () => {
    const stdin = Readable.from(Array.from('{"payload": [1, 0]}\n', (c) => Buffer.from(c)));
    expect(await said(stdin)).toMatch(/clients' values/);
  });
});
