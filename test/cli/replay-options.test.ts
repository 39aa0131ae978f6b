// --replays: whatever an operator or the other server tries with the same packets, in any number of runs, no packet is
// checked at two points, no report gets two second messages, and no two aggregates differ by a few reports.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generateKeyPair, ServerSecret } from "../../src/index.js";
import { FileReplayRecord } from "../../src/replays/record.js";
import { type CommandResult, prio, scratch } from "./support.js";

type Id = "A" | "B";
type Stage = "verify1" | "verify2" | "aggregate";
interface Row {
  id: string;
  payload: string;
}

const folder = scratch();
afterAll(() => folder.remove());

const ROWS = 20;
const keys = { A: generateKeyPair(), B: generateKeyPair() };
const secret = ServerSecret.generate().toBase64();
const values = Array.from({ length: ROWS }, (_, i) => Array.from({ length: 4 }, (__, k) => (i >> k) & 1));

/** Where a test's files are: each test begins with the same packets and without records. */
let base = "";
let tests = 0;
const at = (...names: string[]) => folder.path(base, ...names);
const write = (path: string, text: string) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const read = (...names: string[]) => readFileSync(at(...names), "utf8");
const rowsOf = (text: string): Row[] =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
const textOf = (rows: readonly Row[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

const env = (id: Id, settings: Record<string, string> = {}) => ({
  BATCH_ID: "replays",
  N_DATA: "4",
  SERVER_ID: id,
  PRIVATE_KEY_HEX: keys[id].privateKey.toHex(),
  SHARED_SECRET: secret,
  PUBLIC_KEY_HEX_INTERNAL: keys[id].publicKey.toHex(),
  PUBLIC_KEY_HEX_EXTERNAL: keys[id === "A" ? "B" : "A"].publicKey.toHex(),
  REPLAYS: at(`replays-${id}`),
  ...settings,
});

/** The files of a stage, by default those of an honest exchange. */
interface Files {
  input?: string;
  internal?: string;
  external?: string;
  output?: string;
}

function stage(name: Stage, id: Id, files: Files = {}, settings: Record<string, string> = {}): Promise<CommandResult> {
  const other = id === "A" ? "B" : "A";
  const before = { verify1: undefined, verify2: "verify1", aggregate: "verify2" }[name];
  const argv = ["--input", files.input ?? at("raw", id, "data.ndjson"), "--output", files.output ?? at(name, id)];
  if (before !== undefined) {
    argv.push("--input-internal", files.internal ?? at(before, id, "data.ndjson"));
    argv.push("--input-external", files.external ?? at(before, other, "data.ndjson"));
  }
  return prio([name, ...argv, "--jobs", "1", "--allow-empty", "--errors", at("errors")], {
    env: env(id, settings),
    warnsOfReplays: true,
  });
}

/** Runs a stage that must end well, without rows left out. */
async function passes(name: Stage, id: Id, files: Files = {}, settings: Record<string, string> = {}): Promise<void> {
  const { code, stdout, stderr } = await stage(name, id, files, settings);
  expect([code, stdout], stderr).toEqual([0, `0 errors out of ${ROWS} total\n`]);
}

const reasons = () => rowsOf(read("errors")).map((row) => (row as unknown as { reason: string }).reason);
const all = (reason: string): string[] => Array.from({ length: ROWS }, () => reason);

beforeAll(async () => {
  base = "made";
  const input = write(at("data.ndjson"), values.map((payload) => `${JSON.stringify({ payload })}\n`).join(""));
  const outputs = ["--output-A", at("raw", "A"), "--output-B", at("raw", "B")];
  const { PUBLIC_KEY_HEX_INTERNAL, PUBLIC_KEY_HEX_EXTERNAL, BATCH_ID, N_DATA } = env("A");
  const encoded = await prio(["encode-shares", "--input", input, ...outputs], {
    env: { PUBLIC_KEY_HEX_INTERNAL, PUBLIC_KEY_HEX_EXTERNAL, BATCH_ID, N_DATA },
  });
  expect(encoded.code).toBe(0);
});

beforeEach(() => {
  const from = folder.path("made", "raw");
  base = `test ${++tests}`;
  cpSync(from, at("raw"), { recursive: true });
});

/** The packets of a server, with the first `k` rows at the end. */
const rotated = (id: Id, k: number): string => {
  const rows = rowsOf(read("raw", id, "data.ndjson"));
  return write(at(`rotated-${k}`, id, "data.ndjson"), textOf([...rows.slice(k), ...rows.slice(0, k)]));
};

describe("verify1", () => {
  /** How many different first messages each client's packet got in three runs, over rows in another order each. */
  async function messages(settings: Record<string, string>): Promise<number[]> {
    const given = new Map<string, Set<string>>();
    for (const k of [0, 1, 2]) {
      const output = at(`out-${k}`);
      expect((await stage("verify1", "A", { input: rotated("A", k), output }, settings)).code).toBe(0);
      for (const { id, payload } of rowsOf(readFileSync(`${output}/data.ndjson`, "utf8"))) {
        given.set(id, (given.get(id) ?? new Set()).add(payload));
      }
    }
    return Array.from(given.values(), ({ size }) => size);
  }

  it("three runs over rows in another order check no packet at a second point", async () => {
    expect(await messages({})).toEqual(Array.from({ length: ROWS }, () => 1));
    expect(reasons()).toEqual(all("replayed"));
  });

  it("without a record each packet is checked at three points: that is what the test above would see", async () => {
    expect(await messages({ REPLAYS: "" })).toEqual(Array.from({ length: ROWS }, () => 3));
  });

  it.each([
    ["other query points", {}, { QUERY_POINTS: "report" }],
    ["the point of the batch", { QUERY_POINTS: "report" }, { QUERY_POINTS: "batch" }],
  ])("%s are refused", async (_name, before, after) => {
    await passes("verify1", "A", {}, before);
    expect((await stage("verify1", "A", { output: at("again") }, after)).code).toBe(0);
    expect([read("again", "data.ndjson"), reasons()]).toEqual(["", all("replayed")]);
  });

  it.each([
    ["a field less", { N_DATA: "3" }],
    ["a field more", { N_DATA: "5" }],
    ["another PRG key", { PRG_KEY: "seed" }],
  ])("%s: B's seeds are not grown to other shares and checked at the same point", async (_name, other) => {
    // A would subtract two such messages of B: with a field less, the difference shows a client's last value.
    for (const queryPoints of ["first", "report", "batch"]) {
      const settings = { QUERY_POINTS: queryPoints, REPLAYS: at(`replays ${queryPoints}`) };
      await passes("verify1", "B", {}, { ...settings, ...other });
      expect((await stage("verify1", "B", { output: at(queryPoints) }, settings)).code).toBe(0);
      expect([read(queryPoints, "data.ndjson"), reasons()], queryPoints).toEqual(["", all("replayed")]);
    }
  });

  it("packets under other ids are refused, and other packets under the same ids", async () => {
    const settings = { QUERY_POINTS: "report" };
    await passes("verify1", "A", {}, settings);
    const rows = rowsOf(read("raw", "A", "data.ndjson"));
    const renamed = rows.map(({ payload }, i) => ({ id: `other ${i}`, payload }));
    const exchanged = rows.map(({ id }, i) => ({ id, payload: rows[(i + 1) % ROWS]?.payload as string }));
    for (const [name, changed] of Object.entries({ renamed, exchanged })) {
      const input = write(at(name, "data.ndjson"), textOf(changed));
      expect((await stage("verify1", "A", { input, output: at("again") }, settings)).code).toBe(0);
      expect([read("again", "data.ndjson"), reasons()], name).toEqual(["", all("replayed")]);
    }
  });

  it("the same rows again are answered as before, and new rows after them too", async () => {
    const rows = rowsOf(read("raw", "A", "data.ndjson"));
    write(at("raw", "A", "data.ndjson"), textOf(rows.slice(0, 12)));
    expect((await stage("verify1", "A")).stdout).toBe("0 errors out of 12 total\n");
    const before = read("verify1", "A", "data.ndjson");
    write(at("raw", "A", "data.ndjson"), textOf(rows));
    await passes("verify1", "A");
    expect(read("verify1", "A", "data.ndjson").startsWith(before)).toBe(true);
  });

  it("a row that the file has twice is left out for that, in a second run too", async () => {
    const rows = rowsOf(read("raw", "A", "data.ndjson"));
    const [first, second] = rows as [Row, Row];
    const twice = [...rows, first, { id: "new", payload: second.payload }];
    write(at("raw", "A", "data.ndjson"), textOf(twice));
    for (let run = 0; run < 2; run++) {
      expect((await stage("verify1", "A")).code).toBe(0);
      expect(reasons()).toEqual(["duplicate-id", "duplicate-packet"]);
    }
  });

  it("without --replays it warns, once, and says nothing with --quiet or with a record", async () => {
    const warning = /^prio: warning: without --replays DIR/gm;
    const { stderr } = await stage("verify1", "A", {}, { REPLAYS: "" });
    expect(stderr.match(warning)).toHaveLength(1);
    const recorded = await stage("verify1", "A");
    expect(recorded.stderr).toBe(`prio: ${at("replays-A")}: a new replay record begins\n`);
    const again = await stage("verify1", "A");
    expect(again.stderr).toBe("");
    const argv = ["verify1", "--quiet", "--input", at("raw", "A", "data.ndjson"), "--output", at("quiet")];
    expect((await prio(argv, { env: env("A", { REPLAYS: "" }), warnsOfReplays: true })).stderr).toBe("");
  });
});

/** The messages of a file with the last bit of each changed: well formed, and others than the honest ones. */
function altered(path: string, name: string): string {
  const rows = rowsOf(readFileSync(path, "utf8")).map(({ id, payload }) => {
    const bytes = Buffer.from(payload, "base64");
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    return { id, payload: bytes.toString("base64") };
  });
  return write(at(name, "data.ndjson"), textOf(rows));
}

describe.each(["stream", "report"])("verify2, query points %s", (queryPoints) => {
  const settings = { QUERY_POINTS: queryPoints };
  beforeEach(async () => {
    for (const id of ["A", "B"] as const) await passes("verify1", id, {}, settings);
  });

  it("answers other messages of the peer only once, and the first ones again", async () => {
    const external = altered(at("verify1", "B", "data.ndjson"), "altered");
    await passes("verify2", "A", {}, settings);
    const before = read("verify2", "A", "data.ndjson");
    const second = await stage("verify2", "A", { external, output: at("second") }, settings);
    expect([read("second", "data.ndjson"), reasons()]).toEqual(["", all("answered-differently")]);
    expect(second.stderr).toMatch(/^prio: hint: run verify2 again only with the files that it had before/m);
    await passes("verify2", "A", {}, settings);
    expect(read("verify2", "A", "data.ndjson")).toBe(before);
    // Without the record it answers: that is what this test would see.
    await passes("verify2", "A", { external, output: at("second") }, { ...settings, REPLAYS: "" });
    expect(read("second", "data.ndjson")).not.toBe(before);
  });

  it("messages that cannot be read are not answered, so that the right ones can be", async () => {
    const rows = rowsOf(read("verify1", "B", "data.ndjson"));
    const cut = rows.map(({ id }, i) => ({ id, payload: i % 2 === 0 ? "AAAA" : "no base64" }));
    const external = write(at("cut", "data.ndjson"), textOf(cut));
    expect((await stage("verify2", "A", { external }, settings)).code).toBe(0);
    expect(reasons()).toEqual(all("malformed-verify"));
    await passes("verify2", "A", {}, settings);
  });

  it("after the hint for failed proofs, no other messages are answered either", async () => {
    await passes("verify2", "A", {}, settings);
    await passes("verify2", "B", { external: altered(at("verify1", "A", "data.ndjson"), "wrong") }, settings);
    const { stderr } = await stage("aggregate", "A", {}, settings);
    expect(stderr).toMatch(/prio: hint: when nearly every proof fails, .* reveals values\n/);
    expect((await stage("verify2", "B", { output: at("second") }, settings)).code).toBe(0);
    expect(read("second", "data.ndjson")).toBe("");
  });
});

describe("aggregate", () => {
  const settings = { QUERY_POINTS: "report" };
  beforeEach(async () => {
    for (const name of ["verify1", "verify2"] as const) {
      for (const id of ["A", "B"] as const) await passes(name, id, {}, settings);
    }
  });
  const part = (rows: readonly Row[], name: string) => write(at(name, "data.ndjson"), textOf(rows));
  const theirs = () => rowsOf(read("verify2", "B", "data.ndjson"));
  const sentence = /^prio: error: an earlier run made an aggregate of some of these reports but not of all/;

  it("the same reports again give the same aggregate", async () => {
    await passes("aggregate", "A", {}, settings);
    const before = read("aggregate", "A", "data.ndjson");
    await passes("aggregate", "A", {}, settings);
    expect(read("aggregate", "A", "data.ndjson")).toBe(before);
  });

  it.each([
    ["a peer that leaves one report out", (rows: Row[]) => rows.slice(1)],
    [
      "a peer that spoils one report",
      ([first, ...rest]: Row[]) => [{ ...first, payload: rest[0]?.payload } as Row, ...rest],
    ],
  ])("%s the second time gets no second aggregate", async (_name, change) => {
    await passes("aggregate", "A", {}, settings);
    const external = part(change(theirs()), "changed");
    const second = await stage("aggregate", "A", { external, output: at("second") }, settings);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(sentence);
    expect(existsSync(at("second", "data.ndjson"))).toBe(false);
    await passes("aggregate", "A", {}, settings);
  });

  it("nor does one that left a report out the first time", async () => {
    const external = part(theirs().slice(1), "first");
    expect((await stage("aggregate", "A", { external }, settings)).code).toBe(0);
    const before = read("aggregate", "A", "data.ndjson");
    const second = await stage("aggregate", "A", { output: at("second") }, settings);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(sentence);
    expect((await stage("aggregate", "A", { external }, settings)).code).toBe(0);
    expect(read("aggregate", "A", "data.ndjson")).toBe(before);
  });

  it("parts of a batch that share no report are aggregated one by one, and not together", async () => {
    const parts = [theirs().slice(0, 8), theirs().slice(8)].map((rows, i) => part(rows, `part-${i}`));
    for (const external of parts) {
      const { code, stdout } = await stage("aggregate", "A", { external }, settings);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^(12|8) errors out of 20 total\n$/)]);
    }
    expect((await stage("aggregate", "A", {}, settings)).stderr).toMatch(sentence);
  });
});

