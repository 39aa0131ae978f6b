// The measurement of Prio3 beside its peers: what the documents show is measured, in one run, and our program checks
// its results. bench.test.ts has the way programs take turns, and compares every table with the results.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import esbuild from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { interleave } from "../../bench/interleave.mjs";
import { instances, ofDivviup, STEPS } from "../../bench/prio3/instances.mjs";
import { prio3Tables } from "../../bench/prio3/report.mjs";
import { readResults } from "../../bench/report.mjs";
import type { Prio3Row } from "../../bench/results.js";
import { optimalChunkLength } from "../../src/prio3/index.js";
import { root } from "./built.js";

const { prio3: results, prio3Profile } = readResults();

test.each(instances)("$name was measured beside its peers, as often there as back", ({ name, args: [type] }) => {
  const rows = results.rows.filter(({ shape }) => shape === name);
  const expected = ["node", "libprio-rs", ...(ofDivviup.has(type) ? ["@divviup/prio3"] : [])];
  expect(rows.map(({ runtime }) => runtime)).toEqual(expect.arrayContaining(expected));
  for (const { blocks } of rows) expect(blocks % 2).toBe(0);
});

test.each(instances)("$name has the optimal chunk length", ({ args: [type, length = 0, max = 0, third] }) => {
  const bits = (x: number) => x.toString(2).length;
  if (type === "Prio3Histogram") expect(max).toBe(optimalChunkLength(length));
  else if (type === "Prio3MultihotCountVec") expect(third).toBe(optimalChunkLength(length + bits(max)));
  else if (third !== undefined) expect(third).toBe(optimalChunkLength(length * bits(max)));
});

test("the origin names the processor and every program", () => {
  const origin = prio3Tables(results, prio3Profile)["bench: prio3 origin"];
  expect(origin).toContain(results.processor);
  for (const { version } of results.rows) expect(origin).toContain(version);
});

test("the profile accounts for all time of each step", () => {
  const profiled = instances.filter(({ isProfiled }) => isProfiled).map(({ name }) => name);
  expect(Object.keys(prio3Profile)).toEqual(profiled);
  for (const { percent } of Object.values(prio3Profile)) {
    for (const parts of Object.values(percent)) {
      const sum = Object.values(parts).reduce((total, x) => total + x);
      expect(Math.abs(sum - 100)).toBeLessThanOrEqual(3);
    }
  }
});

describe("the table", () => {
  /** The three programs take so many milliseconds for each step of SumVec of 1,000 bits. */
  const tableOf = (ours: number, libprioRs: number, divviup: number) => {
    const figures = Object.entries({ node: ours, "libprio-rs": libprioRs, "@divviup/prio3": divviup });
    const rows = figures.map(([runtime, ms]): Prio3Row => {
      const steps = Object.fromEntries(STEPS.map((step) => [step, [2 * ms, ms]]));
      return {
        ...{ runtime, version: runtime, shape: "SumVec of 1,000 bits", blocks: 2, reportsPerBlock: 1 },
        ms: steps as unknown as Prio3Row["ms"],
      };
    });
    return prio3Tables({ ...results, rows }, prio3Profile)["bench: prio3"];
  };

  test.each([
    [2.5, 1, 100, "| shard | 2.5 | 1 | 2.5× | ≤ 2.5×, reached | 100 | 40× | ≥ 25×, reached |"],
    [2.51, 1, 50, "| shard | 2.51 | 1 | 2.5× | ≤ 2.5×, missed | 50 | 20× | ≥ 25×, missed |"],
    [2.81, 1, 100, "| verify_init, leader | 2.81 | 1 | 2.8× | ≤ 2.8×, missed | 100 | 36× | ≥ 35×, reached |"],
    [2.8, 1, 97, "| verify_init, helper | 2.8 | 1 | 2.8× | ≤ 2.8×, reached | 97 | 35× | ≥ 35×, missed |"],
    [2.8, 1, 97, "| the rest, helper | 2.8 | 1 | 2.8× |  | 97 | 35× |  |"],
  ])("says whether an aim is reached: %d, %d, %d", (ours, libprioRs, divviup, row) => {
    expect(tableOf(ours, libprioRs, divviup)).toContain(row);
  });
});

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "prio-bench-prio3-"));
  await esbuild.build({
    entryPoints: [`${root}/bench/prio3/program.ts`],
    outfile: join(folder, "program.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Small ones of each kind. */
test.each([
  ["Prio3Count"],
  ["Prio3Sum", 255],
  ["Prio3SumVec", 5, 1, 2],
  ["Prio3SumVecWithMultiproof", 5, 1, 2, 3],
  ["Prio3Histogram", 5, 2],
  ["Prio3MultihotCountVec", 5, 2, 2],
])("our program measures each step of %s, and the result is that of its measurements", async (...args) => {
  const command = [process.execPath, join(folder, "program.mjs"), ...args.map(String)];
  const options = { steps: STEPS, warmUpMs: 50, turnsMs: 0 };
  const [row] = await interleave<Prio3Row>("small", [{ runtime: "node", command }], options);
  expect(row?.version).toBe(`Node ${process.versions.node}`);
  for (const step of STEPS) expect(row?.ms[step][1]).toBeGreaterThan(0);
});
