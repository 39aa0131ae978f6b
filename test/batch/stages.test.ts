// The stages over the parts of a batch: however the rows are divided at each stage and at each server, what comes out
// is what one file gives.

import { appendFileSync, mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { readAggregates } from "../../src/batch/aggregate-sum.js";
import { configOf } from "../../src/batch/batch.js";
import { MessageFiles } from "../../src/batch/message-files.js";
import { type MaxLeftOut, TooManyLeftOut } from "../../src/batch/tally.js";
import { InputParts } from "../../src/files/input-parts.js";
import { openOutput } from "../../src/files/output.js";
import { publish, type QueryPoints, ServerSecret } from "../../src/index.js";
import { FileReplayRecord } from "../../src/replays/record.js";
import { scratch } from "../cli/support.js";
import { contentOf, encoded, FIELDS, type Id, other, type Rows, role, Stages, writeParts } from "./parts.js";

const folder = scratch();
afterAll(() => folder.remove());
beforeEach(folder.empty);
const at = (...names: string[]) => folder.path(...names);

const REPORTS = 24;
const valuesOf = (i: number) => Array.from({ length: FIELDS }, (_, k) => (i >> k) & 1);
const reports: readonly Rows[] = Array.from({ length: REPORTS }, (_, i) => encoded(`report ${i}`, valuesOf(i)));
const sums = Array.from({ length: FIELDS }, (_, k) => BigInt(reports.filter((__, i) => valuesOf(i)[k] === 1).length));
const ids = ["A", "B"] as const;

/** Rows in so many lists, of different lengths. */
function divided<T>(rows: readonly T[], count: number): T[][] {
  const lists: T[][] = Array.from({ length: count }, () => []);
  rows.forEach((row, i) => {
    lists[Math.floor(Math.sqrt(i / rows.length) * count)]?.push(row);
  });
  return lists;
}

/** The rows of a directory, dealt to other files in another order, as Spark's join does. */
function dealt(directory: string, count: number, to: string): string {
  const rows = Object.entries(contentOf(directory))
    .filter(([name]) => name !== "_SUCCESS")
    .flatMap(([, text]) => text.split("\n").filter((line) => line !== ""));
  const lists = Array.from({ length: count }, (_, k) => rows.filter((__, i) => (i * 7) % count === k).reverse());
  return writeParts(
    to,
    lists.map((list) => list.map((line) => `${line}\n`)),
  );
}

async function totals(paths: Readonly<Record<Id, readonly string[]>>): Promise<bigint[]> {
  const shares = { A: [] as Uint8Array[], B: [] as Uint8Array[] };
  for (const id of ids) {
    shares[id].push(...(await readAggregates(InputParts.of(paths[id]))).shares);
  }
  return publish(configOf(role("A", "report").batch), shares.A, shares.B);
}

describe.each(["stream", "first", "report", "batch"] as const)("query points %s", (queryPoints: QueryPoints) => {
  it("parts give the rows and the totals of one file, whatever the parts of the messages are", async () => {
    for (const id of ids) {
      const rows = reports.map((report) => report[id]);
      writeParts(at("one", id, "raw"), [rows]);
      writeParts(at("many", id, "raw"), divided(rows, 5));
    }
    for (const [way, messages] of [
      ["one", (_: Id, stage: string, owner: Id) => at("one", owner, stage)],
      ["many", (reader: Id, stage: string, owner: Id) => at("many", reader, `${owner}'s ${stage}`)],
    ] as const) {
      for (const stage of ["verify1", "verify2", "aggregate"] as const) {
        const before = stage === "aggregate" ? "verify2" : "verify1";
        for (const id of ids) {
          const stages = new Stages(id, queryPoints);
          const [raw, output] = [at(way, id, "raw"), at(way, id, stage)];
          const files = { internal: messages(id, before, id), external: messages(id, before, other[id]) };
          if (stage === "verify1") await stages.verify1(raw, output);
          if (stage === "verify2") await stages.verify2(raw, files, output);
          if (stage === "aggregate") {
            expect((await stages.aggregate(raw, files, at(way, id, "total"))).leftOut).toBe(0);
            const { leftOut, total, parts } = await stages.aggregateParts(raw, files, output);
            expect([leftOut, total, parts]).toEqual([0, REPORTS, way === "one" ? 1 : 5]);
          }
        }
        // Between the stages, each server's files are dealt anew: to 7 files for itself, and to 3 for the other.
        if (way === "one" || stage === "aggregate") continue;
        for (const reader of ids) {
          for (const owner of ids)
            dealt(at(way, owner, stage), reader === owner ? 7 : 3, messages(reader, stage, owner));
        }
      }
    }
    for (const id of ids) {
      for (const stage of ["verify1", "verify2"]) {
        const { _SUCCESS, ...parts } = contentOf(at("many", id, stage));
        expect(_SUCCESS).toBe("");
        expect(Object.keys(parts)).toEqual(Object.keys(contentOf(at("many", id, "raw"))));
        expect(Object.values(parts).join("")).toBe(contentOf(at("one", id, stage))["part-00000.ndjson"]);
      }
      expect(readFileSync(at("many", id, "total"), "utf8")).toBe(readFileSync(at("one", id, "total"), "utf8"));
    }
    const partial = (id: Id) =>
      Object.keys(contentOf(at("many", id, "raw"))).map((name) => at("many", id, "aggregate", name));
    expect(await totals({ A: [at("many/A/total")], B: [at("many/B/total")] })).toEqual(sums);
    expect(await totals({ A: partial("A"), B: partial("B") })).toEqual(sums);
    // One server in parts, the other as a whole.
    expect(await totals({ A: partial("A"), B: [at("one/B/total")] })).toEqual(sums);
  });
});

describe("one admission for the whole run", () => {
  it("finds ids and packets that an earlier part had, and lists file, line and reason", async () => {
    const [first, second, third] = reports.map(({ A }) => A) as [string, string, string];
    const samePacket = first.replace("report 0", "another id");
    writeParts(at("raw"), [[first, second], [], [third, first], [samePacket]]);
    const list = at("errors");
    const openErrors = () => openOutput(list, process);
    const tally = await new Stages("A", "stream", { openErrors }).verify1(at("raw"), at("verify1"));
    expect(tally.summary).toMatchObject({
      rows: 5,
      leftOut: 2,
      byReason: { "duplicate-id": 1, "duplicate-packet": 1 },
      parts: 4,
      bytesRead: Buffer.byteLength([first, second, third, first, samePacket].join("")),
    });
    const lines = readFileSync(list, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { file: at("raw/part-00002.ndjson"), line: 2, id: "report 0", reason: "duplicate-id" },
      { file: at("raw/part-00003.ndjson"), line: 1, id: "another id", reason: "duplicate-packet" },
    ]);
    const written = contentOf(at("verify1"));
    expect(Object.keys(written)).toEqual(["_SUCCESS", ...[0, 1, 2, 3].map((i) => `part-0000${i}.ndjson`)]);
    expect(written["part-00001.ndjson"]).toBe("");
    expect(tally.summary.bytesWritten).toBe(Object.values(written).join("").length);
  });

  it("one replay record for the whole run, which an aggregate a part counts as one total", async () => {
    const openReplays = () =>
      FileReplayRecord.open(at("replays"), {
        server: "A",
        secret: ServerSecret.fromBase64(role("A", "report").secret),
        reopensAnswered: true,
      });
    const stages = new Stages("A", "report", { openReplays });
    writeParts(
      at("raw"),
      divided(
        reports.map(({ A }) => A),
        3,
      ),
    );
    writeParts(at("rawB"), [reports.map(({ B }) => B)]);
    await stages.verify1(at("raw"), at("verify1"));
    await new Stages("B", "report").verify1(at("rawB"), at("peer1"));
    const first = { internal: at("verify1"), external: at("peer1") };
    await stages.verify2(at("raw"), first, at("verify2"));
    await new Stages("B", "report").verify2(
      at("rawB"),
      { internal: at("peer1"), external: at("verify1") },
      at("peer2"),
    );
    const second = { internal: at("verify2"), external: at("peer2") };
    await stages.aggregateParts(at("raw"), second, at("aggregate"));
    const before = contentOf(at("aggregate"));
    // The same again, and as one aggregate, is the same total.
    await stages.aggregateParts(at("raw"), second, at("aggregate"));
    expect(contentOf(at("aggregate"))).toEqual(before);
    await stages.aggregate(at("raw"), second, at("total"));
    // A part alone is another one.
    const part = stages.aggregate(at("raw/part-00001.ndjson"), second, at("part"));
    await expect(part).rejects.toThrow("an earlier run made an aggregate of some of these reports but not of all");
  });
});

