// The command's parts that whole runs reach only with large files or a terminal: what a run remembers, looking up
// verification packets in any order, chunks of lines, and the progress line.

import { writeFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import type { ServerRole } from "../../src/batch/batch.js";
import { chunksOf, linesOf } from "../../src/batch/chunks.js";
import { FileRecord } from "../../src/batch/file-record.js";
import { Input } from "../../src/batch/input.js";
import { VerificationPackets } from "../../src/batch/lookup.js";
import { OffsetIndex } from "../../src/batch/offset-index.js";
import { pythonString } from "../../src/batch/rows.js";
import { clock, progressParts } from "../../src/cli/progress.js";
import { Talk } from "../../src/cli/reporter.js";
import { scratch } from "../cli/support.js";

const folder = scratch();
afterAll(() => folder.remove());

describe("what a run remembers", () => {
  it("a file's record tells prints apart that differ in either word, and refuses the second of two alike", () => {
    const batch = { batchId: "b", fields: 1, serverA: "", serverB: "" };
    const role = { batch, secret: "", queryPoints: "stream" } as unknown as ServerRole;
    const record = new FileRecord("aggregate", role);
    const decide = (idPrint: [number, number], packetPrint: [number, number]) =>
      record.decide({ id: "x", idPrint, packetPrint }, () => undefined);
    for (const [a, b] of [
      [1, 2],
      [1, 3],
      [4, 2],
    ] as const)
      expect(decide([a, b], [b, a])).toEqual({ id: "x", order: {} });
    expect(decide([1, 2], [9, 9])).toMatchObject({ refused: "duplicate-id" });
    expect(decide([9, 9], [2, 1])).toMatchObject({ refused: "duplicate-packet" });
  });

  it("an index gives all offsets of a hash in the order of their adding, past 2^32 too", () => {
    const index = new OffsetIndex(6);
    const last = 0xffffffff;
    const offsets = [0, 2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 39 + 5];
    for (const offset of offsets) index.add(last, offset);
    index.add(0, 77);
    expect([...index.offsets(last)]).toEqual(offsets);
    expect([...index.offsets(0)]).toEqual([77]);
    expect([...index.offsets(1)]).toEqual([]);
  });
});

describe("verification packets by id", () => {
  const rows = Array.from({ length: 3000 }, (_, i) => ({ id: `report ${i} é`, payload: `p${i}` }));
  const reversed = [...rows].reverse();
  const text = [
    ...reversed.map((row) => JSON.stringify(row)),
    "not a row",
    `{"id": "long", "payload": "${"x".repeat(300_000)}"}`,
    `{"id": "too long", "payload": "${"x".repeat(3_000_000)}"}`,
    JSON.stringify({ id: "report 7 é", payload: "a second one" }),
    JSON.stringify({ id: "last", payload: "without newline" }),
  ].join("\n");

  it.each(["plain.ndjson", "compressed.ndjson.gz"])("%s: rows in any order, first one of an id", async (name) => {
    writeFileSync(folder.path(name), name.endsWith(".gz") ? gzipSync(text) : text);
    const packets = await VerificationPackets.of(new Input(folder.path(name), Readable.from([])));
    for (const { id, payload } of [...rows, ...reversed]) expect(packets.get(id)).toBe(payload);
    expect(packets.get("last")).toBe("without newline");
    expect(packets.get("long")).toHaveLength(300_000);
    for (const unknown of ["too long", "report 3000 é", ""]) expect(packets.get(unknown)).toBeUndefined();
    packets.close();
  });

  it("an empty file has none", async () => {
    writeFileSync(folder.path("empty"), "");
    const packets = await VerificationPackets.of(new Input(folder.path("empty"), Readable.from([])));
    expect(packets.get("x")).toBeUndefined();
    packets.close();
  });
});

it("chunks hold a file's lines, however the bytes come and whatever the limits are", async () => {
  const line = fc.stringMatching(/^[a-z{} ]{0,12}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 30 }),
      async (lines, ends, rows, bytes, piece) => {
        const file = Buffer.from(`\uFEFF${lines.join("\r\n")}${ends ? "\n" : ""}`);
        async function* pieces() {
          for (let i = 0; i < file.length; i += piece) yield await Promise.resolve(file.subarray(i, i + piece));
        }
        const found: [number, string][] = [];
        let index = 0;
        for await (const chunk of chunksOf(pieces(), { rows, bytes })) {
          expect(chunk.index).toBe(index++);
          expect(chunk.ends.length).toBeLessThanOrEqual(rows);
          for (const [i, x] of linesOf(chunk).entries()) {
            found.push([chunk.numbers[i] as number, x.toString().replace(/\r$/, "")]);
          }
        }
        expect(found).toEqual(lines.map((x, i) => [i + 1, x] as const).filter(([, x]) => x.trim() !== ""));
      },
    ),
    { numRuns: 300 },
  );
});

it("strings are escaped as Python's json does", () => {
  expect(pythonString('a"b\\c\n\t\u007f é 日 \u{1F600} \u2028')).toBe(
    '"a\\"b\\\\c\\n\\t\\u007f \\u00e9 \\u65e5 \\ud83d\\ude00 \\u2028"',
  );
});

describe("the progress line", () => {
  const terminal = (columns: number) => {
    let text = "";
    const stream = new Writable({
      write(piece: Buffer, _encoding, done) {
        text += piece.toString();
        done();
      },
    });
    return { stream: Object.assign(stream, { isTTY: true, columns }), text: () => text };
  };
  const around = (stream: ReturnType<typeof terminal>["stream"], env: Record<string, string> = {}) => ({
    stdin: Readable.from([]),
    stdout: stream,
    stderr: stream,
    env: { NO_COLOR: "1", ...env },
  });

  it("tells share, rows, rate and time left in what the terminal has room for, and goes before other lines", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      for (const [columns, shown] of [
        [80, "verify1  25 %  5,000 rows  1,000 rows/s  0:15 left"],
        [30, "verify1  25 %  5,000 rows"],
        [10, "verify1"],
        [5, "veri"],
      ] as const) {
        const { stream, text } = terminal(columns);
        const talk = new Talk(around(stream), false);
        const progress = talk.progress("verify1", {}, 100, () => 25);
        progress.rows(1);
        expect(text()).toBe("");
        vi.advanceTimersByTime(5000);
        progress.rows(5000);
        progress.rows(5001);
        talk.warn("x\x1b[2Jy");
        expect(text()).toBe(`\r\x1b[K${shown}\r\x1b[Kprio: warning: x\\x1b[2Jy\n`);
      }
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ["under CI", { CI: "true" }, false],
    ["on a dumb terminal", { TERM: "dumb" }, false],
    ["when quiet", {}, true],
  ])("is not there %s", (_name, env, quiet) => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { stream, text } = terminal(80);
      const progress = new Talk(around(stream, env), quiet).progress("verify1", env, 100, () => 25);
      vi.advanceTimersByTime(5000);
      progress.rows(5000);
      progress.clear();
      expect(text()).toBe("");
    } finally {
      vi.useRealTimers();
    }
  });

  it("says nothing of the time left when the size is unknown", () => {
    expect(progressParts(1500, 3, undefined, 0)).toEqual(["1,500 rows", "500 rows/s"]);
    expect([0, 59.6, 3599, 3600, 36_061].map(clock)).toEqual(["0:00", "1:00", "59:59", "1:00:00", "10:01:01"]);
  });
});
