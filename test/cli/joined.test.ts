// prio join, and verify2 and aggregate with --joined: joined rows give what the files give, as filters over parts too.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { type BothMessages, formatJoinedRow, parseJoinedRow, parseRow } from "../../src/batch/rows.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
beforeEach(folder.empty);
const at = (...names: string[]) => folder.path(...names);
const read = (path: string) => readFileSync(path, "utf8");

const shares = "server_a/raw/data.ndjson";
const messages = (side: string, stage: string) => `server_a/intermediate/${side}/${stage}/data.ndjson`;

async function run(recorded: ReturnType<typeof recordedBatch>, argv: readonly string[], stdin = "") {
  const more = argv.includes("--joined") ? ["--jobs", "1"] : [];
  const result = await prio([...argv, ...more], { env: { ...recorded.env("a"), ALLOW_EMPTY: "" }, stdin });
  expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining("prio: error")]);
  return result;
}

const joinOf = (recorded: ReturnType<typeof recordedBatch>, stage: string) => [
  ...["join", "--input", recorded.path(shares), "--output"],
  ...["-", "--input-internal", recorded.path(messages("internal", stage))],
  ...["--input-external", recorded.path(messages("external", stage))],
];

describe.each(["cli-clean", "cli-dirty"] as const)("%s, joined", (name) => {
  const recorded = recordedBatch(name);

  it("gives the recorded verify2 rows and the recorded aggregate", async () => {
    const first = await run(recorded, joinOf(recorded, "verify1"));
    const verify2 = await run(recorded, ["verify2", "--joined", "--input", "-", "--output", "-"], first.stdout);
    expect(verify2.stdout).toBe(recorded.text(messages("internal", "verify2")));
    const second = await run(recorded, joinOf(recorded, "verify2"));
    const sum = await run(recorded, ["aggregate", "--joined", "--input", "-", "--output", "-"], second.stdout);
    const aggregate = recorded.text(messages("internal", "aggregate"));
    expect(sum.stdout.endsWith("}\n")).toBe(true);
    const { payload, error, total } = JSON.parse(sum.stdout) as { payload: string; error: number; total: number };
    const expected = JSON.parse(aggregate) as { payload: string; error: number; total: number };
    // Lines that hold no row are not in the joined rows: the reports that are counted are the same.
    expect([payload, total - error]).toEqual([expected.payload, expected.total - expected.error]);
  });
});

