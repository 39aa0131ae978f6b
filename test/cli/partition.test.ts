// prio partition: parts that are run apart count each report once, and never a packet twice.

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partOf } from "../../src/batch/partition.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (...names: string[]) => folder.path(...names);
const recorded = recordedBatch("cli-clean");
const rows = recorded.text("server_a/raw/data.ndjson").trimEnd().split("\n");
const PARTS = 3;

/** Runs the command as server A, or as B. */
const run = (server: "a" | "b", args: readonly string[]) => prio(args, { env: recorded.env(server) });
const partition = (output: string, more: readonly string[] = [], server: "a" | "b" = "a") =>
  run(server, ["partition", "--parts", String(PARTS), "--output", at(output), ...more]);
const from = (input: string, replays: string) => ["--input", at(input), "--replays", at(replays)];
const idsIn = (path: string) =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { id: string }).id);
const parts = (output: string) => readdirSync(at(output)).filter((name) => name.startsWith("part-"));
const contents = (output: string) => parts(output).map((name) => readFileSync(at(output, name), "utf8"));

const [first, second] = rows.map((row) => JSON.parse(row) as { id: string; payload: string });
const duplicates = [
  { id: first?.id, payload: second?.payload },
  { id: "another id", payload: first?.payload },
  // The same packet in other base64.
  { id: "a third id", payload: `${first?.payload.slice(0, 76)}\r\n${first?.payload.slice(76)}` },
].map((row) => JSON.stringify(row));

beforeAll(() => {
  writeFileSync(at("a.ndjson"), [...rows, ...duplicates, "no row"].map((row) => `${row}\n`).join(""));
  const theirs = recorded.text("server_b/raw/data.ndjson").trimEnd().split("\n").reverse();
  writeFileSync(at("b.ndjson"), theirs.map((row) => `${row}\n`).join(""));
});

describe("partition", () => {
  it("deals each report out once, by its id alone, and both servers alike", async () => {
    const { code, stdout } = await partition("a", [...from("a.ndjson", "record-a"), "--errors", at("errors")]);
    expect([code, stdout]).toEqual([0, expect.stringContaining("4 errors out of")]);
    expect(parts("a")).toEqual(["part-00000.ndjson", "part-00001.ndjson", "part-00002.ndjson"]);
    expect(existsSync(at("a", "_SUCCESS"))).toBe(true);
    const reasons = [...readFileSync(at("errors"), "utf8").matchAll(/"reason": "(.*?)"/g)].map(([, reason]) => reason);
    expect(reasons).toEqual(["duplicate-id", "duplicate-packet", "duplicate-packet", "malformed-json"]);
    expect((await partition("b", from("b.ndjson", "record-b"), "b")).code).toBe(0);
    for (const [part, name] of parts("a").entries()) {
      const ids = idsIn(at("a", name));
      expect(ids.every((id) => partOf(id, PARTS) === part)).toBe(true);
      expect(idsIn(at("b", name)).sort()).toEqual(ids.sort());
    }
    expect(parts("a").flatMap((name) => idsIn(at("a", name)))).toHaveLength(rows.length);
  });

  it("writes the same again, and in another number of parts nothing that was dealt out", async () => {
    const before = contents("a");
    expect((await partition("a", from("a.ndjson", "record-a"))).code).toBe(0);
    expect(contents("a")).toEqual(before);
    expect((await partition("again", from("a.ndjson", "record-a"))).code).toBe(0);
    expect(contents("again")).toEqual(before);
    const other = await run("a", [
      "partition",
      "--parts",
      "2",
      "--output",
      at("other"),
      ...from("a.ndjson", "record-a"),
    ]);
    expect([other.code, other.stderr]).toEqual([4, expect.stringMatching(/ replayed/)]);
  });

  it("leaves out what came on an earlier day, under whatever id", async () => {
    writeFileSync(at("later.ndjson"), `${rows[0]}\n${duplicates.slice(1).join("\n")}\n${duplicates[0]}\n`);
    const { code, stderr } = await partition("later", [...from("later.ndjson", "record-a"), "--allow-empty"]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("left out: 2 duplicate-packet, 1 duplicate-id")]);
    // The row that was dealt out before is the same row again, and nothing else comes through.
    expect(parts("later").flatMap((name) => idsIn(at("later", name)))).toEqual([first?.id]);
    writeFileSync(at("later.ndjson"), `${duplicates[1]}\n`);
    const alone = await partition("alone", from("later.ndjson", "record-a"));
    expect([alone.code, alone.stderr]).toEqual([4, expect.stringContaining("left out: 1 replayed")]);
  });

  it("records nothing when it writes nothing", async () => {
    const argv = [...from("a.ndjson", "record-failed"), "--max-errors", "1"];
    const { code, stderr } = await partition("failed", argv);
    expect([code, existsSync(at("failed"))]).toEqual([5, false]);
    expect(stderr).toContain("4 of ");
    expect(
      (await run("a", ["partition", "--parts", "2", "--output", at("x"), ...from("a.ndjson", "record-failed")])).code,
    ).toBe(0);
  });

  it.each([
    [["--parts", "1"], "--parts: "],
    [["--parts", "513"], "--parts: expected at most 512, got 513"],
    [["--output", "-"], "--output"],
    [["--server-id", "B"], "belongs to server A"],
  ])("refuses %j", async (args, message) => {
    const argv = ["partition", "--parts", "3", "--output", at("refused"), ...from("a.ndjson", "record-a"), ...args];
    const { code, stderr } = await run("a", argv);
    expect([code === 0, existsSync(at("refused"))]).toEqual([false, false]);
    expect(stderr).toContain(message);
  });

  it("needs a record", async () => {
    const { code, stderr } = await run("a", [
      "partition",
      "--parts",
      "3",
      "--input",
      at("a.ndjson"),
      "--output",
      at("y"),
    ]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("missing option --replays")]);
  });
});
