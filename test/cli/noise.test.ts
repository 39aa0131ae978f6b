// --noise of aggregate, on the batch that the Python command wrote: the draws are the same in every run over the same
// reports, the file says of the noise, and publish and inspect read it.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { bar } from "../../src/cli/table.js";
import { type CommandOptions, prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const batch = recordedBatch("cli-clean");
type Id = "a" | "b";
const other = (id: Id): Id => (id === "a" ? "b" : "a");
const exact = (JSON.parse(batch.text("server_a/processed/data.ndjson")) as { payload: number[] }).payload;

interface Written {
  payload: string;
  error: number;
  total: number;
  noise?: unknown;
}
let runs = 0;
/** Runs aggregate at a server: what it said, and the file that it wrote, if any. */
async function aggregate(id: Id, noise: string | undefined, options: readonly string[] = [], env = {}) {
  const output = folder.path(`run ${++runs}`);
  const at = (path: string) => batch.path(`server_${id}/${path}/data.ndjson`);
  const { code, stdout, stderr } = await prio(
    [
      ...["aggregate", "--output", output, "--jobs", "1"],
      ...(options.includes("--input") ? [] : ["--input", at("raw")]),
      ...["--input-internal", at("intermediate/internal/verify2")],
      ...["--input-external", at("intermediate/external/verify2")],
      ...(noise === undefined ? [] : ["--noise", noise]),
      ...options,
    ],
    { env: { ...batch.env(id), ...env } },
  );
  const path = `${output}/data.ndjson`;
  const text = code === 0 && existsSync(path) ? readFileSync(path, "utf8") : undefined;
  return { code, stdout, stderr, path, text, written: text === undefined ? undefined : (JSON.parse(text) as Written) };
}

/** Publishes two aggregates: what was said, and the totals with their note. */
async function publish(
  id: Id,
  internal: string,
  external: string,
  more: readonly string[] = [],
  options?: CommandOptions,
) {
  const output = folder.path(`published ${++runs}`);
  const argv = ["publish", "--input-internal", internal, "--input-external", external, "--output", output];
  const result = await prio([...argv, "--min-reports", "1", ...more], { ...options, env: batch.env(id) });
  const name = internal.split("/").at(-1) as string;
  const text = result.code === 0 ? readFileSync(`${output}/${name}`, "utf8") : undefined;
  return {
    ...result,
    path: `${output}/${name}`,
    written: text === undefined ? undefined : (JSON.parse(text) as { payload: number[]; noise?: unknown }),
  };
}

const whoKnows = (id: string | undefined) => `server ${id}, which knows its own noise, knows exact totals`;
const plain = (id: Id) => batch.path(`server_${id}/intermediate/internal/aggregate/data.ndjson`);

describe("aggregate", () => {
  it("writes the same draws in each run, and a note of them after Python's members", async () => {
    const first = await aggregate("a", "laplace:epsilon=1/50");
    expect(first.text).toMatch(/^\{"payload": "[^"]+", "error": \d+, "total": \d+, "noise": \["[^"]+"\]\}$/);
    expect(first.written?.noise).toEqual(["laplace:epsilon=1/50,scale=600"]);
    // Python's reader takes what it knows.
    const { payload, error, total } = JSON.parse(batch.text("server_a/intermediate/internal/aggregate/data.ndjson"));
    expect(first.written).toMatchObject({ error, total });
    expect(first.written?.payload).not.toBe(payload);

    // Again, written otherwise, and from the environment.
    const again = await Promise.all([
      aggregate("a", "laplace:epsilon=1/50"),
      aggregate("a", "laplace:epsilon=0.02"),
      aggregate("a", undefined, [], { NOISE: "laplace:epsilon=1/50" }),
    ]);
    for (const { text } of again) expect(text).toBe(first.text);
    const scale = await aggregate("a", "laplace:scale=600");
    expect(scale.written).toMatchObject({ payload: first.written?.payload, noise: ["laplace:scale=600"] });
    // Another distribution has draws of its own, and so has the other server.
    expect((await aggregate("a", "laplace:scale=601")).written?.payload).not.toBe(first.written?.payload);
  });

  it("without --noise writes Python's bytes", async () => {
    expect((await aggregate("b", undefined)).text).toBe(
      batch.text("server_b/intermediate/internal/aggregate/data.ndjson"),
    );
  });

  it.each([
    ["laplace", "--noise: expected laplace:epsilon=…"],
    ["laplace:epsilon=zero", "--noise: epsilon: expected an integer, or a text"],
    ["laplace:epsilon=0", "--noise: epsilon: expected a number above 0"],
    ["gaussian:scale=3", 'laplace:scale=…, gaussian:rho=… or gaussian:variance=…, got "gaussian:scale=3"'],
  ])("refuses --noise %s before it reads anything", async (noise, words) => {
    const { code, stderr, stdout } = await aggregate("a", noise, ["--input", "/nowhere"]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
  });

  it("with a record: makes the same again, and no other of the same reports", async () => {
    const replays = ["--replays", folder.path("record of noise")];
    const first = await aggregate("a", "laplace:scale=9", replays);
    expect(first.code).toBe(0);
    expect((await aggregate("a", "laplace:scale=9", replays)).text).toBe(first.text);
    for (const noise of [undefined, "laplace:scale=8", "gaussian:rho=1"]) {
      const refused = await aggregate("a", noise, replays);
      expect([refused.code, refused.text]).toEqual([1, undefined]);
      expect(refused.stderr).toContain("an earlier run made an aggregate of these reports with noise");
      expect(refused.stderr).toContain("prio: hint: use the earlier aggregate");
    }
    // What was refused changed nothing.
    expect((await aggregate("a", "laplace:scale=9", replays)).text).toBe(first.text);
  });

  it("with a record: warns where an earlier aggregate had no noise, and then keeps to the noise", async () => {
    const replays = ["--replays", folder.path("record without noise")];
    const warning = "prio: warning: an earlier aggregate of these reports had no noise";
    expect((await aggregate("a", undefined, replays)).stderr).not.toContain(warning);
    expect((await aggregate("a", undefined, replays)).code).toBe(0);
    const first = await aggregate("a", "laplace:scale=9", replays);
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining(warning)]);
    const again = await aggregate("a", "laplace:scale=9", replays);
    expect([again.text, again.stderr.includes(warning)]).toEqual([first.text, false]);
    expect((await aggregate("a", undefined, replays)).code).toBe(1);
  });

  it("with --per-part draws for each part, warns of it, and keeps to all draws together", async () => {
    const rows = batch.text("server_a/raw/data.ndjson").trimEnd().split("\n");
    const parts = folder.path("raw parts");
    mkdirSync(parts);
    writeFileSync(`${parts}/part-0.ndjson`, `${rows.slice(0, 10).join("\n")}\n`);
    writeFileSync(`${parts}/part-1.ndjson`, `${rows.slice(10).join("\n")}\n`);
    const options = ["--input", parts, "--replays", folder.path("record of parts")];
    const files = (run: { path: string }) =>
      [0, 1].map((i) => readFileSync(run.path.replace("data.ndjson", `part-${i}.ndjson`), "utf8"));
    const first = await aggregate("a", "laplace:scale=9", [...options, "--per-part"]);
    expect([first.code, first.stderr]).toEqual([0, expect.stringContaining("each part gets noise of its own")]);
    const written = files(first).map((text) => JSON.parse(text) as Written);
    expect(written.map(({ total, noise }) => [total, noise])).toEqual([
      [10, ["laplace:scale=9"]],
      [rows.length - 10, ["laplace:scale=9"]],
    ]);
    expect(files(await aggregate("a", "laplace:scale=9", [...options, "--per-part"]))).toEqual(files(first));
    // The same reports in one aggregate would be a third draw.
    expect((await aggregate("a", "laplace:scale=9", options)).code).toBe(1);
  });

  it("adds none to a total of no reports", async () => {
    const empty = folder.path("empty.ndjson");
    writeFileSync(empty, "");
    const { written, code } = await aggregate("a", "laplace:scale=9", ["--input", empty, "--allow-empty"]);
    expect([code, written?.noise, written?.total]).toEqual([0, undefined, 0]);
  });
});

