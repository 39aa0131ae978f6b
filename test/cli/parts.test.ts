// The stages over directories and several files: the recorded batch in parts gives the recorded bytes; what a run over
// parts writes, counts, lists and refuses.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
beforeEach(folder.empty);
const at = (...names: string[]) => folder.path(...names);
const recorded = recordedBatch("cli-clean");
const env = recorded.env("a");
const read = (path: string) => readFileSync(path, "utf8");

const linesOf = (path: string) =>
  recorded
    .text(path)
    .trimEnd()
    .split("\n")
    .map((line) => `${line}\n`);

/** Writes lines into so many parts, with names in this order, and returns their directory. */
function cut(lines: readonly string[], directory: string, parts: number, ending = "json"): string {
  mkdirSync(directory, { recursive: true });
  const size = Math.ceil(lines.length / parts);
  for (let part = 0; part < parts; part++) {
    const text = lines.slice(part * size, (part + 1) * size).join("");
    const path = `${directory}/part-${part}.${ending}`;
    writeFileSync(path, ending.endsWith("gz") ? gzipSync(text) : text);
  }
  return directory;
}

/** The parts of a directory, one after the other. */
function joined(directory: string): string {
  const names = readdirSync(directory).filter((name) => name !== "_SUCCESS");
  return names
    .sort()
    .map((name) => readFileSync(`${directory}/${name}`))
    .map((bytes, i) => String(names[i]?.endsWith(".gz") ? gunzipSync(bytes) : bytes))
    .join("");
}

const shares = "server_a/raw/data.ndjson";
const messages = (side: string, stage: string) => `server_a/intermediate/${side}/${stage}/data.ndjson`;
const internal = (stage: string) => messages("internal", stage);

async function done(argv: readonly string[], more: Record<string, string> = {}) {
  const result = await prio([...argv, "--jobs", "1"], { env: { ...env, ...more } });
  expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining("prio: error")]);
  return result;
}

describe.each(["json", "json.gz"])("the recorded batch in parts, .%s", (ending) => {
  it("gives the recorded rows in parts of the same names, and the recorded aggregate", async () => {
    const raw = cut(linesOf(shares), at("raw"), 4, ending);
    const names = ["_SUCCESS", ...[0, 1, 2, 3].map((i) => `part-${i}.${ending}`)];
    const { stdout } = await done(["verify1", "--input", raw, "--output", at("verify1")]);
    expect(stdout).toBe("0 errors out of 25 total\n");
    expect(readdirSync(at("verify1")).sort()).toEqual(names);
    expect(joined(at("verify1"))).toBe(recorded.text(internal("verify1")));

    const exchanged = (stage: string) => {
      const external = cut(linesOf(messages("external", stage)).reverse(), at(`peer ${stage}`), 3, ending);
      return ["--input-internal", at(stage), "--input-external", external];
    };
    await done(["verify2", "--input", raw, ...exchanged("verify1"), "--output", at("verify2")]);
    expect(readdirSync(at("verify2")).sort()).toEqual(names);
    expect(joined(at("verify2"))).toBe(recorded.text(internal("verify2")));

    const aggregate = ["aggregate", "--input", raw, ...exchanged("verify2")];
    await done([...aggregate, "--output", at("aggregate")]);
    expect(readdirSync(at("aggregate"))).toEqual(["data.ndjson"]);
    expect(read(at("aggregate/data.ndjson"))).toBe(recorded.text(internal("aggregate")));

    await done([...aggregate, "--output", at("partial"), "--per-part"]);
    expect(readdirSync(at("partial")).sort()).toEqual(names);
    const counts = (joined(at("partial")).match(/"total": \d+/g) ?? []).map((text) => Number(text.slice(9)));
    expect(counts).toEqual([7, 7, 7, 4]);
  });
});

