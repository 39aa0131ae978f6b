// prio index: totals get the names of what they count, in order, and the batches of one question are joined.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { prio, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (...names: string[]) => folder.path(...names);
const read = (path: string) => readFileSync(path, "utf8");
const json = (name: string, value: unknown): string => {
  writeFileSync(at(name), JSON.stringify(value));
  return at(name);
};

const SIZES = { "q.blocked-0": 5, "q.blocked-1": 3, solo: 2 };
const batches = Object.entries(SIZES).map(([batch_id, n_data]) => ({ batch_id, n_data }));
const origins = Array.from({ length: 9 }, (_, index) => ({ name: `site${index}.test`, hash: `h${index}=`, index }));
/** Published totals that are the indices themselves. */
const published = (batchId: string, offset: number, count: number, more: object = {}) => ({
  batch_id: batchId,
  id: `id of ${batchId}`,
  timestamp: "2026-11-30T00:00:00.000000",
  payload: Array.from({ length: count }, (_, i) => offset + i),
  ...more,
});
const rows = [published("q.blocked-1", 5, 3), published("solo", 0, 2), published("q.blocked-0", 0, 5)];
const lines = (list: readonly object[]) => list.map((row) => `${JSON.stringify(row)}\n`).join("");

beforeEach(() => {
  folder.empty();
  json("batches.json", batches);
  json("origins.json", origins);
  writeFileSync(at("totals.ndjson"), lines(rows));
});

const index = (argv: readonly string[] = [], input: readonly string[] = [at("totals.ndjson")], stdin = "") =>
  prio(["index", "--input", ...input, "--data-config", at("batches.json"), "--origins", at("origins.json"), ...argv], {
    stdin,
  });

describe("the totals of a question's batches", () => {
  const expected = (["q.blocked", "solo"] as const).flatMap((question) =>
    origins.slice(0, question === "solo" ? 2 : 8).map((origin) => ({
      id: `id of ${question === "solo" ? "solo" : origin.index < 5 ? "q.blocked-0" : "q.blocked-1"}`,
      timestamp: "2026-11-30T00:00:00.000000",
      batch_id: question,
      origin: origin.name,
      hash: origin.hash,
      index: origin.index,
      aggregate: origin.index,
    })),
  );

  it("get their names in order, whatever the order of the rows is, in each format", async () => {
    const ndjson = await index(["--format", "ndjson"]);
    expect([ndjson.code, ndjson.stderr]).toEqual([0, ""]);
    const objects = ndjson.stdout.trimEnd().split("\n");
    expect(objects.map((line) => JSON.parse(line) as unknown)).toEqual(expected);
    const whole = await index(["--format", "json", "--output", at("out.json")]);
    expect([whole.code, whole.stdout, JSON.parse(read(at("out.json")))]).toEqual([0, "", expected]);
    const { stdout } = await index(["--format", "csv"]);
    const [head, ...cells] = stdout.trimEnd().split("\n");
    expect(head).toBe("id,timestamp,batch_id,origin,hash,index,aggregate");
    expect(cells).toEqual(expected.map((row) => Object.values(row).join(",")));
  });

  it("in a table for each question, with shares where the reports are known", async () => {
    const { stdout } = await index([], [at("totals.ndjson")]);
    expect(stdout).toMatch(
      /^q\.blocked\nsite0\.test +0\n.*\nsite7\.test +7 .*\n\nsolo\nsite0\.test +0\nsite1\.test +1 /s,
    );
    const counted = rows.map((row, i) => ({ ...row, error: 2, total: 12 + i * 10 }));
    writeFileSync(at("counted"), lines(counted));
    const shares = await index([], [at("counted")]);
    expect(shares.stdout).toMatch(/^q\.blocked: 10 to 30 reports\n/);
    expect(shares.stdout).toMatch(/site4\.test +4 +13\.3 % .*\nsite5\.test +5 +50\.0 %/);
    await index(["--output", at("table")], [at("counted")]);
    expect(read(at("table"))).toBe(shares.stdout);
  });

  it("from the directories of a publication, from compressed files and from standard input", async () => {
    const { stdout } = await index(["--format", "ndjson"]);
    for (const row of rows) {
      const { batch_id, ...rest } = row;
      mkdirSync(at("publish", `batch_id=${batch_id}`), { recursive: true });
      writeFileSync(at("publish", `batch_id=${batch_id}`, "part-00000.json"), JSON.stringify(rest));
      writeFileSync(at("publish", `batch_id=${batch_id}`, "_SUCCESS"), "");
    }
    writeFileSync(at("publish", "_SUCCESS"), "");
    writeFileSync(at("totals.gz"), gzipSync(lines(rows)));
    for (const result of [
      await index(["--format", "ndjson"], [at("publish")]),
      await index(["--format", "ndjson"], [at("totals.gz")]),
      await index(["--format", "ndjson"], ["-"], lines(rows)),
    ]) {
      expect([result.code, result.stderr, result.stdout]).toEqual([0, "", stdout]);
    }
  });

  it("of 64 bits and below 0 keep all digits", async () => {
    const text = JSON.stringify(published("solo", 0, 2)).replace("[0,1]", "[18446744073709551615, -7]");
    const { stdout } = await index(["--format", "ndjson"], ["-"], text);
    expect(stdout.match(/"aggregate":[-\d]+/g)).toEqual(['"aggregate":18446744073709551615', '"aggregate":-7']);
    expect((await index(["--format", "csv"], ["-"], text)).stdout).toContain(",0,18446744073709551615\n");
    expect((await index([], ["-"], text)).stdout).toContain("18,446,744,073,709,551,615");
  });
});

