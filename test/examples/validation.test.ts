// examples/validation on simulated pings, some of them damaged or wrong: it finds what the generator knows, build by
// build, in the layout of a ping of Firefox.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { compare, isExplained } from "../../examples/validation/compare.mjs";
import { generate } from "../../examples/validation/generate.mjs";
import { plot, table } from "../../examples/validation/report.mjs";
import { read } from "../package/built.js";

const folder = mkdtempSync(join(tmpdir(), "prio-validation-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
const truth = generate(folder);
const recorded = JSON.parse(read("vectors/prio-processor/fx-69.0a1.json"));
const day = join(folder, "pings/2019-06-26");

test("finds control, observed, invalid and missing reports of each build, beside a ping of another build", () => {
  writeFileSync(join(day, "recorded.ndjson"), JSON.stringify(recorded));
  const builds = compare(folder, "2019-06-26");
  expect(builds).toHaveLength(5);
  const differences = truth.map(({ control, observed }) => control.map((x, k) => x - (observed[k] ?? 0)));
  expect(builds).toEqual(truth.map((build, i) => ({ ...build, difference: differences[i] })));
  for (const { pings, counted, invalid, missing } of builds) {
    expect([pings, counted, invalid, missing]).toEqual([120, 108, 8, 4]);
  }
});

test("reports what is not explained, as a table and as a plot", () => {
  const build = { buildId: "20190625215814", pings: 9, counted: 6, invalid: 2, missing: 1, control: [9, 5, 1] };
  const found = [{ ...build, observed: [6, 1, 2], difference: [3, 4, -1] }];
  expect(found.map((x) => [0, 1, 2].map((k) => isExplained(x, k)))).toEqual([[true, false, false]]);
  expect(table(found)).toBe(
    [
      "build           pings  invalid  missing  question         control  observed  difference",
      "20190625215814      9        2        1  default browser        9         6           3",
      "                                         new tab page           5         1           4  not explained",
      "                                         PDF viewer used        1         2          -1  not explained",
    ].join("\n"),
  );
  const svg = plot(found);
  expect(svg).toContain("Not explained by the reports that were left out: new tab page in build 20190625215814, PDF");
  expect(plot([{ ...build, observed: [9, 5, 1], difference: [0, 0, 0] }])).toContain("All differences are explained");
});

test("makes pings of the layout that Firefox had", () => {
  /** The names and types of everything in an object, and of the first element of a list. */
  const layoutOf = (x: unknown): unknown => {
    if (Array.isArray(x)) return [layoutOf(x[0])];
    if (typeof x !== "object" || x === null) return typeof x;
    return Object.fromEntries(Object.entries(x).map(([name, value]) => [name, layoutOf(value)]));
  };
  const lines = readFileSync(join(day, "pings.ndjson"), "utf8").trimEnd().split("\n");
  const complete = lines.map((line) => JSON.parse(line)).find(({ payload }) => "b" in payload.prioData[0].prio);
  const { histograms, ...payload } = complete.payload;
  expect(layoutOf({ ...complete, payload })).toEqual(layoutOf(recorded));
  expect(Object.keys(histograms)).toHaveLength(3);
});