describe("the directory", () => {
  /** The record's bytes. Each file's name and content. */
  const contents = () => {
    const hash = createHash("sha256");
    for (const name of readdirSync(at("replays-A")).sort())
      hash.update(name).update(readFileSync(at("replays-A", name)));
    return hash.digest("hex");
  };

  it("a stage that fails leaves it as it was", async () => {
    await passes("verify1", "A");
    const before = contents();
    const rows = rowsOf(read("raw", "A", "data.ndjson")).slice(0, 5);
    const input = write(at("other", "data.ndjson"), textOf(rows.map((row) => ({ ...row, id: `${row.id} x` }))));
    mkdirSync(at("taken", "data.ndjson"), { recursive: true });
    expect((await stage("verify1", "A", { input, output: at("taken") })).code).toBe(1);
    expect((await stage("verify2", "A", { external: at("nowhere") })).code).toBe(1);
    expect(contents()).toBe(before);
  });

  it("belongs to one secret and one server", async () => {
    await passes("verify1", "A");
    const other = await stage("verify1", "A", {}, { SHARED_SECRET: ServerSecret.generate().toBase64() });
    expect([other.code, other.stdout]).toEqual([1, ""]);
    expect(other.stderr).toMatch(/belongs to another secret\nprio: hint: each server has a record of its own for each/);
    const peer = await stage("verify1", "B", {}, { REPLAYS: at("replays-A") });
    expect(peer.code).toBe(1);
    expect(peer.stderr).toMatch(/belongs to server A/);
  });

  it("is used by one run at a time", async () => {
    await passes("verify1", "A");
    const owner = { server: "A", secret: ServerSecret.fromBase64(secret) } as const;
    const record = FileReplayRecord.open(at("replays-A"), owner);
    const second = await stage("verify1", "A", { output: at("second") });
    record.close();
    expect([second.code, existsSync(at("second", "data.ndjson"))]).toEqual([1, false]);
    expect(second.stderr).toMatch(
      /^prio: error: replay record: .* is in use by process \d+\nprio: hint: one run at a time/,
    );
    await passes("verify1", "A");
  });

  it("one that is damaged, or is none, is told with what to do", async () => {
    await passes("verify1", "A");
    const manifest = readdirSync(at("replays-A")).find((name) => name.startsWith("manifest")) as string;
    writeFileSync(at("replays-A", manifest), "no manifest");
    const damaged = await stage("verify1", "A");
    expect([damaged.code, damaged.stderr]).toEqual([1, expect.stringMatching(/hint: .* take a new shared secret/)]);
    const missing = await stage("verify1", "A", {}, { REPLAYS: at("no", "where") });
    expect([missing.code, missing.stderr]).toEqual([
      1,
      `prio: error: replay record: cannot make ${at("no", "where")}: no such file or directory\n`,
    ]);
    const none = await stage("verify1", "A", {}, { REPLAYS: at("raw", "A") });
    expect([none.code, none.stderr]).toEqual([
      1,
      expect.stringMatching(/hint: name a directory that is missing, empty/),
    ]);
  });

  it("one where verify1 recorded nothing is probably the wrong one: verify2 warns", async () => {
    for (const id of ["A", "B"] as const) await passes("verify1", id);
    const { code, stderr } = await stage("verify2", "A", {}, { REPLAYS: at("mistyped") });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^prio: warning: .*mistyped: nothing was recorded here: is it the directory that verify1 had\?\n/,
    );
  });

  it("goes with files only: rows on standard output or in a pipe would leave too early", async () => {
    mkdirSync(at("piped"));
    execFileSync("mkfifo", [at("piped", "data.ndjson")]);
    for (const output of ["-", at("piped")]) {
      const result = await stage("verify1", "A", { output });
      expect([result.code, result.stdout]).toEqual([2, ""]);
      expect(result.stderr).toMatch(/^prio: error: --replays: the output must be a file/);
    }
    expect(existsSync(at("replays-A"))).toBe(false);
  });
});