describe("names", () => {
  it("may be a list of texts, or one a line", async () => {
    const { stdout } = await index(["--format", "csv"]);
    for (const text of [
      JSON.stringify(origins.map(({ name }) => name)),
      origins.map(({ name }) => `${name}\r\n`).join(""),
    ]) {
      writeFileSync(at("origins.json"), text);
      expect((await index(["--format", "csv"])).stdout).toBe(stdout.replace(/,h\d=,/g, ",,"));
    }
  });

  it("are no formulas in CSV, and stay as they are in JSON", async () => {
    const names = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", 'plain, with\nall"', "a=b", "é 日"];
    json(
      "origins.json",
      names.map((name, i) => ({ name, hash: i === 0 ? "+abc=" : "h", index: i })),
    );
    json("batches.json", [{ batch_id: "x", n_data: 8 }]);
    writeFileSync(at("totals.ndjson"), JSON.stringify(published("x", 0, 8)));
    const { stdout } = await index(["--format", "csv"]);
    expect(stdout).toContain(`,x,"'=HYPERLINK(""http://x"")",'+abc=,0,0\n`);
    for (const cell of [
      ",x,'+1,",
      ",x,'-1,",
      ",x,'@SUM(A1),",
      ",x,'\t=1,",
      ',x,"plain, with\nall""",',
      ",x,a=b,",
      ",x,é 日,",
    ]) {
      expect(stdout).toContain(cell);
    }
    expect(stdout).not.toMatch(/(^|,)"?[=+@]/m);
    const objects = (await index(["--format", "ndjson"])).stdout.trimEnd().split("\n");
    expect(objects.map((line) => (JSON.parse(line) as { origin: string }).origin)).toEqual(names);
  });

  it("do not steer the terminal", async () => {
    json(
      "origins.json",
      ["\u001b[31mred", "two\u202e"].map((name, index) => ({ name, hash: "h", index })),
    );
    json("batches.json", [{ batch_id: "x", n_data: 2 }]);
    writeFileSync(at("totals.ndjson"), JSON.stringify(published("x", 0, 2)));
    const argv = [
      "index",
      "--input",
      at("totals.ndjson"),
      "--data-config",
      at("batches.json"),
      "--origins",
      at("origins.json"),
    ];
    for (const format of ["table", "csv", "json", "ndjson"]) {
      const { stdout } = await prio([...argv, "--format", format], { columns: 80, env: { NO_COLOR: "1" } });
      expect([format, stdout]).toEqual([format, expect.not.stringMatching("[\u001b\u202e]")]);
    }
  });
});

describe("what is left out is told", () => {
  it("rows of batches that are not in the configuration, and batches without a row", async () => {
    writeFileSync(at("totals.ndjson"), lines([published("bad-id", 0, 10), published("q.blocked-0", 0, 5)]));
    const { code, stdout, stderr } = await index(["--format", "ndjson"]);
    expect([code, stdout.split("\n").length - 1]).toEqual([0, 5]);
    expect(stderr).toMatch(/warning: 1 rows are of batches that .*batches\.json does not have: they are left out\n/);
    expect(stderr).toContain('warning: no totals are there of "q.blocked-1", "solo"\n');
  });
});

describe("what is refused, and nothing written", () => {
  it.each<[string, () => unknown, number, string]>([
    [
      "a batch twice",
      () => writeFileSync(at("totals.ndjson"), lines([...rows, ...rows.slice(0, 1)])),
      1,
      'batch "q.blocked-1" is there twice',
    ],
    [
      "too many totals",
      () => writeFileSync(at("totals.ndjson"), lines([published("solo", 0, 3)])),
      1,
      "expected 2 totals, got 3",
    ],
    [
      "too few totals",
      () => writeFileSync(at("totals.ndjson"), lines([published("solo", 0, 0)])),
      1,
      "expected published totals",
    ],
    [
      "no batch id",
      () => writeFileSync(at("totals.ndjson"), lines([{ ...published("", 0, 2), batch_id: undefined }])),
      1,
      "does not say which batch it is of",
    ],
    [
      "another stage's file",
      () => writeFileSync(at("totals.ndjson"), '{"id": "x", "payload": "AAAA"}'),
      1,
      "line 1: expected published totals",
    ],
    [
      "no integers",
      () => writeFileSync(at("totals.ndjson"), lines([{ ...published("solo", 0, 2), payload: [1.5, "1"] }])),
      1,
      "expected published totals",
    ],
    ["no JSON", () => writeFileSync(at("totals.ndjson"), "id,payload\n"), 1, "expected published totals"],
    ["nothing", () => writeFileSync(at("totals.ndjson"), ""), 1, "no totals of the batches"],
    [
      "a part without the one before",
      () => json("batches.json", [{ batch_id: "x-1", n_data: 1 }]),
      2,
      'batch "x-1" is there, and "x-0" is not',
    ],
    [
      "a part twice",
      () =>
        json("batches.json", [
          { batch_id: "x-0", n_data: 1 },
          { batch_id: "x-00", n_data: 1 },
        ]),
      2,
      "is part 0 of a question that has one already",
    ],
    [
      "fewer names than values",
      () => json("origins.json", origins.slice(0, 7)),
      2,
      '--origins: "q.blocked-1" needs 8 names, and there are 7',
    ],
    ["names out of order", () => json("origins.json", [...origins].reverse()), 2, "entry 0: expected index 0, got 8"],
    ["no names", () => writeFileSync(at("origins.json"), ""), 2, "needs 5 names, and there are 0"],
    ["names that are none", () => json("origins.json", [{ name: 7 }]), 2, "expected a JSON array of objects"],
    ["names that are no JSON", () => writeFileSync(at("origins.json"), "[1,"), 2, "expected a JSON array of objects"],
  ])("%s", async (_, spoil, exitCode, sentence) => {
    spoil();
    const { code, stdout, stderr } = await index(["--format", "csv", "--output", at("out.csv")]);
    expect([code, stdout, stderr]).toEqual([exitCode, "", expect.stringContaining(sentence)]);
    expect(readdirSync(at())).not.toContain("out.csv");
  });

  it("an output over what is read, and a format that is none", async () => {
    for (const name of ["totals.ndjson", "batches.json", "origins.json"]) {
      const before = read(at(name));
      const { code, stderr } = await index(["--format", "csv", "--output", at(name)]);
      expect([code, stderr, read(at(name))]).toEqual([2, expect.stringContaining("--output would write over"), before]);
    }
    expect((await index(["--format", "xml"])).stderr).toContain("--format: expected table, csv, json or ndjson");
  });
});
