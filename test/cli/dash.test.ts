// What "-" stands for: rows, totals and the list of --errors go to standard output, and what is for people then goes to
// standard error. Where it must be a file, "-" is refused.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { displayWidth } from "../../src/cli/display-width.js";
import { prio, recordedBatch, scratch } from "./support.js";

const folder = scratch();
afterAll(() => folder.remove());
const recorded = recordedBatch("cli-clean");
const env = recorded.env("a");
const shares = recorded.path("server_a/raw/data.ndjson");
const aggregates = ["internal", "external"].flatMap((side) => [
  `--input-${side}`,
  recorded.path(`server_a/intermediate/${side}/aggregate/data.ndjson`),
]);

describe("--errors -", () => {
  it("lists the rows left out on standard output, and counts them on standard error", async () => {
    const stdin = `${readFileSync(shares, "utf8")}not json\n`;
    const argv = ["verify1", "--input", "-", "--output", folder.path("out"), "--errors", "-", "--jobs", "1"];
    const { code, stdout, stderr } = await prio(argv, { env, stdin });
    expect([code, stdout]).toEqual([0, '{"line": 26, "id": null, "reason": "malformed-json"}\n']);
    expect(stderr).toBe("1 errors out of 26 total\nprio: left out: 1 malformed-json\n");
    expect(existsSync(folder.path("out", "data.ndjson"))).toBe(true);
    expect(existsSync("-")).toBe(false);
  });

  it("and of pings", async () => {
    const argv = ["staging", "--date", "2019-06-26", "--input", "-", "--output", folder.path("staged")];
    const { stdout, stderr } = await prio([...argv, "--errors", "-", "--allow-empty"], { stdin: "{}\n" });
    expect(stdout).toBe('{"file": "standard input", "line": 1, "id": null, "reason": "malformed-ping"}\n');
    expect(stderr).toContain("1 errors out of 1 total\n");
  });

  it("is refused beside rows on standard output", async () => {
    const argv = ["verify1", "--input", shares, "--output", "-", "--errors", "-"];
    const { code, stdout, stderr } = await prio(argv, { env });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toBe("prio: error: only one of --output and --errors can be -\n");
  });
});

describe("publish --pretty --output -", () => {
  it("writes the totals to standard output, and the table to standard error in its width", async () => {
    const { code, stdout, stderr } = await prio(["publish", ...aggregates, "--pretty", "--output", "-"], {
      env: { ...env, MIN_REPORTS: "1", NO_COLOR: "1" },
      columns: 40,
    });
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as { payload: number[] }).payload).toHaveLength(12);
    const lines = stderr.trimEnd().split("\n");
    expect([lines[0], lines.length]).toEqual(["25 reports", 13]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(40);
  });

  it("lines up labels of any width", async () => {
    const labels = ["plain", "日本語", "👩‍👩‍👧‍👦 family", "❤\uFE0F", "e\u0301", ..."abcdefg"];
    writeFileSync(folder.path("labels"), labels.join("\n"));
    const argv = ["publish", ...aggregates, "--pretty", "--labels", folder.path("labels")];
    const { stdout } = await prio(argv, { env: { ...env, MIN_REPORTS: "1" } });
    const ends = stdout
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => displayWidth(line.slice(0, line.indexOf("%"))));
    expect(ends).toHaveLength(12);
    expect(new Set(ends).size).toBe(1);
  });
});

it.each([
  ["--private-key-file", ["verify1", "--input", shares, "--output", "x", "--private-key-file", "-"]],
  ["--shared-secret-file", ["verify1", "--input", shares, "--output", "x", "--shared-secret-file", "-"]],
  ["--replays", ["verify1", "--input", shares, "--output", "x", "--replays", "-"]],
  ["--labels", ["publish", ...aggregates, "--pretty", "--labels", "-"]],
  ["--data-config", ["staging", "--date", "2019-06-26", "--input", "x", "--output", "y", "--data-config", "-"]],
  ["--data-config", ["publish", ...aggregates, "--output", "y", "--data-config", "-"]],
  ["--origins", ["index", "--input", "x", "--data-config", "y", "--origins", "-"]],
  ["--data-config", ["index", "--input", "x", "--data-config", "-", "--origins", "y"]],
  ["--output", ["generate", "--seed", "x", "--output", "-"]],
  ["--data-config", ["generate", "--seed", "x", "--output", "y", "--data-config", "-"]],
  ["--output", ["staging", "--date", "2019-06-26", "--input", "x", "--output", "-"]],
])("%s - is refused", async (option, argv) => {
  const { code, stderr } = await prio(argv, { env });
  expect([code, stderr]).toEqual([2, expect.stringMatching(`^prio: error: ${option} cannot be -\n`)]);
});