describe("publish", () => {
  it("reads totals that noise made negative, and says whose noise they have", async () => {
    const [a, b] = await Promise.all([aggregate("a", "laplace:scale=500"), aggregate("b", "gaussian:variance=250000")]);
    const notes = { A: ["laplace:scale=500"], B: ["gaussian:variance=250000"] };
    const ofA = await publish("a", a.path, b.path);
    expect([ofA.code, ofA.stderr]).toEqual([0, ""]);
    expect(ofA.written?.noise).toEqual(notes);
    // Twelve draws of about 500: some are negative, and all together not the exact totals.
    expect(ofA.written?.payload.some((x) => x < 0)).toBe(true);
    expect(ofA.written?.payload).not.toEqual(exact);
    expect(ofA.written?.payload.every((x) => Math.abs(x) < 50_000)).toBe(true);
    // Both servers publish the same.
    expect((await publish("b", b.path, a.path)).written).toMatchObject({ payload: ofA.written?.payload, noise: notes });

    const shown = await publish("a", a.path, b.path, ["--pretty"]);
    expect(shown.stdout).toContain("noise: laplace:scale=500 of A, gaussian:variance=250000 of B\n");
    expect(shown.stdout).toMatch(/^\d+ +-[\d,]+ +-[\d.]+ %$/m);
  });

  it("warns when one server alone has noise: that server can take it away", async () => {
    for (const id of ["a", "b"] as const) {
      const mine = await aggregate(id, "laplace:scale=50");
      const result = await publish(id, mine.path, plain(other(id)));
      const [with_, without] = id === "a" ? ["A", "B"] : ["B", "A"];
      expect(result.code).toBe(0);
      expect(result.stderr).toBe(`prio: warning: the aggregate of ${without} has no noise: ${whoKnows(with_)}\n`);
      expect(result.written?.noise).toEqual({ [without as string]: [], [with_ as string]: ["laplace:scale=50"] });
    }
  });

  it("adds up parts, and warns of those with reports and without noise", async () => {
    const empty = folder.path("none.ndjson");
    writeFileSync(empty, "");
    /** The parts of a server: one with noise, one without, and one without reports, which needs none. */
    const parts = async (id: Id) => {
      const none = await aggregate(id, "laplace:scale=3", ["--input", empty, "--allow-empty"]);
      const path = folder.path(`parts of ${id}.ndjson`);
      const noisy = await aggregate(id, "laplace:scale=3");
      writeFileSync(path, [noisy.text, readFileSync(plain(id), "utf8"), none.text, ""].join("\n"));
      return path;
    };
    const result = await publish("a", await parts("a"), await parts("b"));
    expect(result.code).toBe(0);
    expect(result.written?.noise).toEqual({ A: ["laplace:scale=3"], B: ["laplace:scale=3"] });
    const warning = (one: string, two: string) =>
      `prio: warning: the aggregate of ${one} has no noise in 1 part: ${whoKnows(two)}\n`;
    expect(result.stderr).toBe(warning("A", "B") + warning("B", "A"));
    for (const [i, total] of (result.written?.payload ?? []).entries()) {
      expect(Math.abs(total - 2 * (exact[i] as number))).toBeLessThan(100);
    }
  });

  it("without a note takes nothing negative for a total", async () => {
    const [a, b] = await Promise.all([aggregate("a", "laplace:scale=5000"), aggregate("b", "laplace:scale=5000")]);
    for (const { path, written } of [a, b]) {
      const { payload, error, total } = written as Written;
      writeFileSync(path, JSON.stringify({ payload, error, total }));
    }
    const { code, stderr } = await publish("a", a.path, b.path);
    expect(code).toBe(1);
    expect(stderr).toContain("does not fit 64 bits");
    expect(stderr).toContain("lost their note of noise");
  });

  it.each(['"laplace:scale=1"', "[1]", '["\\u001b[31m"]', "{}", "null", "true", '["laplace:scale=1", "x"]'])(
    "refuses an aggregate whose note is %s",
    async (note) => {
      const path = folder.path("odd.ndjson");
      writeFileSync(
        path,
        batch.text("server_a/intermediate/internal/aggregate/data.ndjson").replace(/\}$/, `, "noise": ${note}}`),
      );
      const { code, stderr } = await publish("a", path, plain("b"));
      expect(code).toBe(1);
      expect(stderr).toContain("expected an aggregate");
    },
  );
});

