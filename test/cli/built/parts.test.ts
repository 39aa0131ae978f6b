// Runs of the built command over parts that are killed, that fill the disk, that have few descriptors, or whose output
// cannot take the place of a directory: never is a part there without the others.

import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scratch } from "../support.js";
import { bash, bin, type Ended, prio } from "./command.js";
import { Deployment } from "./deployment.js";

const folder = scratch();
afterAll(() => folder.remove());

const PARTS = 5;
const ROWS = 30;
let deployment: Deployment;
let reference: string;

/** Writes lines to so many parts below a folder, and returns it. */
function parts(directory: string, lines: readonly string[], count: number): string {
  const size = Math.ceil(lines.length / count);
  for (let part = 0; part < count; part++) {
    const name = `${directory}/part-${String(part).padStart(5, "0")}.ndjson`;
    deployment.write(name, lines.slice(part * size, (part + 1) * size).join(""));
  }
  return deployment.path(directory);
}

const linesOf = (...names: string[]) =>
  deployment
    .read(...names)
    .trimEnd()
    .split("\n")
    .map((line) => `${line}\n`);

/** What is in a directory that the world sees, or undefined when there is none. */
function seen(directory: string): string | undefined {
  try {
    const names = readdirSync(directory).filter((name) => !name.startsWith("."));
    return names.map((name) => `${name}: ${readFileSync(`${directory}/${name}`, "utf8")}`).join("");
  } catch {
    return undefined;
  }
}

/** Code that the process runs first: it puts a fault into node:fs. */
function fault(code: string): string[] {
  const imports = 'import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module";';
  return ["--import", `data:text/javascript,${encodeURIComponent(`${imports} ${code}; syncBuiltinESMExports();`)}`];
}

const verify1 = (input: string, output: string, node: readonly string[] = []): Promise<Ended> =>
  prio(["verify1", "--input", input, "--output", output, "--jobs", "1"], { env: deployment.env("A"), node });

beforeAll(async () => {
  deployment = await Deployment.in(folder.path, { BATCH_ID: "parts", N_DATA: "8", QUERY_POINTS: "report" });
  const values = Array.from({ length: ROWS }, (_, i) => Array.from({ length: 8 }, (__, k) => (i >> k) & 1));
  const data = deployment.write("data.ndjson", values.map((payload) => `${JSON.stringify({ payload })}\n`).join(""));
  expect((await deployment.encode(data)).code).toBe(0);
  for (const id of ["A", "B"] as const) expect((await deployment.stage("verify1", id, "data.ndjson")).code).toBe(0);
  parts("parts", linesOf("raw/A/data.ndjson"), PARTS);
  expect((await verify1(deployment.path("parts"), deployment.path("whole"))).code).toBe(0);
  reference = seen(deployment.path("whole")) as string;
}, 60_000);

describe("kill -9 in the middle", () => {
  // An earlier run has written other bytes under the same names.
  const killed = async (name: string, call: string, at: number) => {
    const output = deployment.path(name, "verify1");
    const old = Object.fromEntries(readdirSync(deployment.path("whole")).map((x) => [x, `old ${x}\n`]));
    for (const [part, text] of Object.entries(old)) deployment.write(`${name}/verify1/${part}`, text);
    const before = seen(output);
    const code = `const real = fs.${call}; let calls = 0;
      fs.${call} = (...args) => { if (++calls === ${at}) process.kill(process.pid, "SIGKILL"); return real(...args); }`;
    const { signal } = await verify1(deployment.path("parts"), output, fault(code));
    expect(signal).toBe("SIGKILL");
    return { output, before };
  };

  it.each([
    ["while the parts are written", "writeSync", 3],
    ["before the earlier directory makes way", "renameSync", 1],
  ])("%s: what was there stays", async (_, call, at) => {
    const { output, before } = await killed(`${call} ${at}`, call, at);
    expect(seen(output)).toBe(before);
    expect(readdirSync(dirname(output)).filter((name) => name.endsWith(".tmp"))).toHaveLength(1);
    expect((await verify1(deployment.path("parts"), output)).code).toBe(0);
    expect([seen(output), readdirSync(dirname(output))]).toEqual([reference, ["verify1"]]);
  });

  it("between the two renames: nothing is there, and running again works", async () => {
    const { output, before } = await killed("between", "renameSync", 2);
    expect(seen(output)).toBe(undefined);
    const [old = "", ...others] = readdirSync(dirname(output)).filter((name) => name.endsWith(".old"));
    expect([seen(`${dirname(output)}/${old}`), others]).toEqual([before, []]);
    expect((await verify1(deployment.path("parts"), output)).code).toBe(0);
    expect(seen(output)).toBe(reference);
  });
});

