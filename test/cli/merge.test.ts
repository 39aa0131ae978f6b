// prio merge: aggregates of parts add up to the bytes of the whole, each part once, and nothing of another batch.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { generateKeyPair, ServerSecret } from "../../src/index.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (...names: string[]) => folder.path(...names);
const read = (path: string) => readFileSync(path, "utf8");
const recorded = recordedBatch("cli-clean");
const shares = recorded.text("server_a/raw/data.ndjson").trimEnd().split("\n");
const messages = (side: string) => recorded.path(`server_a/intermediate/${side}/verify2/data.ndjson`);
const whole = recorded.text("server_a/intermediate/internal/aggregate/data.ndjson");
const external = recorded.path("server_a/intermediate/external/aggregate/data.ndjson");
const PARTS = 4;

interface Aggregate {
  payload: string;
  error: number;
  total: number;
  noise?: string[];
  exact_parts?: number;
  batch_id?: string;
  n_data?: number;
  parts?: string[];
}

const parsed = (path: string) => JSON.parse(read(path)) as Aggregate;
const partial = (i: number) => at("partial", `part-${i}.json`);

async function done(argv: readonly string[], more: Record<string, string> = {}) {
  const result = await prio(argv, { env: more });
  expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining("prio: error")]);
  return result;
}
const refused = async (argv: readonly string[], env: Record<string, string> = {}) => {
  const { code, stderr } = await prio(argv, { env });
  return [code, stderr] as const;
};

beforeAll(async () => {
  mkdirSync(at("raw"));
  for (let i = 0; i < PARTS; i++) {
    const rows = shares
      .filter((_, k) => Math.floor((k * PARTS) / shares.length) === i)
      .concat(i === 2 ? ["no row"] : []);
    writeFileSync(at("raw", `part-${i}.json`), rows.map((row) => `${row}\n`).join(""));
  }
  const files = ["--input-internal", messages("internal"), "--input-external", messages("external")];
  const argv = ["aggregate", "--input", at("raw"), ...files, "--output", at("partial"), "--per-part", "--jobs", "1"];
  await done(argv, recorded.env("a"));
});

describe("the recorded batch in parts", () => {
  it("each part says of which batch it is; merged, they are the recorded aggregate", async () => {
    expect(parsed(partial(0))).toMatchObject({ batch_id: recorded.batchId, n_data: recorded.fields, error: 0 });
    const { stdout, stderr } = await done(["merge", "--input", at("partial"), "--output", at("merged")]);
    expect([stdout, stderr]).toEqual(["1 errors out of 26 total\n", "prio: 4 parts with reports: 25 reports\n"]);
    const expected = whole.replace('"error": 0, "total": 25', '"error": 1, "total": 26');
    expect(read(at("merged/data.ndjson"))).toBe(expected);
    expect(statSync(at("merged/data.ndjson")).mode & 0o777).toBe(0o600);
  });

  it("in any order and grouping, from files, lines and standard input", async () => {
    const expected = read(at("merged/data.ndjson"));
    await done(["merge", "--input", partial(3), partial(1), "--output", at("x"), "--partial"]);
    writeFileSync(at("lines"), `${read(partial(2))}\n\n${read(partial(0))}\n`);
    await done(["merge", "--input", at("lines"), at("x/data.ndjson"), "--output", at("y")]);
    expect(read(at("y/data.ndjson"))).toBe(expected);
    const stdin = [0, 1, 2, 3].map((i) => read(partial(i))).join("\n");
    const { stdout, stderr } = await prio(["merge", "--input", "-", "--output", "-"], { stdin });
    expect([stdout, stderr]).toEqual([`${expected}\n`, expect.stringContaining("1 errors out of 26 total\n")]);
  });

  it("--partial keeps the batch and a digest of each part", async () => {
    await done(["merge", "--input", partial(0), partial(1), "--output", at("kept"), "--partial"]);
    const { batch_id, n_data, parts } = parsed(at("kept/data.ndjson"));
    expect([batch_id, n_data]).toEqual([recorded.batchId, recorded.fields]);
    expect(parts).toEqual([expect.stringMatching(/^[\w+/]{22}==$/), expect.stringMatching(/^[\w+/]{22}==$/)]);
  });

  it("inspect shows of which batch a part is", async () => {
    const { stdout } = await done(["inspect", partial(0)]);
    expect(stdout).toMatch(new RegExp(`reports .*\n +batch id +${recorded.batchId}\n`));
  });

  it("publish takes the directory of parts, and adds it up", async () => {
    const argv = ["publish", "--input-internal", at("partial"), "--input-external", external, "--output", at("totals")];
    await done(argv, recorded.env("a"));
    const { payload } = JSON.parse(recorded.text("server_a/processed/data.ndjson")) as { payload: number[] };
    expect((JSON.parse(read(at("totals/data.ndjson"))) as { payload: number[] }).payload).toEqual(payload);
  });

  it("--summary counts parts and rows", async () => {
    await done(["merge", "--input", at("partial"), "--output", at("merged"), "--summary", at("summary")]);
    expect(parsed(at("summary"))).toMatchObject({
      stage: "merge",
      parts: 4,
      rows: 26,
      errors: 1,
      bytes_read: [0, 1, 2, 3].reduce((sum, i) => sum + read(partial(i)).length, 0),
      bytes_written: read(at("merged/data.ndjson")).length,
    });
  });
});