describe("as filters over parts", () => {
  const recorded = recordedBatch("cli-clean");
  const env = { ...recorded.env("a"), QUERY_POINTS: "first" };

  it("aggregates of parts are a line each, which publish adds up", async () => {
    const joined = (await run(recorded, joinOf(recorded, "verify2"))).stdout.split("\n").filter((line) => line !== "");
    // In stream mode, a row's point is its place: each part has all rows, and only its own have a message.
    let lines = "";
    for (const part of [0, 1, 2]) {
      const rows = joined.map((line, i) => {
        if (i % 3 === part) return `${line}\n`;
        const { id, payload } = JSON.parse(line) as { id: string; payload: string };
        return `${JSON.stringify({ id, payload, internal: null })}\n`;
      });
      const argv = ["aggregate", "--joined", "--input", "-", "--output", "-", "--jobs", "1"];
      const { code, stdout, stderr } = await prio(argv, { env: recorded.env("a"), stdin: rows.join("") });
      expect([code, stderr]).toEqual([0, expect.stringContaining(" unknown-id-internal")]);
      lines += stdout;
    }
    writeFileSync(at("parts.json"), lines);
    const peer = recorded.path(messages("external", "aggregate"));
    const argv = ["publish", "--input-internal", at("parts.json"), "--input-external", peer, "--output", "-"];
    const { stdout } = await run(recorded, argv);
    const { payload } = JSON.parse(recorded.text("server_a/processed/data.ndjson")) as { payload: number[] };
    expect((JSON.parse(stdout) as { payload: number[] }).payload).toEqual(payload);
  });

  it("leave out rows without a message, with a copy, or with a message that is no text", async () => {
    const [line = ""] = (await run(recorded, joinOf(recorded, "verify1"))).stdout.split("\n");
    const row = JSON.parse(line) as { id: string; payload: string; internal: string; external: string };
    const spoiled: readonly [object, string][] = [
      [{ ...row, internal: undefined }, "unknown-id-internal"],
      [{ ...row, internal: null }, "unknown-id-internal"],
      [{ ...row, internal: 7 }, "unknown-id-internal"],
      [{ ...row, external: [] }, "unknown-id-external"],
      [{ ...row, external: row.internal }, "own-message"],
      [{ ...row, internal: row.external, external: row.internal }, "not-own-message"],
      [{ ...row, external: "AAAA!" }, "malformed-verify"],
      [{ ...row, payload: undefined }, "missing-field"],
      [{ ...row, id: "" }, "missing-field"],
    ];
    for (const [bad, reason] of spoiled) {
      const argv = ["verify2", "--joined", "--input", "-", "--output", at("out"), "--errors", at("errors")];
      const { code, stderr } = await prio([...argv, "--jobs", "1", "--allow-empty"], {
        env,
        stdin: JSON.stringify(bad),
      });
      expect([code, stderr]).toEqual([0, expect.not.stringContaining("prio: error")]);
      expect([code, (JSON.parse(read(at("errors"))) as { reason: string }).reason]).toEqual([0, reason]);
    }
  });

  it.each<[readonly string[], number, string]>([
    [
      ["verify2", "--joined", "--input", "x", "--output", "y", "--input-internal", "z"],
      2,
      "--joined and --input-internal",
    ],
    [
      ["aggregate", "--joined", "--input", "x", "--output", "y", "--input-external", "z"],
      2,
      "--joined and --input-ext",
    ],
    [["verify2", "--joined", "--output", "-"], 2, "missing option --input"],
    [
      ["verify2", "--joined", "--input", "-", "--output", "-", "--replays", "r"],
      2,
      "--replays: the output must be a file",
    ],
    [["aggregate", "--joined", "--input", "-", "--output", "-", "--replays", "r"], 2, "--replays: the output must be"],
    [["join", "--output", "-"], 2, "missing options --input, --input-internal, --input-external"],
    [["join", "--input", "-", "--input-internal", "-", "--input-external", "x", "--output", "-"], 2, "only one of"],
  ])("%j is refused", async (argv, exitCode, sentence) => {
    const { code, stderr } = await prio(argv, { env });
    expect([code, stderr]).toEqual([exitCode, expect.stringContaining(sentence)]);
  });

  it("rows that were not joined are told, and joined rows are told where shares belong", async () => {
    const argv = ["verify2", "--joined", "--input", recorded.path(shares), "--output", at("out"), "--jobs", "1"];
    const { code, stderr } = await prio(argv, { env });
    expect([code, stderr]).toEqual([
      4,
      expect.stringMatching("--input expects packets with both .* has sealed packets"),
    ]);
    const { stdout } = await run(recorded, joinOf(recorded, "verify1"));
    writeFileSync(at("joined"), stdout);
    const said = await prio(["inspect", at("joined")]);
    expect(said.stdout).toMatch(/packets with both servers' messages, from join\n.*rows +25/s);
  });
});

describe("prio join", () => {
  const recorded = recordedBatch("cli-clean");

  it("keeps every packet in its place, also without messages, and leaves out lines that hold none", async () => {
    const lines = recorded.text(shares).trimEnd().split("\n");
    writeFileSync(at("raw"), [...lines.slice(0, 3), "{", ...lines.slice(3)].join("\n"));
    const own = recorded.text(messages("internal", "verify1")).split("\n");
    writeFileSync(at("own"), own.slice(2).reverse().join("\n"));
    const [, , , , , , ...more] = joinOf(recorded, "verify1");
    expect(more).toHaveLength(3);
    const argv = ["join", "--input", at("raw"), "--output", at("out"), "--input-internal", at("own")];
    const external = ["--input-external", recorded.path(messages("external", "verify1"))];
    const { stdout, stderr } = await run(recorded, [...argv, ...external, "--errors", at("errors")]);
    expect([stdout, stderr]).toEqual(
      ["1 errors out of 26 total\n", "prio: left out: 1 malformed-json\n"].map(
        (text) => expect.stringContaining(text) as string,
      ),
    );
    expect(stderr).toContain("prio: rows without a message: 2 of --input-internal, 0 of --input-external\n");
    const ids = (text: string) => text.match(/"id": "[^"]+"/g);
    expect(ids(read(at("out/raw")))).toEqual(ids(lines.join("\n")));
    expect(read(at("out/raw")).match(/"internal": null/g)).toHaveLength(2);
  });

  it("of parts writes parts of the same names", async () => {
    const lines = recorded.text(shares).trimEnd().split("\n");
    for (const part of [0, 1]) writeFileSync(at(`part-${part}`), lines.filter((_, i) => i % 2 === part).join("\n"));
    const [, , , , , ...files] = joinOf(recorded, "verify1");
    await run(recorded, ["join", "--input", at("part-0"), at("part-1"), "--output", at("out"), ...files]);
    expect(readdirSync(at("out")).sort()).toEqual(["_SUCCESS", "part-0", "part-1"]);
  });
});

describe("a joined row", () => {
  const id = fc.oneof(
    fc.string({ minLength: 1, unit: "binary" }).map((text) => ({ id: text, writtenId: text })),
    fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((x) => ({ id: String(x), writtenId: x })),
  );
  const text = fc.oneof(fc.base64String(), fc.string({ unit: "binary" }), fc.constant("A".repeat(70_000)));
  const optional = fc.option(text, { nil: undefined });
  const both: fc.Arbitrary<BothMessages> = fc.record({ internal: optional, external: optional });

  it("is read as it was written, and as a row of packets", () => {
    fc.assert(
      fc.property(id, text, both, (ids, payload, both) => {
        const line = Buffer.from(formatJoinedRow({ ...ids, payload }, both).slice(0, -1));
        expect(parseJoinedRow(line)).toEqual({ ...ids, payload, messages: both });
        expect(parseRow(line)).toEqual({ ...ids, payload });
      }),
      { numRuns: 200 },
    );
  });

  it("is read alike by the scanner and by JSON.parse, whatever the members are", () => {
    const value = fc.constantFrom('"x"', "null", "1", "[]", "{}", '"\\u0041"', "true", '{"internal": "y"}');
    const name = fc.constantFrom("id", "payload", "internal", "external", "\\u0069nternal", "other");
    const members = fc.array(
      fc.tuple(name, value).map(([a, b]) => `"${a}": ${b}`),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(members, (list) => {
        const line = `{${list.join(", ")}}`;
        const long = Buffer.concat([Buffer.from(line), Buffer.alloc(65_537, " ")]);
        expect(parseJoinedRow(Buffer.from(line))).toEqual(parseJoinedRow(long));
      }),
      { numRuns: 500 },
    );
  });
});
