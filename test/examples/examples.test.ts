// Runs every example except the browser's page as its reader would: a separate process on the built package. The
// examples compare their results with the truth and fail on a difference; here is what they must print.

import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { read, root } from "../package/built.js";

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example from another folder than the checkout: its imports and files must not depend on the reader's. */
const run = (example: string, ...args: string[]): Promise<Outcome> =>
  new Promise((resolve) => {
    const script = join(root, "examples", example, "main.mjs");
    execFile(process.execPath, [script, ...args], { cwd: tmpdir() }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

const scratch = mkdtempSync(join(tmpdir(), "prio-examples-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** All numbers of a line. */
const numbers = (line: string | undefined): number[] => (line?.match(/\d+/g) ?? []).map(Number);

test("pipeline shows every step and agrees with the textbook", async () => {
  const { status, stdout, stderr } = await run("pipeline");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  for (let step = 1; step <= 8; step++) expect(stdout).toMatch(new RegExp(`^${step}\\. `, "m"));
  // What each server has, and what it comes to: f(r), d, the outcome of two honest reports and of the cheat's.
  const outcomes = [...stdout.matchAll(/^ {2}out +[0-9a-f]{22} {2}[0-9a-f]{22} {2}([0-9a-f]{22})/gm)].map(([, x]) => x);
  expect(outcomes).toHaveLength(3);
  expect(outcomes.map((x) => BigInt(`0x${x}`) === 0n)).toEqual([true, false, true]);
  expect(stdout).toMatch(/^ {2}x_2 .* 0{22} {2}no$/m);
  expect(stdout).toContain("both servers refuse the report");
  expect(stdout).toMatch(/^The library and the textbook agree at every step; .* 32 honest clients\.$/m);
});

test("survey publishes an average for each label", async () => {
  const { status, stdout, stderr } = await run("survey");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toContain("Results of 500 reports");
  expect(stdout).toContain("index 2");
  // Of 500 people the average is close to the middle that the example draws around.
  const averages = [...stdout.matchAll(/^ {2}[A-Z].{27} +(\d+\.\d) (?:min|cups|h|points) +[█░]{30} \d+$/gm)];
  expect(averages.map(([, average]) => Number(average))).toEqual([
    expect.closeTo(35, -1),
    expect.closeTo(2, 0),
    expect.closeTo(7, 0),
    expect.closeTo(8, 0),
  ]);
});

test("validation names the build with a bug", async () => {
  const pings = join(scratch, "validation");
  const { status, stdout, stderr } = await run("validation", pings);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout.match(/^\d{14} +120 +8 +4 /gm)).toHaveLength(5);
  expect(stdout).toContain("not explained");
  expect(readFileSync(join(pings, "2019-06-26.svg"), "utf8")).toContain("in build 20190623215207");
});

test("benchmarks draws what was recorded, and the sizes of packets", async () => {
  const { status, stderr } = await run("benchmarks", scratch);
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const drawn = (name: string) => readFileSync(join(scratch, name), "utf8");
  expect(drawn("encoding-time.svg")).toBe(read("examples/benchmarks/encoding-time.svg"));
  expect(drawn("encrypted-sizes.svg")).toMatch(/up to 316\d{3} bytes; the packet for B has 15\d bytes/);
});

test("async counts the same reports at both servers on a bad network", async () => {
  const { status, stdout, stderr } = await run("async");
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const lines = stdout.split("\n");
  for (const id of ["A", "B"]) {
    const [counted, refused, unfinished, repeated] = numbers(lines.find((line) => line.startsWith(`  ${id}  `)));
    expect([counted, refused, unfinished]).toEqual([58, 1, 1]);
    expect(repeated).toBeGreaterThan(0);
  }
  const totals = numbers(lines.find((line) => line.startsWith("  totals")));
  expect(totals).toHaveLength(16);
  expect(totals).toEqual(numbers(lines.find((line) => line.startsWith("  truth"))));
});

describe("python-peer", () => {
  test.each([
    ["cli-clean", 0, 0],
    ["cli-dirty", 2, 4],
  ])("writes the bytes that Python wrote as server B: %s", async (batch, unopened, errors) => {
    const output = join(scratch, batch);
    const { status, stdout, stderr } = await run("python-peer", join(root, "vectors", batch), output);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    for (const name of ["verify1", "verify2", "aggregate"]) {
      const written = readFileSync(join(output, name, "data.ndjson"), "utf8");
      expect(written, name).toBe(read(`vectors/${batch}/server_b/intermediate/internal/${name}/data.ndjson`));
    }
    expect(stdout).toMatch(new RegExp(`^ {2}verify1 +\\d+ rows, ${unopened} errors`, "m"));
    expect(stdout).toMatch(new RegExp(`^ {2}aggregate +\\d+ rows, ${errors} errors`, "m"));
    // Id and time are the run's own; all else of the published file is Python's.
    const anonymous = (text: string) =>
      text.replace(/"id": "[0-9a-f-]{36}", "timestamp": "\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}"/, "…");
    const published = readFileSync(join(output, "processed", "data.ndjson"), "utf8");
    expect(anonymous(published)).toBe(anonymous(read(`vectors/${batch}/server_b/processed/data.ndjson`)));
    expect(anonymous(published)).toContain("{…, ");
  });

  test("publishes nothing when the servers did not count the same reports", async () => {
    const batch = join(scratch, "changed");
    cpSync(join(root, "vectors/cli-clean"), batch, { recursive: true });
    const path = join(batch, "server_b/intermediate/external/verify1/data.ndjson");
    const [first, second, ...rest] = readFileSync(path, "utf8").split("\n");
    const swap = (line = "", other = "") => line.replace(/"payload".*/, /"payload".*/.exec(other)?.[0] ?? "");
    writeFileSync(path, [swap(first, second), swap(second, first), ...rest].join("\n"));
    const { status, stdout, stderr } = await run("python-peer", batch, join(scratch, "changed-out"));
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ {2}aggregate +23 rows, 2 errors/m);
    expect(stdout).not.toContain("publish");
    expect(stderr).toBe("python-peer: A counted 25 reports, B 23: nothing is published\n");
  });
});

test("every example has a README that names its command", () => {
  const examples = readdirSync(join(root, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(examples.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["async", "benchmarks", "broker", "pipeline", "python-peer", "survey", "validation"]),
  );
  for (const { name } of examples) {
    const readme = read(`examples/${name}/README.md`);
    expect(readme).toMatch(new RegExp(`node examples/${name}/main\\.mjs|npm run example:${name}`));
  }
});