describe("what is refused, and nothing written", () => {
  const merge = (...input: string[]) => ["merge", "--input", ...input, "--output", at("refused")];
  const copy = (name: string, change: Partial<Aggregate> | string) => {
    const text = typeof change === "string" ? change : JSON.stringify({ ...parsed(partial(0)), ...change });
    writeFileSync(at(name), text);
    return at(name);
  };

  it("a part that comes twice: as a copy, by a link, in a line, and within what was merged before", async () => {
    const common = expect.stringContaining("have a part in common\nprio: hint: each part of a batch counts once\n");
    expect(await refused(merge(partial(0), copy("copy", {})))).toEqual([1, common]);
    // Whatever else the copy says of itself.
    expect(await refused(merge(partial(0), copy("copy", { error: 1 })))).toEqual([1, common]);
    expect(await refused(merge(copy("twice", `${read(partial(0))}\n${read(partial(0))}`)))).toEqual([1, common]);
    await done(["merge", "--input", partial(0), partial(1), "--output", at("kept"), "--partial"]);
    const kept = at("kept/data.ndjson");
    expect(await refused(merge(kept, partial(2), partial(1)))).toEqual([1, common]);
    await done(["merge", "--input", kept, partial(2), "--output", at("more"), "--partial"]);
    expect(await refused(merge(at("more/data.ndjson"), partial(3), kept))).toEqual([
      1,
      expect.stringContaining("have one name"),
    ]);
    writeFileSync(at("kept2"), read(kept));
    expect(await refused(merge(at("more/data.ndjson"), at("kept2")))).toEqual([1, common]);
    expect(readdirSync(at())).not.toContain("refused");
  });

  it("another batch, number of values or precision, where the aggregate says so or shows it", async () => {
    const cases: [Partial<Aggregate> & { precision?: number }, string][] = [
      [{ batch_id: "another" }, 'z-other is of batch "another" with 12 values, others are of batch'],
      [{ n_data: 13 }, "z-other is of batch .* with 13 values, others are of batch .* with 12 values"],
      [{ precision: 3 }, "z-other is of batch .* with 12 integers of 3 bits, others are of"],
    ];
    for (const [change, sentence] of cases) {
      // A part of its own.
      const payload = parsed(partial(1)).payload;
      const [code, stderr] = await refused(merge(partial(0), copy("z-other", { ...change, payload })));
      expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)]);
    }
    const longer = Buffer.from(parsed(partial(1)).payload, "base64");
    const plain = { batch_id: undefined, n_data: undefined };
    const shorter = Buffer.concat([longer.subarray(0, 1), Buffer.of(0x91, 0xa1, 7)]).toString("base64");
    const [code, stderr] = await refused(
      merge(partial(0), copy("z-short", JSON.stringify({ ...parsed(partial(0)), ...plain, payload: shorter }))),
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining("z-short has 1 totals, ")]);
  });

  it("a batch other than --batch-id, --n-data or --precision say", async () => {
    for (const env of [{ BATCH_ID: "another" }, { N_DATA: "13" }, { PRECISION: "4" }]) {
      const [code, stderr] = await refused(merge(at("partial")), env);
      expect([code, stderr]).toEqual([1, expect.stringMatching("partial is of batch .*, expected batch .*")]);
    }
    const { BATCH_ID, N_DATA } = recorded.env("a");
    await done(["merge", "--input", at("partial"), "--output", at("same")], { BATCH_ID, N_DATA });
    const argv = [
      "publish",
      "--input-internal",
      at("partial"),
      "--input-external",
      external,
      "--output",
      at("refused"),
    ];
    const [code, stderr] = await refused(argv, { ...recorded.env("a"), BATCH_ID: "another" });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching('is of batch .*, expected batch "another" with 12 values'),
    ]);
  });

  it("the other server's aggregate, another stage's file, and what is no aggregate", async () => {
    expect(await refused(merge(partial(0), external))).toEqual([
      1,
      expect.stringMatching("part-0.json is an aggregate of server A, .*data.ndjson one of server B"),
    ]);
    expect(await refused(merge(messages("internal")))).toEqual([
      1,
      expect.stringContaining("its file has verify2 messages"),
    ]);
    for (const text of [
      "",
      "\n",
      "{}",
      "[]",
      '{"payload": "AAAA", "error": 2, "total": 1}',
      '{"payload": "AAAA", "error": -1, "total": 1}',
      JSON.stringify({ ...parsed(partial(0)), noise: ["x"] }),
      JSON.stringify({ ...parsed(partial(0)), parts: ["x"] }),
      JSON.stringify({ ...parsed(partial(0)), parts: "x" }),
      JSON.stringify({ ...parsed(partial(0)), batch_id: 7 }),
      JSON.stringify({ ...parsed(partial(0)), n_data: "12" }),
      JSON.stringify({ ...parsed(partial(0)), n_data: undefined }),
      `${read(partial(0))}\nno aggregate\n`,
    ]) {
      expect(await refused(merge(copy("bad", text)))).toEqual([
        1,
        expect.stringContaining("bad: expected an aggregate"),
      ]);
    }
    expect(await refused(merge(copy("bad", '{"payload": "AAAA", "error": 0, "total": 1}')))).toEqual([
      1,
      expect.stringContaining("total share: expected a server id and a list of totals"),
    ]);
    expect(readdirSync(at())).not.toContain("refused");
  });

  it("an output over an input", async () => {
    writeFileSync(at("data.ndjson"), read(partial(0)));
    const [code, stderr] = await refused(["merge", "--input", at("data.ndjson"), "--output", at()]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--output would write over the file of --input")]);
  });
});