it("a disk that fills up in a later part: a sentence that names it, and what was there stays", async () => {
  const output = deployment.path("full", "verify1");
  deployment.write("full/verify1/part-00000.ndjson", "old\n");
  const code = `const real = fs.writeSync; let left = ${reference.length / 2};
    fs.writeSync = (fd, bytes, ...rest) => {
      left -= bytes.length;
      if (left < 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      return real(fd, bytes, ...rest);
    }`;
  const { code: exitCode, stderr } = await verify1(deployment.path("parts"), output, fault(code));
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringMatching(
      /^prio: error: cannot write .*full\/verify1\/part-0000[1-4].ndjson: no space left on the device\n$/,
    ),
  ]);
  expect([seen(output), readdirSync(dirname(output))]).toEqual(["part-00000.ndjson: old\n", ["verify1"]]);
  const later = `const real = fs.fsync; let calls = 0;
    const error = Object.assign(new Error("no space"), { code: "EDQUOT" });
    fs.fsync = (fd, done) => ++calls === 3 ? done(error) : real(fd, done)`;
  const late = await verify1(deployment.path("parts"), output, fault(later));
  expect([late.code, late.stderr]).toEqual([1, expect.stringContaining("the quota of disk space is used up")]);
  expect([seen(output), readdirSync(dirname(output))]).toEqual(["part-00000.ndjson: old\n", ["verify1"]]);
});

it("more parts than a process may have files open", async () => {
  const many = 150;
  const rows = (name: string) => Array.from({ length: many }, (_, i) => linesOf(name)[i % ROWS] as string);
  // Each part has one row, the messages in the opposite order.
  const input = parts("many/raw", rows("raw/A/data.ndjson"), many);
  const own = parts("many/own", rows("verify1/A/data.ndjson").reverse(), many);
  const peer = parts("many/peer", rows("verify1/B/data.ndjson").reverse(), many);
  const output = deployment.path("many/out");
  const argv = `--input ${input} --input-internal ${own} --input-external ${peer} --output ${output}`;
  const { code, stdout, stderr } = await bash(
    `ulimit -n 128; exec "${process.execPath}" "${bin}" verify2 --jobs 1 ${argv}`,
    { env: deployment.env("A") },
  );
  expect([code, stdout.toString(), stderr]).toEqual([
    0,
    `${many - ROWS} errors out of ${many} total\n`,
    expect.stringContaining(`left out: ${many - ROWS} duplicate-id`),
  ]);
  expect(readdirSync(output)).toHaveLength(many + 1);
});

it("where a directory cannot give its name away, the parts appear in it one by one, _SUCCESS last", async () => {
  const output = deployment.path("here");
  mkdirSync(output);
  const { ino } = statSync(output);
  writeFileSync(`${output}/.mine`, "");
  const run = (node: readonly string[] = []) =>
    prio(["verify1", "--input", "../parts", "--output", ".", "--jobs", "1"], {
      env: deployment.env("A"),
      cwd: output,
      node,
    });
  expect((await run()).code).toBe(0);
  expect([seen(output), statSync(output).ino]).toEqual([reference, ino]);
  for (const name of readdirSync(output)) if (!name.startsWith(".")) writeFileSync(`${output}/${name}`, "old\n");
  const before = seen(output);
  const code = `const real = fs.renameSync; let calls = 0;
    fs.renameSync = (...args) => {
      if (++calls === 4) throw Object.assign(new Error(), { code: "EACCES" });
      return real(...args);
    }`;
  const failed = await run(fault(code));
  expect([failed.code, failed.stderr]).toEqual([
    1,
    expect.stringMatching(/cannot write .*part-00003.ndjson: permission denied/),
  ]);
  expect([
    seen(output)?.replaceAll(/_SUCCESS: (old\n)?/g, ""),
    readdirSync(output).filter((x) => x.startsWith(".")),
  ]).toEqual([before?.replaceAll(/_SUCCESS: (old\n)?/g, ""), [".mine"]]);
  const { signal } = await run(fault(code.replace(/throw .*?;/, 'process.kill(process.pid, "SIGKILL");')));
  expect([signal, readdirSync(output).includes("_SUCCESS")]).toEqual(["SIGKILL", false]);
  expect((await run()).code).toBe(0);
  expect(seen(output)).toBe(reference);
});
