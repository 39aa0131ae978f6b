// No stage is quiet about nothing: no row, hardly any row, an empty input, totals of nobody and totals of few.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it, test } from "vitest";
import { type CommandResult, prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const recorded = recordedBatch("cli-clean");
const env = recorded.env("a");

const rows = recorded.text("server_a/raw/data.ndjson").trimEnd().split("\n");
const intermediate = (side: string, stage: string) => `server_a/intermediate/${side}/${stage}/data.ndjson`;
const before = { verify1: undefined, verify2: "verify1", aggregate: "verify2" } as const;
type Stage = keyof typeof before;

/** A stage of server A over these rows, or `encode-shares` over them. */
function run(
  stage: Stage | "encode-shares",
  input: readonly string[],
  argv: readonly string[] = [],
  path = folder.path("data.ndjson"),
) {
  writeFileSync(folder.path("data.ndjson"), input.map((row) => `${row}\n`).join(""));
  const output = folder.path("out");
  const files =
    stage === "encode-shares" ? ["--output-A", `${output}/A`, "--output-B", `${output}/B`] : ["--output", output];
  const messages = stage === "encode-shares" ? undefined : before[stage];
  const exchanged =
    messages === undefined
      ? []
      : ["internal", "external"].flatMap((x) => [`--input-${x}`, recorded.path(intermediate(x, messages))]);
  return prio([stage, "--input", path, ...files, ...exchanged, "--jobs", "1", ...argv], { env });
}

describe.each(["encode-shares", "verify1", "verify2", "aggregate"] as const)("%s", (stage) => {
  const bad = ["nonsense", "{}", "[]"];

  it("exits with 4 when no row came through, and says so even with --quiet", async () => {
    for (const argv of [[], ["--strict"], ["--quiet"]]) {
      const { code, stdout, stderr } = await run(stage, bad, argv);
      expect([code, stdout]).toEqual([4, "3 errors out of 3 total\n"]);
      expect(stderr).toContain("prio: error: none of the 3 rows came through\nprio: hint: ");
    }
  });

  it("exits as ever when that is allowed", async () => {
    const allowed = await run(stage, bad, ["--allow-empty"]);
    expect([allowed.code, allowed.stderr]).toEqual([0, expect.not.stringContaining("error:")]);
    expect((await run(stage, bad, ["--allow-empty", "--strict"])).code).toBe(3);
  });

  it("warns of an empty input, and exits with 4 unless that is allowed", async () => {
    for (const input of [[], [""], ["", " "]]) {
      const { code, stderr } = await run(stage, input);
      expect([code, stderr]).toEqual([
        4,
        `prio: warning: ${folder.path("data.ndjson")} has no rows\nprio: error: no row came through\n` +
          "prio: hint: if that may happen, give --allow-empty\n",
      ]);
      const allowed = await run(stage, input, ["--allow-empty"]);
      expect([allowed.code, allowed.stderr]).toEqual([0, `prio: warning: ${folder.path("data.ndjson")} has no rows\n`]);
    }
  });

  it("calls standard input by its name", async () => {
    const { stderr } = await run(stage, [], [], "-");
    expect(stderr).toContain("prio: warning: standard input has no rows\n");
  });

  it("warns when hardly any row came through, and not when a few more did", async () => {
    const good = stage === "encode-shares" ? recorded.text("client/data.ndjson").trimEnd().split("\n") : rows;
    const nonsense = Array.from({ length: 18 }, () => "nonsense");
    const few = await run(stage, [...good.slice(0, 2), ...nonsense]);
    expect([few.code, few.stderr]).toEqual([
      0,
      expect.stringContaining("prio: warning: only 2 of 20 rows came through\n"),
    ]);
    const more = await run(stage, [...good.slice(0, 3), ...nonsense]);
    expect([more.code, more.stderr]).toEqual([0, expect.not.stringContaining("warning")]);
  });
});

describe("publish", () => {
  /** Publishes both servers' aggregates as if they were of so many reports. */
  function publish(reports: number, argv: readonly string[] = []): Promise<CommandResult> {
    const inputs = ["internal", "external"].flatMap((side) => {
      const { payload } = JSON.parse(readFileSync(recorded.path(intermediate(side, "aggregate")), "utf8")) as {
        payload: string;
      };
      const path = folder.path(`${side}.ndjson`);
      writeFileSync(path, JSON.stringify({ payload, error: 1, total: reports + 1 }));
      return [`--input-${side}`, path];
    });
    return prio(["publish", ...inputs, "--output", folder.path("published"), ...argv], { env });
  }

  it.each([[[]], [["--min-reports", "0"]]])("refuses totals of 0 reports, with %s too", async (argv) => {
    const { code, stdout, stderr } = await publish(0, argv);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^prio: error: both aggregates count 0 reports\n/);
    expect(existsSync(folder.path("published"))).toBe(false);
  });

  it("warns of fewer than 100 reports, unless --min-reports says what is meant", async () => {
    for (const reports of [1, 99]) {
      const { code, stderr } = await publish(reports);
      expect([code, stderr.split("\n").length]).toEqual([0, 2]);
      expect(stderr).toMatch(new RegExp(`^prio: warning: totals of ${reports} reports? hide nobody: `));
      const meant = await publish(reports, ["--min-reports", "1"]);
      expect([meant.code, meant.stderr]).toEqual([0, ""]);
    }
    const many = await publish(100);
    expect([many.code, many.stderr]).toEqual([0, ""]);
  });
});

describe("libprio's check has a hole for 2^k − 1 fields", () => {
  const warns = async (settings: Record<string, string>, stage = "verify1") => {
    const files = folder.path("missing");
    const variables = { INPUT: files, INPUT_INTERNAL: files, INPUT_EXTERNAL: files, OUTPUT: folder.path("none") };
    const { stderr } = await prio([stage], { env: { ...env, ...variables, ...settings } });
    return stderr.match(/prio: warning: .*2\^k − 1.*/)?.[0];
  };

  test.each(["verify1", "verify2", "aggregate"])(
    "%s warns at libprio's points, and names the remedy",
    async (stage) => {
      for (const n of [1, 3, 7, 4095, 262_143]) {
        const warning = await warns({ N_DATA: String(n) }, stage);
        expect(warning).toContain(`with ${n} fields`);
        expect(warning).toContain("use --query-points report, or one field more that is always false");
        expect(await warns({ N_DATA: String(n), QUERY_POINTS: "stream" }, stage)).toBe(warning);
      }
      expect(await warns({ N_DATA: "1", PRECISION: "3" }, stage)).toContain("one integer more that is always 0");
    },
  );

  it("says nothing of other numbers and of points without the hole", async () => {
    for (const n of [2, 4, 6, 8, 12, 4096, 262_142]) expect(await warns({ N_DATA: String(n) })).toBeUndefined();
    for (const mode of ["report", "batch"]) expect(await warns({ N_DATA: "3", QUERY_POINTS: mode })).toBeUndefined();
    expect(await warns({ N_DATA: "3", PRECISION: "3" })).toBeUndefined();
  });
});