it("parts without reports count nothing, and may come in any number; an empty file among parts is none", async () => {
  mkdirSync(at("sparse"));
  const { payload } = parsed(partial(0));
  const zeros = Buffer.from(payload, "base64").fill(0, 2);
  for (let k = 0; k < 12; k++) zeros.set([0xa1, 0], 2 + 2 * k);
  const empty = JSON.stringify({ payload: zeros.subarray(0, 26).toString("base64"), error: 3, total: 3 });
  for (const name of ["a", "b"]) writeFileSync(at("sparse", name), empty);
  writeFileSync(at("sparse/c"), "");
  writeFileSync(at("sparse/d"), read(partial(0)));
  await done(["merge", "--input", at("sparse"), "--output", at("dense")]);
  const { error, total } = parsed(partial(0));
  expect(parsed(at("dense/data.ndjson"))).toEqual({ payload, error: error + 6, total: total + 6 });
  writeFileSync(at("sparse/d"), "");
  for (const name of ["a", "b"]) writeFileSync(at("sparse", name), "");
  const [code, stderr] = await refused(["merge", "--input", at("sparse"), "--output", at("dense")]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("sparse: expected an aggregate")]);
});

it("noise is kept: its notes, and how many parts have none", async () => {
  const keys = { A: generateKeyPair(), B: generateKeyPair() };
  const env = (id: "A" | "B") => ({
    BATCH_ID: "noisy",
    N_DATA: "2",
    QUERY_POINTS: "report",
    SERVER_ID: id,
    PRIVATE_KEY_HEX: keys[id].privateKey.toHex(),
    SHARED_SECRET: secret,
    PUBLIC_KEY_HEX_INTERNAL: keys[id].publicKey.toHex(),
    PUBLIC_KEY_HEX_EXTERNAL: keys[id === "A" ? "B" : "A"].publicKey.toHex(),
  });
  const secret = ServerSecret.generate().toBase64();
  mkdirSync(at("values"));
  for (const part of [0, 1, 2]) writeFileSync(at("values", `${part}`), '{"payload": [1, 0]}\n'.repeat(2 + part));
  const one = ["--jobs", "1"];
  const raw = (id: string) => at("noisy", id, "raw");
  await done(
    ["encode-shares", "--input", at("values"), "--output-A", raw("A"), "--output-B", raw("B"), ...one],
    env("A"),
  );
  const exchange = (id: string, stage: string) => [
    ...["--input-internal", at("noisy", id, stage), "--input-external", at("noisy", id === "A" ? "B" : "A", stage)],
  ];
  const to = (id: string, stage: string) => ["--input", raw(id), "--output", at("noisy", id, stage), ...one];
  for (const id of ["A", "B"] as const) await done(["verify1", ...to(id, "1")], env(id));
  for (const id of ["A", "B"] as const) await done(["verify2", ...to(id, "2"), ...exchange(id, "1")], env(id));
  const noisy = ["--per-part", "--noise", "laplace:scale=3"];
  await done(["aggregate", ...to("A", "3"), ...exchange("A", "2"), ...noisy], env("A"));
  await done(["aggregate", ...to("A", "exact"), ...exchange("A", "2"), "--per-part"], env("A"));
  await done(["aggregate", ...to("B", "3"), ...exchange("B", "2")], env("B"));

  await done(["merge", "--input", at("noisy/A/3"), "--output", at("noisy/merged")]);
  const merged = parsed(at("noisy/merged/data.ndjson"));
  expect(merged).toMatchObject({
    error: 0,
    total: 9,
    noise: ["laplace:scale=3", "laplace:scale=3", "laplace:scale=3"],
  });
  expect(merged).not.toHaveProperty("exact_parts");
  const publish = (name: string) =>
    done(
      ["publish", "--input-internal", name, "--input-external", at("noisy/B/3/data.ndjson"), "--output", "-"],
      env("A"),
    );
  const fromParts = JSON.parse((await publish(at("noisy/A/3"))).stdout) as Record<string, unknown>;
  const fromMerged = JSON.parse((await publish(at("noisy/merged/data.ndjson"))).stdout) as Record<string, unknown>;
  expect([fromMerged["payload"], fromMerged["noise"]]).toEqual([fromParts["payload"], fromParts["noise"]]);

  // Two parts with noise, one without.
  mkdirSync(at("mixed"));
  for (const [i, kind] of ["3", "3", "exact"].entries()) {
    writeFileSync(at("mixed", `${i}`), read(at("noisy/A", kind, `${i}`)));
  }
  await done(["merge", "--input", at("mixed/0"), at("mixed/2"), "--output", at("noisy/some"), "--partial"]);
  await done(["merge", "--input", at("noisy/some/data.ndjson"), at("mixed/1"), "--output", at("noisy/all")]);
  expect(parsed(at("noisy/all/data.ndjson"))).toMatchObject({ total: 9, exact_parts: 1 });
  expect(parsed(at("noisy/all/data.ndjson")).noise).toHaveLength(2);
  expect((await publish(at("noisy/all/data.ndjson"))).stderr).toContain("the aggregate of A has no noise in 1 part:");
});