describe("a run that leaves out too many rows", () => {
  const allow = (maxLeftOut: MaxLeftOut) => {
    writeParts(at("raw"), [
      [reports[0]?.A as string, "no row\n"],
      [reports[1]?.A as string, "none either\n"],
    ]);
    return new Stages("A", "report", { maxLeftOut }).verify1(at("raw"), at("out"));
  };

  it.each([{ rows: 2 }, { rows: 9 }, { percent: 50 }, { percent: 100 }])("is done with %o", async (max) => {
    expect((await allow(max)).leftOut).toBe(2);
  });

  it.each([{ rows: 1 }, { rows: 0 }, { percent: 49.9 }, { percent: 0 }])("fails with %o", async (max) => {
    const error = await allow(max).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(TooManyLeftOut);
    expect((error as TooManyLeftOut).tally.summary).toMatchObject({ rows: 4, byReason: { "malformed-json": 2 } });
    expect((error as TooManyLeftOut).message).toMatch(/^2 of 4 rows were left out, more than [\d.]+( %)?$/);
    expect(readdirSync(at())).toEqual(["raw"]);
  });
});

describe("parts that change under way", () => {
  const change: readonly [string, () => void, RegExp][] = [
    ["a later part grows", () => appendFileSync(at("raw/part-00002.ndjson"), "x\n"), /part-00002.ndjson has changed/],
    [
      "a later part goes",
      () => unlinkSync(at("raw/part-00002.ndjson")),
      /cannot read .*part-00002.ndjson: no such file/,
    ],
    [
      "one that was read goes",
      () => unlinkSync(at("raw/part-00000.ndjson")),
      /raw has changed.*: part-00000.ndjson has gone/,
    ],
    [
      "another appears",
      () => writeFileSync(at("raw/part-00009.ndjson"), ""),
      /raw has changed.*: part-00009.ndjson has appeared/,
    ],
  ];

  it.each(change)("%s: the run fails, and nothing is written", async (_, disturb, sentence) => {
    writeParts(
      at("raw"),
      divided(
        reports.map(({ A }) => A),
        3,
      ),
    );
    let isDisturbed = false;
    const progress = () => {
      if (!isDisturbed) disturb();
      isDisturbed = true;
    };
    const run = new Stages("A", "report", { progress }).verify1(at("raw"), at("out"));
    await expect(run).rejects.toThrow(sentence);
    expect(readdirSync(at())).toEqual(["raw"]);
  });
});

describe("messages by id", () => {
  it("are found in any number of files of any order, compressed or not, and the first of an id counts", async () => {
    const file = fc.record({ rows: fc.array(fc.nat(30), { maxLength: 8 }), isCompressed: fc.boolean() });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 1, maxLength: 6 }), async (files) => {
        const directory = at(`messages ${run++}`);
        mkdirSync(directory);
        const expected = new Map<number, string>();
        for (const [i, { rows, isCompressed }] of files.entries()) {
          const payload = (x: number) => `from ${i}: ${x}`;
          const text = rows.map((x) => JSON.stringify({ id: `id ${x}`, payload: payload(x) })).join("\n");
          for (const x of rows) if (!expected.has(x)) expected.set(x, payload(x));
          writeFileSync(`${directory}/${i}${isCompressed ? ".gz" : ""}`, isCompressed ? gzipSync(text) : text);
        }
        const messages = await MessageFiles.of(InputParts.of([directory]));
        for (let x = 0; x <= 30; x++) expect(messages.get(`id ${x}`)).toBe(expected.get(x));
        messages.close();
      }),
      { numRuns: 100 },
    );
  });
});
