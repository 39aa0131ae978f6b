// prio publish --data-config: the totals of all batches in one file, a line each; what fails does not stop the others.

import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (...names: string[]) => folder.path(...names);
const read = (path: string) => readFileSync(path, "utf8");
const recorded = recordedBatch("cli-clean");
const { BATCH_ID: _id, N_DATA: _n, ...env } = recorded.env("a");
const aggregate = (side: string) => recorded.text(`server_a/intermediate/${side}/aggregate/data.ndjson`);
const { payload } = JSON.parse(recorded.text("server_a/processed/data.ndjson")) as { payload: number[] };

/** Puts a server's aggregate where prio-processor has it. */
function put(side: string, batchId: string, text = aggregate(side)): string {
  const directory = at(side, `batch_id=${batchId}`);
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/part-00000.json`, text);
  writeFileSync(`${directory}/_SUCCESS`, "");
  return directory;
}

const config = (...batches: object[]) => writeFileSync(at("config.json"), JSON.stringify(batches));
const n_data = recorded.fields;
const publish = (...more: string[]) =>
  prio(
    [
      ...["publish", "--data-config", at("config.json"), "--input-internal", at("internal")],
      ...["--input-external", at("external"), "--output", at("out"), "--min-reports", "1", ...more],
    ],
    { env },
  );
const rows = () =>
  read(at("out/data.ndjson"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeEach(() => {
  folder.empty();
  for (const side of ["internal", "external"]) for (const id of ["x-0", "x-1"]) put(side, id);
  config({ batch_id: "x-0", n_data }, { batch_id: "x-1", n_data });
});

it("writes a row for each batch, as prio-processor does, in the order of the configuration", async () => {
  const error = JSON.stringify({ ...(JSON.parse(aggregate("internal")) as object), error: 3, total: 28 });
  put("internal", "x-1", error);
  const { code, stdout, stderr } = await publish("--summary", at("summary"));
  expect([code, stdout, stderr]).toEqual([0, "", "prio: published 2 of 2 batches; 0 not there, 0 failed\n"]);
  expect(read(at("out/data.ndjson"))).toMatch(/^(\{"batch_id": .*\}\n){2}$/);
  const common = {
    id: expect.stringMatching(/^[-0-9a-f]{36}$/) as string,
    timestamp: expect.any(String) as string,
    payload,
  };
  expect(rows()).toEqual([
    { batch_id: "x-0", ...common, error: 0, total: 25 },
    { batch_id: "x-1", ...common, error: 3, total: 28 },
  ]);
  expect(JSON.parse(read(at("summary")))).toMatchObject({
    stage: "publish",
    published: 2,
    missing: 0,
    failed: 0,
    rows: 53,
    errors: 3,
    reports: 50,
    bytes_written: read(at("out/data.ndjson")).length,
  });
});

describe("a batch that cannot be published does not stop the others", () => {
  it.each<[string, () => void, string]>([
    [
      "the peer lacks it",
      () => rmSync(at("external/batch_id=x-0"), { recursive: true }),
      "external/batch_id=x-0 is not there",
    ],
    [
      "this server lacks it",
      () => rmSync(at("internal/batch_id=x-0"), { recursive: true }),
      "internal/batch_id=x-0 is not there",
    ],
    [
      "the counts differ",
      () => put("external", "x-0", JSON.stringify({ ...(JSON.parse(aggregate("external")) as object), total: 26 })),
      "the servers counted different reports: internal 25, external 26",
    ],
    [
      "_SUCCESS alone",
      () => rmSync(at("external/batch_id=x-0/part-00000.json")),
      "batch_id=x-0 has no parts besides _SUCCESS",
    ],
    ["it is something else", () => put("external", "x-0", "{}"), "expected an aggregate"],
    ["it is this server's own", () => put("external", "x-0", aggregate("internal")), "expected server id 1, got 0"],
    [
      "it is another batch's",
      () => put("external", "x-0", aggregate("external").replace(/\}$/, `, "batch_id": "y", "n_data": ${n_data}}`)),
      'is of batch "y" with 12 values, expected batch "x-0"',
    ],
  ])("%s", async (_, spoil, sentence) => {
    spoil();
    const { code, stderr } = await publish();
    expect(code).toBe(6);
    expect(stderr).toMatch(/^prio: error: batch "x-0": /);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain("published 1 of 2 batches; 0 not there, 1 failed\n");
    expect(rows().map((row) => row["batch_id"])).toEqual(["x-1"]);
  });

  it("one that neither server has is no error, as a day may lack it", async () => {
    config({ batch_id: "x-0", n_data }, { batch_id: "not there", n_data: 3 });
    const { code, stderr } = await publish();
    expect([code, stderr]).toEqual([
      0,
      'prio: warning: batch "not there": no aggregate is there\n' +
        "prio: published 1 of 2 batches; 1 not there, 0 failed\n",
    ]);
  });

  it("when none can be published, nothing is written", async () => {
    config({ batch_id: "y", n_data });
    const { code, stderr } = await publish("--summary", at("summary"));
    expect([code, stderr]).toEqual([1, expect.stringContaining("none of 1 batches was published")]);
    expect(readdirSync(at()).sort()).toEqual(["config.json", "external", "internal"]);
  });
});

it("a batch id is found under the name that Spark gives it", async () => {
  for (const side of ["internal", "external"]) put(side, "a%2Fb");
  config({ batch_id: "a/b", n_data });
  expect((await publish()).code).toBe(0);
  expect(rows()[0]?.["batch_id"]).toBe("a/b");
});

it("--pretty shows a table for each batch, whose name does not steer the terminal", async () => {
  const name = "x\u001b[31m";
  for (const side of ["internal", "external"])
    cpSync(at(side, "batch_id=x-0"), at(side, "batch_id=x%1B%5B31m"), { recursive: true });
  config({ batch_id: "x-0", n_data }, { batch_id: name, n_data });
  const { code, stdout } = await publish("--pretty");
  expect([code, stdout.match(/25 reports/g)?.length]).toEqual([0, 2]);
  expect(stdout).toContain("x-0: 25 reports\n");
  expect(stdout).toContain("x\\x1b[31m: 25 reports\n");
});

describe("usage", () => {
  it.each<[string, () => Promise<{ code: number; stderr: string }>, string]>([
    ["with --batch-id", () => publish("--batch-id", "x"), "--data-config and --batch-id cannot be together"],
    ["with --labels", () => publish("--labels", "x"), "--data-config and --labels cannot be together"],
    [
      "files for directories",
      () => publish("--input-internal", at("config.json")),
      "--input-internal: expected a directory",
    ],
    [
      "no output",
      () => prio(["publish", "--data-config", at("config.json")], { env }),
      "missing options --input-internal",
    ],
  ])("%s", async (_, run, sentence) => {
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });

  it.each<[string, unknown, string]>([
    ["no array", {}, 'expected a JSON array of objects with a "batch_id"'],
    ["no batch", [], 'expected a JSON array of objects with a "batch_id"'],
    ["no batch id", [{ n_data: 1 }], 'expected a JSON array of objects with a "batch_id"'],
    ["null", [null], 'expected a JSON array of objects with a "batch_id"'],
    ["no number", [{ batch_id: "x" }], 'batch "x": expected an "n_data"'],
    ["no positive number", [{ batch_id: "x", n_data: 0 }], "expected a JSON array"],
    ["too large a number", [{ batch_id: "x-0", n_data: 300_000 }], "--n-data: expected an integer from 1 to 262143"],
    [
      "a batch twice",
      [
        { batch_id: "x", n_data: 1 },
        { batch_id: "x", n_data: 2 },
      ],
      'batch "x" is there twice',
    ],
  ])("a configuration with %s", async (_, value, sentence) => {
    writeFileSync(at("config.json"), JSON.stringify(value));
    const { code, stderr } = await publish();
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });

  it("DATA_CONFIG does not disturb a script that publishes one batch", async () => {
    const files = ["--input-internal", at("internal/batch_id=x-0"), "--input-external", at("external/batch_id=x-0")];
    const argv = ["publish", "--batch-id", "x-0", "--n-data", String(n_data), ...files, "--output", at("one")];
    const { code } = await prio(argv, { env: { ...env, DATA_CONFIG: at("config.json"), MIN_REPORTS: "1" } });
    expect([code, read(at("one/data.ndjson"))]).toEqual([0, expect.stringMatching(/^\{"id": .*\]\}$/)]);
  });
});
