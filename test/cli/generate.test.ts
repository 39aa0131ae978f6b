// prio generate: the same seed makes the same bytes, whatever the parts are; every bad row is left out for its reason;
// and both servers publish the sums that are written beside the rows.

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { ROW_FAULTS } from "../../src/batch/generated-rows.js";
import { generateKeyPair, ServerSecret } from "../../src/index.js";
import { prio, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
beforeEach(folder.empty);
const at = (...names: string[]) => folder.path(...names);
const read = (path: string) => readFileSync(path, "utf8");
const keys = { A: generateKeyPair(), B: generateKeyPair() };
const secret = ServerSecret.generate().toBase64();
type Id = "A" | "B";
const env = (id: Id, more: Record<string, string> = {}) => ({
  BATCH_ID: "sample",
  N_DATA: "3",
  QUERY_POINTS: "report",
  SERVER_ID: id,
  PRIVATE_KEY_HEX: keys[id].privateKey.toHex(),
  SHARED_SECRET: secret,
  PUBLIC_KEY_HEX_INTERNAL: keys[id].publicKey.toHex(),
  PUBLIC_KEY_HEX_EXTERNAL: keys[id === "A" ? "B" : "A"].publicKey.toHex(),
  ...more,
});

const generate = (argv: readonly string[], more: Record<string, string> = {}, output = at("out")) =>
  prio(["generate", "--output", output, "--seed", "s", "--jobs", "1", ...argv], { env: env("A", more) });
const files = (directory = at("out")) =>
  readdirSync(directory, { recursive: true, encoding: "utf8", withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(directory.length + 1))
    .sort();
/** The rows of a batch at a server, from all parts. */
const rows = (server: "a" | "b", batch = "sample", directory = at("out")) => {
  const path = `${directory}/server_id=${server}/batch_id=${batch}`;
  return readdirSync(path)
    .sort()
    .map((name) => read(`${path}/${name}`))
    .join("");
};

interface Sums {
  batch_id: string;
  rows: number;
  reports: number;
  bad: Record<string, number>;
  payload: number[];
}
const sums = () =>
  read(at("out/_sums.ndjson"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Sums);

/** All stages of both servers over a generated batch. Returns the totals, and server A's reasons at each stage. */
async function collect(more: Record<string, string> = {}) {
  const reasons: Record<string, Record<string, number>> = {};
  const raw = (id: Id) => at(`out/server_id=${id.toLowerCase()}`, "batch_id=sample");
  for (const [stage, before] of [["verify1"], ["verify2", "verify1"], ["aggregate", "verify2"]] as const) {
    for (const id of ["A", "B"] as const) {
      const other = id === "A" ? "B" : "A";
      const messages =
        before === undefined ? [] : ["--input-internal", at(id, before), "--input-external", at(other, before)];
      const argv = [stage, "--input", raw(id), ...messages, "--output", at(id, stage), "--summary", at("summary")];
      const { code } = await prio([...argv, "--jobs", "1"], { env: env(id, more) });
      expect([stage, id, code]).toEqual([stage, id, 0]);
      if (id === "A") reasons[stage] = (JSON.parse(read(at("summary"))) as { reasons: Record<string, number> }).reasons;
    }
  }
  const argv = [
    "publish",
    "--input-internal",
    at("A/aggregate"),
    "--input-external",
    at("B/aggregate"),
    "--output",
    "-",
  ];
  const { stdout } = await prio([...argv, "--min-reports", "1"], { env: env("A", more) });
  return { totals: (JSON.parse(stdout) as { payload: number[] }).payload, reasons };
}

describe("the same seed", () => {
  it("makes the same bytes, in any number of parts; another seed or batch id makes others", async () => {
    expect((await generate(["--rows", "25"])).code).toBe(0);
    const one = { a: rows("a"), b: rows("b") };
    expect(one.a.split("\n")).toHaveLength(26);
    for (const parts of ["1", "4", "30"]) {
      await generate(["--rows", "25", "--parts", parts], {}, at("again"));
      expect({ a: rows("a", "sample", at("again")), b: rows("b", "sample", at("again")) }).toEqual(one);
      expect(readdirSync(at("again/server_id=a/batch_id=sample"))).toHaveLength(Number(parts));
    }
    // The first rows of a longer batch are those of a shorter one.
    await generate(["--rows", "7"], {}, at("again"));
    expect(one.b.startsWith(rows("b", "sample", at("again")))).toBe(true);
    const ids = (text: string) => new Set(text.match(/"id": "[^"]+"/g));
    for (const [argv, batch] of [
      [["--seed", "t"], "sample"],
      [["--batch-id", "other"], "other"],
    ] as const) {
      await generate(["--rows", "25", ...argv], {}, at("again"));
      const other = ids(rows("a", batch, at("again")));
      expect([...ids(one.a)].filter((id) => other.has(id))).toEqual([]);
    }
  });

  it("gives each report its own id and randomness, the id at both servers alike", async () => {
    await generate(["--rows", "60"]);
    const parsed = (["a", "b"] as const).map((server) =>
      rows(server)
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { id: string; payload: string }),
    );
    const [a = [], b = []] = parsed;
    expect(a.map(({ id }) => id)).toEqual(b.map(({ id }) => id));
    for (const values of [
      a.map(({ id }) => id),
      a.map(({ payload }) => payload.slice(0, 40)),
      b.map((row) => row.payload.slice(0, 40)),
    ]) {
      expect(new Set(values).size).toBe(60);
    }
    expect(a[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it("says that such packets hide nothing", async () => {
    const { stderr } = await generate([]);
    expect(stderr).toContain("prio: warning: these packets hide nothing: whoever has the seed can compute all values.");
  });
});

describe("what the servers make of it", () => {
  it("bad rows of each kind are left out for their reasons, and the totals are the sums", async () => {
    const count = 2 * ROW_FAULTS.length;
    const { code } = await generate(["--rows", "100", "--parts", "3", "--bad", `${count}%`]);
    const [{ bad = {}, payload, reports } = {}] = sums() as [Partial<Sums>];
    expect([code, bad, reports]).toEqual([0, Object.fromEntries(ROW_FAULTS.map((kind) => [kind, 2])), 100 - count]);
    const { totals, reasons } = await collect();
    expect(totals).toEqual(payload);
    // Of the rows that only one server has, A has one and B the other.
    const { "unknown-id-external": _alone, "proof-failed": _proof, ...atOnce } = bad;
    expect(reasons["verify1"]).toEqual(atOnce);
    expect(reasons["aggregate"]).toEqual({ ...atOnce, "proof-failed": 2, "unknown-id-internal": 1 });
    expect(reasons["verify2"]).toEqual({ ...atOnce, "unknown-id-external": 1 });
  });

  it.each(["stream", "first", "batch"])(
    "with query points %s, of kinds that open at both servers or at none",
    async (mode) => {
      const kinds = ROW_FAULTS.filter((kind) => kind !== "unknown-id-external").flatMap((kind) => ["--bad-kind", kind]);
      await generate(["--rows", "40", "--bad", "50%", ...kinds]);
      const { totals } = await collect({ QUERY_POINTS: mode });
      expect(totals).toEqual(sums()[0]?.payload);
    },
  );

  it("integers add up to their sums", async () => {
    const more = { PRECISION: "41", N_DATA: "2" };
    await generate(["--rows", "30", "--bad", "10%"], more);
    expect(read(at("out/_sums.ndjson"))).toContain('"n_data": 2, "precision": 41, "rows": 30, "reports": 27,');
    const { totals } = await collect(more);
    expect(totals).toEqual(sums()[0]?.payload);
    expect(Math.max(...totals)).toBeGreaterThan(2 ** 41);
  });
});

describe("which batches", () => {
  const config = () => {
    const batches = ["test-2", "test-0", "test-1"].map((batch_id, i) => ({ batch_id, n_data: 3 + i }));
    writeFileSync(at("config.json"), JSON.stringify(batches));
    return { DATA_CONFIG: at("config.json"), BATCH_ID: "", N_DATA: "" };
  };

  it("those of --data-config, in prio-processor's layout, without those that are dropped", async () => {
    const { stderr } = await generate(
      ["--rows", "4", "--parts", "2", "--drop-batch", "1", "--summary", at("summary")],
      config(),
    );
    expect(stderr).toContain("batches: 2; 1 dropped, rows: 8, bad: 0\n");
    expect(files()).toEqual([
      "_SUCCESS",
      "_sums.ndjson",
      ...["a", "b"].flatMap((server) =>
        ["test-0", "test-1"].flatMap((batch) =>
          ["part-00000.ndjson", "part-00001.ndjson"].map((part) => `server_id=${server}/batch_id=${batch}/${part}`),
        ),
      ),
    ]);
    expect(sums().map(({ batch_id, payload }) => [batch_id, payload.length])).toEqual([
      ["test-0", 4],
      ["test-1", 5],
    ]);
    const bytes = files()
      .filter((name) => name.includes("part-"))
      .reduce((sum, name) => sum + read(at("out", name)).length, 0);
    expect(JSON.parse(read(at("summary")))).toMatchObject({
      stage: "generate",
      batches: 2,
      rows: 8,
      errors: 0,
      bytes_written: bytes,
    });
  });

  it("one of the command line, also where DATA_CONFIG is set", async () => {
    await generate(["--batch-id", "one", "--n-data", "1"], config());
    expect(readdirSync(at("out/server_id=a"))).toEqual(["batch_id=one"]);
  });
});

describe("what is refused, and nothing changed", () => {
  it.each<[readonly string[], string]>([
    [["--bad", "51%"], "--bad: expected a share of at most 50%"],
    [["--bad", "5"], "--bad: expected a share of at most 50%"],
    [["--bad-kind", "replayed"], "--bad-kind: expected malformed-json, missing-field, "],
    [["--rows", "0"], "--rows: expected an integer of at least 1"],
    [["--rows", "2000000000"], "--rows: expected at most 1000000000"],
    [["--parts", "10001"], "--parts: expected at most 10000"],
    [["--drop-batch", "1"], "--drop-batch: expected fewer than the 1 batches"],
    [["--n-data", "300000"], "--n-data: expected an integer from 1 to 262143"],
    [["--summary", "SUMMARY"], "--output would replace what --summary names"],
  ])("%j", async (argv, sentence) => {
    const { code, stderr } = await generate(argv.map((word) => (word === "SUMMARY" ? at("out/summary") : word)));
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
    expect(readdirSync(at())).toEqual([]);
  });

  it("no seed", async () => {
    const { code, stderr } = await prio(["generate", "--output", at("out")], { env: env("A") });
    expect([code, stderr]).toEqual([2, expect.stringContaining("missing option --seed")]);
  });

  it("a directory with something else in it; one that it made itself is made anew", async () => {
    mkdirSync(at("out"));
    writeFileSync(at("out/mine"), "");
    const { code, stderr } = await generate([]);
    expect([code, stderr, files()]).toEqual([1, expect.stringContaining("was not made by prio generate"), ["mine"]]);
    await generate(["--rows", "3", "--parts", "3"], {}, at("new"));
    await generate(["--rows", "3"], {}, at("new"));
    expect(files(at("new"))).toHaveLength(4);
    expect(readdirSync(at())).toEqual(["new", "out"]);
  });
});

it("inspect says what the sums are", async () => {
  await generate(["--rows", "4"]);
  const { stdout } = await prio(["inspect", at("out/_sums.ndjson")]);
  expect(stdout).toMatch(/the plain sums of a test batch, from generate\n.*batch id +sample\n.*totals +3\n/s);
});