describe("which files a run takes", () => {
  it("several after one option, or the option again; a directory from the environment", async () => {
    const raw = cut(linesOf(shares), at("raw"), 3);
    const parts = [0, 1, 2].map((i) => `${raw}/part-${i}.json`) as [string, string, string];
    const [a, b, c] = parts;
    await done(["verify1", "--input", c, a, b, "--output", at("x")]);
    await done(["verify1", "--input", c, "--output", at("y"), "--input", b, "--input", a]);
    await done(["verify1", "--output", at("z")], { INPUT: raw });
    for (const directory of ["x", "y", "z"]) {
      expect(readdirSync(at(directory)).sort()).toEqual(["_SUCCESS", ...parts.map((path) => basename(path))]);
      expect(joined(at(directory))).toBe(recorded.text(internal("verify1")));
    }
  });

  it("a file has its own name, or that of the messages' file, also beside parts", async () => {
    writeFileSync(at("some.ndjson"), linesOf(shares).slice(0, 5).join(""));
    const internalParts = cut(linesOf(internal("verify1")), at("own"), 2);
    const external = recorded.path(messages("external", "verify1"));
    const argv = ["verify2", "--input", at("some.ndjson"), "--input-external", external, "--output", at("out")];
    await done([...argv, "--input-internal", internalParts]);
    await done([...argv, "--input-internal", recorded.path(internal("verify1"))]);
    expect(readdirSync(at("out")).sort()).toEqual(["data.ndjson", "some.ndjson"]);
    for (const name of readdirSync(at("out"))) {
      expect(read(at("out", name))).toBe(linesOf(internal("verify2")).slice(0, 5).join(""));
    }
    const second = ["--input-internal", cut(linesOf(internal("verify2")), at("own2"), 2)];
    const peer = ["--input-external", recorded.path(messages("external", "verify2"))];
    await done(["aggregate", "--input", at("some.ndjson"), ...second, ...peer, "--output", at("sums")]);
    expect(readdirSync(at("sums"))).toEqual(["some.ndjson"]);
  });

  it("a directory that a job has not finished draws a warning", async () => {
    const raw = cut(linesOf(shares), at("raw"), 2);
    mkdirSync(at("raw/_temporary/0"), { recursive: true });
    const warned = await done(["verify1", "--input", raw, "--output", at("out")]);
    expect(warned.stderr).toContain("raw has _temporary and no _SUCCESS: a job still writes to it, or has failed\n");
    writeFileSync(at("raw/_SUCCESS"), "");
    expect((await done(["verify1", "--input", raw, "--output", at("out")])).stderr).toBe("");
  });

  it("the same part by a copy gives no report twice", async () => {
    const raw = cut(linesOf(shares), at("raw"), 2);
    writeFileSync(at("raw/part-9.json"), read(at("raw/part-0.json")));
    const { stdout } = await done(["verify1", "--input", raw, "--output", at("out")]);
    expect(stdout).toBe("13 errors out of 38 total\n");
    expect([joined(at("out")), read(at("out/part-9.json"))]).toEqual([recorded.text(internal("verify1")), ""]);
  });

  it("parts go to standard output one after the other", async () => {
    const raw = cut(linesOf(shares), at("raw"), 4);
    const { stdout, stderr } = await done(["verify1", "--input", raw, "--output", "-"]);
    expect([stdout, stderr]).toEqual([recorded.text(internal("verify1")), "0 errors out of 25 total\n"]);
  });

  it("clients' values in parts become shares in parts, at both servers alike", async () => {
    const values = cut(linesOf("client/data.ndjson"), at("values"), 3);
    await done(["encode-shares", "--input", values, "--output-A", at("A"), "--output-B", at("B")]);
    const idsOf = (directory: string) => joined(directory).match(/"id": "[^"]+"/g);
    expect(readdirSync(at("A"))).toEqual(readdirSync(at("B")));
    expect(idsOf(at("A"))).toHaveLength(25);
    expect(idsOf(at("A"))).toEqual(idsOf(at("B")));
  });
});

