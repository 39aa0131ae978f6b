// `prio staging` in process: the recorded ping of Firefox, directories of stored pings, duplicates, bad pings, and that
// a run leaves whole days or none.

import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { prio, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const at = (...names: string[]) => folder.path(...names);
beforeEach(folder.empty);

const recorded = new URL("../../vectors/prio-processor/fx-69.0a1.json", import.meta.url).pathname;
interface Ping {
  id: string;
  payload: { prioData: { encoding: string; prio: { a: string; b: string } }[] };
}
const ping = JSON.parse(readFileSync(recorded, "utf8")) as Ping;
const [ZERO, ONE] = ["content.blocking_blocked_TESTONLY-0", "content.blocking_blocked_TESTONLY-1"];

const DATE = "2019-06-26";
const day = (...names: string[]) => at("staged", `submission_date=${DATE}`, ...names);
const stage = (input: string, ...more: string[]) =>
  prio(["staging", "--date", DATE, "--input", input, "--output", at("staged"), ...more]);

/** Writes a file and its directories. */
function put(content: string | Uint8Array, ...names: string[]): string {
  const path = at(...names);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** A small ping of one report for each batch. */
const small = (id: string, ...batchIds: string[]): string =>
  JSON.stringify({
    id,
    payload: {
      prioData: batchIds.map((encoding) => ({
        encoding,
        prio: { a: Buffer.from(`A ${id}`).toString("base64"), b: Buffer.from(`B ${id}`).toString("base64") },
      })),
    },
  });
const stored = (json: string, zipped = false) => {
  const bytes = zipped ? gzipSync(json) : Buffer.from(json);
  return JSON.stringify({ attributeMap: { document_type: "prio" }, payload: bytes.toString("base64") });
};

interface Row {
  id: number;
  payload: string;
}
const rows = (server: "a" | "b", batchId: string, part = "part-00000.ndjson") =>
  readFileSync(day(`server_id=${server}`, `batch_id=${batchId}`, part), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Row);
const texts = (found: readonly Row[]) => found.map(({ payload }) => Buffer.from(payload, "base64").toString());
const filesOf = (path: string) =>
  (readdirSync(path, { recursive: true }) as string[]).filter((name) => /part-|_SUCCESS|^\./.test(name)).sort();

describe("prio staging", () => {
  it("lays out the recorded ping as Mozilla's job does", async () => {
    const { code, stdout, stderr } = await stage(recorded);
    expect([code, stdout]).toEqual([0, "0 errors out of 6 total\n"]);
    expect(stderr).toBe(`prio: pings: 1, reports: 6, "${ZERO}": 3, "${ONE}": 3\n`);
    expect(filesOf(at("staged"))).toEqual([
      "_SUCCESS",
      ...["a", "b"].flatMap((server) =>
        [ZERO, ONE].map(
          (batchId) => `submission_date=${DATE}/server_id=${server}/batch_id=${batchId}/part-00000.ndjson`,
        ),
      ),
    ]);
    for (const server of ["a", "b"] as const) {
      for (const batchId of [ZERO, ONE]) {
        const packets = ping.payload.prioData
          .filter(({ encoding }) => encoding === batchId)
          .map(({ prio }) => prio[server]);
        expect(rows(server, batchId)).toEqual(packets.map((payload, i) => ({ id: i + 1, payload })));
      }
    }
    // Spark writes no blanks, and the id first.
    const text = readFileSync(day("server_id=b", `batch_id=${ONE}`, "part-00000.ndjson"), "utf8");
    expect(text).toMatch(/^\{"id":1,"payload":"[\w+/=]{252}"\}\n\{"id":2,/);
  });

  it("reads every form: pings and rows in lines, with gzip inside and out, from standard input", async () => {
    const forms = [small("1", "x"), stored(small("2", "x")), stored(small("3", "x"), true)].join("\n");
    put(forms, "in", "lines.ndjson");
    put(gzipSync(`${small("4", "x")}\n`), "in", "zipped.ndjson.gz");
    put(JSON.stringify(JSON.parse(small("5", "x")), null, 2), "in", "zzz.json");
    expect((await stage(at("in"))).code).toBe(0);
    expect(texts(rows("a", "x"))).toEqual(["A 1", "A 2", "A 3", "A 4", "A 5"]);
    expect(texts(rows("b", "x"))).toEqual(["B 1", "B 2", "B 3", "B 4", "B 5"]);
    const argv = ["staging", "--date", DATE, "--input", "-", "--output", at("piped")];
    expect((await prio(argv, { stdin: forms })).stdout).toBe("0 errors out of 3 total\n");
  });

  it("drops pings that come again, across files and forms", async () => {
    put(`${small("1", "x", "y")}\n${small("2", "x")}\n`, "in", "1.ndjson");
    put(`${stored(small("1", "x", "y"), true)}\n${small("3", "y")}\n`, "in", "sub", "2.ndjson");
    const { stdout, stderr } = await stage(at("in"), "--errors", at("errors"));
    expect(stdout).toBe("1 errors out of 5 total\n");
    expect(stderr).toBe('prio: pings: 3, reports: 4, "x": 2, "y": 2\nprio: left out: 1 duplicate-id\n');
    expect(texts(rows("a", "x"))).toEqual(["A 1", "A 2"]);
    expect(texts(rows("b", "y"))).toEqual(["B 1", "B 3"]);
    const file = at("in", "sub", "2.ndjson");
    expect(JSON.parse(readFileSync(at("errors"), "utf8"))).toEqual({ file, line: 1, id: "1", reason: "duplicate-id" });
  });

  it("leaves out bad pings and bad reports, lists them, and exits with 3 when it is strict", async () => {
    const half = JSON.stringify({ ...JSON.parse(small("half", "x")), payload: { prioData: [{ encoding: "x" }, {}] } });
    put(["not json", half, stored("{}"), "[]", '{"payload": "?"}', small("good", "x")].join("\n"), "in.ndjson");
    const { code, stdout } = await stage(at("in.ndjson"), "--errors", at("errors"), "--strict");
    expect([code, stdout]).toEqual([3, "6 errors out of 7 total\n"]);
    const listed = readFileSync(at("errors"), "utf8").trimEnd().split("\n");
    const found = listed.map((line) => JSON.parse(line) as { line: number; id: string | null; reason: string });
    expect(found.map(({ line, id, reason }) => [line, id, reason])).toEqual([
      [1, null, "malformed-json"],
      [2, "half", "malformed-report"],
      [2, "half", "malformed-report"],
      [3, null, "malformed-ping"],
      [4, null, "malformed-json"],
      [5, null, "malformed-base64"],
    ]);
    expect(texts(rows("a", "x"))).toEqual(["A good"]);
  });

  it("reads the folder of the day only, where there are folders for days, and no hidden names", async () => {
    put(small("1", "x"), "in", DATE, "00", "telemetry", "prio", "4", "part-0.ndjson");
    put(small("2", "x"), "in", DATE, "23", "telemetry", "prio", "4", "part-0.ndjson");
    put(small("3", "x"), "in", "2019-06-27", "00", "telemetry", "prio", "4", "part-0.ndjson");
    put(small("4", "x"), "in", DATE, ".hidden.ndjson");
    put("", "in", DATE, "_SUCCESS");
    expect((await stage(at("in"))).code).toBe(0);
    expect(texts(rows("a", "x"))).toEqual(["A 1", "A 2"]);
    const other = await prio(["staging", "--date", "2019-06-28", "--input", at("in"), "--output", at("staged")]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("has no folder for 2019-06-28")]);
  });

  it("deals the rows of a batch to parts, the same ids at both servers", async () => {
    put(Array.from({ length: 7 }, (_, i) => small(String(i), "x")).join("\n"), "in.ndjson");
    expect((await stage(at("in.ndjson"), "--parts", "3")).code).toBe(0);
    for (const server of ["a", "b"] as const) {
      const ids = [0, 1, 2].map((n) => rows(server, "x", `part-0000${n}.ndjson`).map(({ id }) => id));
      expect(ids).toEqual([
        [1, 4, 7],
        [2, 5],
        [3, 6],
      ]);
    }
  });

  it("takes the batches of --data-config", async () => {
    put(`${small("1", "one", "two", "three")}\n${small("2", "two", "four")}\n`, "in.ndjson");
    put('[{"batch_id": "two", "n_data": 3}, {"batch_id": "three", "n_data": 3}]', "config.json");
    const { stdout, stderr } = await stage(at("in.ndjson"), "--data-config", at("config.json"));
    expect(stdout).toBe("2 errors out of 5 total\n");
    expect(stderr).toContain("left out: 2 unknown-encoding");
    expect(readdirSync(day("server_id=b")).sort()).toEqual(["batch_id=three", "batch_id=two"]);
    expect(rows("b", "two").map(({ id }) => id)).toEqual([1, 2]);
  });

  it("keeps every batch id inside its server's directory", async () => {
    put(small("1", "../../../out", "a/b", "..", "x".repeat(300)), "in.ndjson");
    expect((await stage(at("in.ndjson"))).stdout).toBe("1 errors out of 4 total\n");
    const expected = ["batch_id=..", "batch_id=..%2F..%2F..%2Fout", "batch_id=a%2Fb"];
    expect(readdirSync(day("server_id=a")).sort()).toEqual(expected);
  });

  it("replaces the day and leaves other days alone", async () => {
    put(small("1", "x", "y"), "in.ndjson");
    await stage(at("in.ndjson"));
    const next = ["staging", "--date", "2019-06-27", "--input", at("in.ndjson"), "--output", at("staged")];
    expect((await prio(next)).code).toBe(0);
    put(small("2", "x"), "in.ndjson");
    expect((await stage(at("in.ndjson"))).code).toBe(0);
    expect(readdirSync(day("server_id=a"))).toEqual(["batch_id=x"]);
    expect(texts(rows("a", "x"))).toEqual(["A 2"]);
    expect(readdirSync(at("staged")).sort()).toEqual([
      "_SUCCESS",
      `submission_date=${DATE}`,
      "submission_date=2019-06-27",
    ]);
  });

  it("a run that fails leaves everything as it was", async () => {
    put(small("1", "x"), "in", "1.ndjson");
    await stage(at("in"));
    put(gzipSync(small("2", "x")).subarray(0, 30), "in", "2.ndjson.gz");
    const failed = await stage(at("in"), "--errors", at("errors"));
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("2.ndjson.gz")]);
    expect(texts(rows("a", "x"))).toEqual(["A 1"]);
    expect(readdirSync(at("staged")).sort()).toEqual(["_SUCCESS", `submission_date=${DATE}`]);
    expect(existsSync(at("errors"))).toBe(false);
  });

  it("an errors list that cannot appear takes the day back", async () => {
    put(small("1", "x"), "in.ndjson");
    await stage(at("in.ndjson"));
    put(small("2", "x"), "in.ndjson");
    mkdirSync(at("errors"));
    const failed = await stage(at("in.ndjson"), "--errors", at("errors"));
    expect(failed.code).toBe(1);
    expect(texts(rows("a", "x"))).toEqual(["A 1"]);
    expect(readdirSync(at("staged")).sort()).toEqual(["_SUCCESS", `submission_date=${DATE}`]);
  });

  it.each([
    ["2019-6-26", "expected a day as YYYY-MM-DD"],
    ["2019-02-29", "expected a day as YYYY-MM-DD"],
    ["../../etc", "expected a day as YYYY-MM-DD"],
  ])("refuses the date %s", async (date, message) => {
    const { code, stderr } = await prio(["staging", "--date", date, "--input", recorded, "--output", at("staged")]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  it("refuses wrong parts and configurations", async () => {
    expect((await stage(recorded, "--parts", "0")).code).toBe(2);
    expect((await stage(recorded, "--parts", "10001")).code).toBe(2);
    for (const text of ["[]", "{}", "x", '[{"batch_id": 7}]', "[null]"]) {
      const { code, stderr } = await stage(recorded, "--data-config", put(text, "config.json"));
      expect([code, stderr]).toEqual([2, expect.stringContaining("expected a JSON array")]);
    }
    mkdirSync(at("empty"));
    expect((await stage(at("empty"))).stderr).toContain("has no files");
    expect((await stage(at("missing"))).code).toBe(1);
    expect(existsSync(at("staged"))).toBe(false);
  });

  it("refuses to replace what it reads or writes besides, and to write into its input", async () => {
    put(small("1", "x"), "in", "1.ndjson");
    await stage(at("in"));
    const shares = day("server_id=a", "batch_id=x", "part-00000.ndjson");
    const before = readFileSync(shares, "utf8");
    symlinkSync(day(), at("link"));
    symlinkSync(shares, at("in", "2.ndjson"));
    for (const argv of [
      [shares],
      [day()],
      [at("link", "server_id=a")],
      [at("in")],
      [recorded, "--errors", day("errors")],
      [recorded, "--data-config", shares],
    ]) {
      const { code, stderr } = await stage(argv[0] as string, ...argv.slice(1));
      expect([code, stderr]).toEqual([2, expect.stringContaining("--output would replace what --")]);
    }
    const files = ["--input", recorded, "--output", at("staged")];
    const { code, stderr } = await prio(["staging", "--date", DATE, ...files], { env: { REPLAYS: day("replays") } });
    expect([code, stderr]).toEqual([2, expect.stringContaining("--output would replace what --replays names")]);
    rmSync(at("in", "2.ndjson"));
    const inside = ["staging", "--date", DATE, "--input", at("in"), "--output", at("in", "staged")];
    expect((await prio(inside)).stderr).toContain("--output is in the directory of --input");
    linkSync(at("in", "1.ndjson"), at("hard link"));
    for (const [errors, sentence] of [
      [at("in", "1.ndjson"), "--errors is in the directory of --input"],
      [at("hard link"), "--errors would write over a file of the input"],
    ] as const) {
      const { code, stderr } = await stage(at("in"), "--errors", errors);
      expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
    }
    expect((await stage(at("in"), "--errors", at("in", "errors"))).stderr).toContain("--errors is in the directory");
    expect(readFileSync(shares, "utf8")).toBe(before);
  });
});