describe("inspect", () => {
  it("shows the noise of an aggregate and of totals, and nothing of a note that is none", async () => {
    const [a, b] = await Promise.all([aggregate("a", "laplace:epsilon=1"), aggregate("b", "laplace:epsilon=1")]);
    const { path } = await publish("a", a.path, b.path);
    const shown = await prio(["inspect", a.path, path]);
    expect(shown.stdout).toContain("  noise    laplace:epsilon=1,scale=12\n");
    expect(shown.stdout).toMatch(/ noise +laplace:epsilon=1,scale=12 of A, laplace:epsilon=1,scale=12 of B\n/);
    const [one, other] = (await prio(["inspect", "--json", a.path, path])).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(one.noise).toEqual(["laplace:epsilon=1,scale=12"]);
    expect(other.noise).toEqual({ A: ["laplace:epsilon=1,scale=12"], B: ["laplace:epsilon=1,scale=12"] });

    writeFileSync(a.path, (a.text as string).replace(/"noise": .*\}$/, '"noise": ["\\u001b]0;title", 3]}'));
    expect((await prio(["inspect", a.path])).stdout).toContain("noise    there, and not recognised\n");
    expect((await prio(["inspect", plain("a")])).stdout).not.toContain("noise");
  });
});

it("a bar of a negative total is empty", () => {
  expect([bar(-3, 10, 8), bar(0, 10, 8), bar(5, 10, 8), bar(-3, -1, 8)]).toEqual(["", "", "████", ""]);
});