describe("what is refused", () => {
  const raw = () => cut(linesOf(shares), at("raw"), 2);
  const verify1 = (input: readonly string[], output: string, ...more: string[]) =>
    prio(["verify1", "--input", ...input, "--output", output, "--jobs", "1", ...more], { env });

  it.each<[string, () => Promise<{ code: number; stderr: string }>, number, string]>([
    ["- beside files", () => verify1([raw(), "-"], at("out")), 2, "--input: - can only be read alone"],
    ["an output in the input", () => verify1([raw()], at("raw/out")), 2, "--output is in the directory of --input"],
    ["the input as the output", () => verify1([raw()], at("raw")), 2, "--output would replace what --input names"],
    [
      "a part of it",
      () => verify1([`${raw()}/part-0.json`], at("raw")),
      2,
      "--output would write over the file of --input",
    ],
    [
      "parts of it",
      () => verify1([`${raw()}/part-0.json`, at("raw/part-1.json")], at("raw")),
      2,
      "--output would replace what --input names",
    ],
    [
      "the list of errors in the input",
      () => verify1([raw()], at("out"), "--errors", at("raw/errors")),
      2,
      "--errors is in the directory of --input",
    ],
    [
      "the list of errors in the output",
      () => verify1([raw()], at("out"), "--errors", at("out/errors")),
      2,
      "--output would replace what --errors names",
    ],
    [
      "the summary in the output",
      () => verify1([raw()], at("out"), "--summary", at("out/part-0.json")),
      2,
      "--output would replace what --summary names",
    ],
    [
      "the record in the output",
      () => verify1([raw()], at("out"), "--replays", at("out/replays")),
      2,
      "--output would replace what --replays names",
    ],
    [
      "an aggregate a part on standard output",
      () => {
        const files = ["--input", raw(), "--input-internal", at("x"), "--input-external", at("y"), "--output", "-"];
        return prio(["aggregate", ...files, "--per-part"], { env });
      },
      2,
      "--per-part: --output cannot be -",
    ],
  ])("%s", async (_, run, exitCode, sentence) => {
    const { code, stderr } = await run();
    expect([code, stderr]).toEqual([exitCode, expect.stringContaining(`prio: error: `)]);
    expect(stderr).toContain(sentence);
    expect(existsSync(at("out"))).toBe(false);
    expect(readdirSync(at("raw")).sort()).toEqual(["part-0.json", "part-1.json"]);
  });

  it("an output with something else in it, which is named", async () => {
    mkdirSync(at("out"));
    writeFileSync(at("out/yesterday.json"), "");
    const { code, stderr } = await verify1([raw()], at("out"));
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /error: cannot write the parts to .*out: it holds yesterday.json, which is none of them\n.*hint/,
      ),
    ]);
  });

  it("one file for both servers' messages, also as a part", async () => {
    const [own, peer] = ["internal", "external"].map((side) => cut(linesOf(messages(side, "verify1")), at(side), 2));
    const argv = ["verify2", "--input", raw(), "--output", at("out"), "--input-internal", own as string];
    for (const external of [[own as string], [at("external/part-0.json"), at("internal/part-1.json")]]) {
      const { code, stderr } = await prio([...argv, "--input-external", ...external], { env });
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching("--input-internal and --input-external are one file: .*internal/part-"),
      ]);
    }
    expect(peer).toBe(at("external"));
  });

  it("a gzip bomb among the parts, of shares and of messages", async () => {
    const bomb = gzipSync(Buffer.alloc(2 ** 27, "x"));
    raw();
    writeFileSync(at("raw/part-1.json.gz"), bomb);
    const sentence = /part-1.json.gz: decompresses to more than 16 times its size: not a file of rows/;
    const said = await verify1([at("raw")], at("out"));
    expect([said.code, said.stderr]).toEqual([1, expect.stringMatching(sentence)]);
    const own = cut(linesOf(internal("verify1")), at("own"), 2);
    writeFileSync(at("own/part-1.json.gz"), bomb);
    const external = recorded.path(messages("external", "verify1"));
    const argv = ["verify2", "--input", recorded.path(shares), "--input-internal", own, "--input-external", external];
    const { code, stderr } = await prio([...argv, "--output", at("out"), "--jobs", "1"], { env });
    expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)]);
    expect(existsSync(at("out/data.ndjson"))).toBe(false);
  });

  it("names of parts do not steer the terminal, and are listed as they are", async () => {
    const name = "part\n\u001b[31m\u202e";
    mkdirSync(at("raw"));
    writeFileSync(at("raw", name), "no row\n");
    writeFileSync(at("raw", `${name}2`), linesOf(shares).join(""));
    const errors = at("errors");
    const { stdout } = await done(["verify1", "--input", at("raw"), "--output", at("out"), "--errors", errors]);
    expect(stdout).toBe("1 errors out of 26 total\n");
    expect(JSON.parse(read(errors))).toEqual({ file: at("raw", name), line: 1, id: null, reason: "malformed-json" });
    expect(read(errors)).toContain('part\\n\\u001b[31m\\u202e"');
    mkdirSync(at("raw", `${name}3`));
    const { stderr } = await verify1([at("raw")], at("out"));
    expect(stderr).toContain("it holds a directory, part\\x0a\\x1b[31m\\u202e3\n");
  });
});

describe("--max-errors", () => {
  const run = (allowed: string, ...more: string[]) => {
    writeFileSync(at("rows"), [...linesOf(shares), "no row\n", "{}\n"].join(""));
    const argv = ["verify1", "--input", at("rows"), "--output", at("out"), "--errors", at("errors"), "--jobs", "1"];
    return prio([...argv, ...more], { env: { ...env, MAX_ERRORS: allowed } });
  };

  it.each(["2", "99", "8%", "7.5%", "100%"])("%s: the run is done", async (allowed) => {
    const { code } = await run(allowed);
    expect([code, readdirSync(at()).sort()]).toEqual([0, ["errors", "out", "rows"]]);
  });

  it.each(["1", "0", "7%", "0.5%", "0%"])("%s: the run fails with 5, and nothing is written", async (allowed) => {
    const { code, stdout, stderr } = await run(allowed);
    expect([code, stdout]).toEqual([5, "2 errors out of 27 total\n"]);
    const most = allowed.replace("%", " %");
    expect(stderr).toBe(
      "prio: left out: 1 malformed-json, 1 missing-field\n" +
        `prio: error: --max-errors: 2 of 27 rows were left out, more than ${most}\nprio: hint: nothing was written\n`,
    );
    expect([existsSync(at("errors")), existsSync(at("out/data.ndjson"))]).toEqual([false, false]);
    const strict = await run(allowed, "--strict", "--allow-empty", "--quiet");
    expect([strict.code, strict.stderr]).toEqual([5, expect.stringMatching(/^prio: error: /)]);
  });

  it.each(["-1", "x", "5 %", "101%", "1e3", "%", "1.5"])("%s is no number", async (allowed) => {
    const { code, stderr } = await run(allowed);
    expect([code, stderr]).toEqual([2, expect.stringContaining("--max-errors: expected a number of rows, or a share")]);
  });

  it("of pings", async () => {
    const argv = ["staging", "--date", "2019-06-26", "--input", "-", "--output", at("staged"), "--max-errors", "0"];
    const { code, stderr } = await prio(argv, { stdin: "{}\n" });
    expect([code, stderr]).toEqual([5, expect.stringContaining("1 of 1 rows were left out")]);
    expect(readdirSync(at("staged"))).toEqual([]);
  });
});

describe("--summary", () => {
  const summaryOf = (path = at("summary")) => JSON.parse(read(path)) as Record<string, unknown>;

  it("says what a stage did, in one JSON object", async () => {
    const raw = cut([...linesOf(shares), "{\n"], at("raw"), 3);
    const rows = joined(raw).length;
    await done(["verify1", "--input", raw, "--output", at("verify1"), "--summary", at("summary")]);
    expect(read(at("summary"))).toMatch(/^\{.*\}\n$/);
    expect(summaryOf()).toEqual({
      stage: "verify1",
      written: true,
      parts: 3,
      rows: 26,
      errors: 1,
      reasons: { "malformed-json": 1 },
      bytes_read: rows,
      bytes_written: joined(at("verify1")).length,
      seconds: expect.any(Number) as number,
    });
    const files = ["internal", "external"].map((side) => recorded.path(messages(side, "verify1")));
    const [own = "", peer = ""] = files;
    const argv = [
      "verify2",
      "--input",
      raw,
      "--input-internal",
      own,
      "--input-external",
      peer,
      "--output",
      at("verify2"),
    ];
    await done([...argv, "--summary", at("summary")]);
    const exchanged = files.reduce((sum, path) => sum + read(path).length, 0);
    expect(summaryOf()).toMatchObject({ stage: "verify2", bytes_read: rows + exchanged });
  });

  it("of every stage; -: the counts make way", async () => {
    const values = cut(linesOf("client/data.ndjson"), at("values"), 2);
    const encode = ["encode-shares", "--input", values, "--output-A", at("A"), "--output-B", at("B")];
    const { stdout, stderr } = await done([...encode, "--summary", "-"]);
    expect(stderr).toBe("0 errors out of 25 total\n");
    expect(JSON.parse(stdout)).toMatchObject({
      stage: "encode-shares",
      rows: 25,
      bytes_written: joined(at("A")).length + joined(at("B")).length,
    });
    const staging = ["staging", "--date", "2019-06-26", "--input", "-", "--output", at("staged"), "--allow-empty"];
    await prio([...staging, "--summary", at("summary")], { stdin: "{}\n" });
    expect(summaryOf()).toMatchObject({ stage: "staging", rows: 1, reasons: { "malformed-ping": 1 }, bytes_read: 0 });
  });

  it("is written when a run fails for --max-errors, and only then", async () => {
    writeFileSync(at("rows"), "no row\n");
    const argv = ["verify1", "--input", at("rows"), "--output", at("out"), "--summary", at("summary")];
    const { code } = await prio([...argv, "--max-errors", "0"], { env });
    expect(code).toBe(5);
    expect(summaryOf()).toMatchObject({ written: false, rows: 1, reasons: { "malformed-json": 1 }, bytes_written: 0 });
    writeFileSync(at("summary"), "before");
    writeFileSync(at("rows.gz"), "no gzip");
    const failed = await prio([...argv.slice(0, 2), at("rows.gz"), ...argv.slice(3)], { env });
    expect([failed.code, read(at("summary"))]).toEqual([1, "before"]);
    expect(readdirSync(at()).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("that cannot be written is told before any work", async () => {
    const argv = ["verify1", "--input", recorded.path(shares), "--output", at("out"), "--summary", at("rows/summary")];
    writeFileSync(at("rows"), "");
    const { code, stderr } = await prio(argv, { env });
    expect([code, stderr, existsSync(at("out"))]).toEqual([1, expect.stringContaining("cannot write"), false]);
  });
});
