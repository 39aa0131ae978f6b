// The figures in the documents are measured: tables and plots come from bench/results and nowhere else, and figures
// that compare programs come from one run in which the programs took turns.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import esbuild from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processorSeconds } from "../../bench/commands.mjs";
import { interleave, median } from "../../bench/interleave.mjs";
import { documents, plots, ratio, readResults, STEPS, tables, withTables } from "../../bench/report.mjs";
import type { Row } from "../../bench/results.js";
import { read, root } from "./built.js";

const results = readResults();
const { rows } = results.reports;
const byMarker = tables(results);
const markersIn = (text: string) => [...text.matchAll(/<!-- (bench[^>]*) -->/g)].map(([, name]) => name);

test.each(documents)("the tables of %s are made of the results", (path) => {
  const text = read(path);
  expect(markersIn(text)).not.toEqual([]);
  expect(text, "run `node bench/run.mjs --tables`").toBe(withTables(text, byMarker));
});

test("every table stands in one document", () => {
  const found = documents.flatMap((path) => markersIn(read(path)));
  expect(found.sort()).toEqual(Object.keys(byMarker).sort());
});

test.each(["node", "libprio"])("another figure of %s makes another table", (runtime) => {
  const slower = (row: Row): Row => {
    const [wall, processor] = row.ms.encode;
    return row.runtime === runtime ? { ...row, ms: { ...row.ms, encode: [2 * wall, 2 * processor] } } : row;
  };
  const changed = tables({ ...results, reports: { ...results.reports, rows: rows.map(slower) } });
  for (const path of documents) expect(withTables(read(path), changed)).not.toBe(read(path));
});

test("the plots are made of the results", () => {
  for (const [path, svg] of Object.entries(plots(results))) {
    expect(svg === read(path), `${path}: run \`node bench/run.mjs --tables\``).toBe(true);
  }
});

const withRows = (change: (row: Row) => Row) =>
  plots({ ...results, reports: { ...results.reports, rows: rows.map(change) } });

test("the plot of times shows this package in two forms and libprio, and moves with each figure", () => {
  const svg = read("docs/encoding-time.svg");
  for (const name of ["this package", "this package, in JavaScript alone", "libprio"]) {
    expect(svg).toContain(`>${name}</text>`);
  }
  for (const runtime of ["node", "libprio"]) {
    const slower = withRows((row) =>
      row.runtime === runtime
        ? { ...row, ms: { ...row.ms, encode: row.ms.encode.map((x) => 2 * x) as [number, number] } }
        : row,
    );
    expect(slower["docs/encoding-time.svg"]).not.toBe(svg);
  }
});

test("packets as long as libprio's share a line with them, and others have a line of their own", () => {
  const names = (svg = "") => [...svg.matchAll(/class="name"[^>]*>([^<]*)</g)].map(([, name]) => name);
  expect(names(read("docs/bytes.svg"))).toEqual([
    "packet for A, ours and libprio's",
    "packet for B, ours and libprio's",
  ]);
  const longer = withRows((row) =>
    row.runtime === "libprio" ? { ...row, bytes: [row.bytes[0], 2 * row.bytes[1]] } : row,
  );
  expect(names(longer["docs/bytes.svg"])).toEqual([
    "packet for A, ours and libprio's",
    "packet for B, ours",
    "packet for B, libprio's",
  ]);
});

test("libprio took turns with this package at every number of fields", () => {
  const measured = rows.map(({ shape, runtime, form }) => `${shape} ${runtime} ${form?.vectors} ${form?.crypto}`);
  for (const fields of [10, 100, 1000, 10_000, 100_000]) {
    expect(measured).toContain(`${fields} libprio undefined undefined`);
    for (const crypto of ["native", "noble"]) {
      expect(measured).toContain(`${fields} node packed ${crypto}`);
      if (fields <= 1000) expect(measured).toContain(`${fields} node bigint ${crypto}`);
    }
  }
  // As often there as back.
  for (const { blocks } of rows) expect(blocks % 2).toBe(0);
});

test("the documents name the processor and every program that was measured", () => {
  const origin = byMarker["bench: origin"] ?? "";
  expect(origin).toContain(results.reports.processor);
  for (const { version } of rows) expect(origin).toContain(version);
});

// This test measures nothing. It checks the figures that the documents show, so that a run that falls short of its
// targets does not get there unnoticed.
test.each([
  { shape: "10", encode: 2, check: 1.5, crypto: "native" },
  { shape: "100", encode: 7, check: 10, crypto: "native" },
  { shape: "1000", encode: 30, check: 55, crypto: "native" },
  { shape: "10000", encode: 80, check: 140, crypto: "native" },
  { shape: "100000", encode: 100, check: 180, crypto: "native" },
])("the figures shown reach their targets: $shape fields, $crypto", ({ shape, encode, check, crypto }) => {
  const row = rows.find(
    ({ form, ...row }) =>
      row.runtime === "node" &&
      row.shape === shape &&
      form?.vectors === "packed" &&
      form.crypto === crypto &&
      form.points === "stream",
  ) as Row;
  expect(ratio(results.reports, row, "encode")).toBeGreaterThanOrEqual(encode);
  expect(ratio(results.reports, row, "checkA")).toBeGreaterThanOrEqual(check);
  expect(ratio(results.reports, row, "checkB")).toBeGreaterThanOrEqual(check);
});

test("the memory shown is within its bounds", () => {
  const { encoding, growth } = results.memory;
  expect(encoding.fields).toBe(262_143);
  expect(encoding.peakMb).toBeLessThan(400);
  for (const { bytesPerReport } of growth) expect(bytesPerReport).toBeLessThanOrEqual(64);
  expect(growth.filter(({ reports }) => reports >= 1_000_000)).toHaveLength(2);
});

// The mechanism, with programs that only pretend to work.

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "prio-bench-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/**
 * A program that notes its turns in a file, and says that a report takes it `ms` milliseconds a step on the wall, half
 * of them computing.
 */
function pretender(name: string, ms: number, end = "") {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { appendFileSync } from "node:fs";
    import { createInterface } from "node:readline";
    console.log(JSON.stringify({ version: "${name} 1.0" }));
    for await (const line of createInterface({ input: process.stdin })) {
      appendFileSync(${JSON.stringify(join(folder, "turns"))}, "${name}");
      const d = [${ms} * 1e6 * Number(line), ${ms} * 5e5 * Number(line)];
      console.log(JSON.stringify({ encode: d, checkA: d, checkB: d, bytes: [10, 20] }));
    }
    ${end}`,
  );
  return { runtime: name, command: [process.execPath, file] };
}

/** As little as there is to measure. */
const briefly = { steps: STEPS, warmUpMs: 100, turnsMs: 0 };

test("programs take turns, there and back, and each figure is for one report", async () => {
  writeFileSync(join(folder, "turns"), "");
  const measured = await interleave<Row>("10", [pretender("x", 1), pretender("y", 2)], briefly);
  const turns = readFileSync(join(folder, "turns"), "utf8");
  const afterWarmUp = turns.slice(turns.indexOf("xyyx"));
  expect(turns.slice(0, -afterWarmUp.length)).toMatch(/^x+y+$/);
  expect(afterWarmUp).toMatch(/^(xyyx)+$/);
  expect(measured).toMatchObject([
    { shape: "10", runtime: "x", version: "x 1.0", ms: { encode: [1, 0.5], checkA: [1, 0.5] }, bytes: [10, 20] },
    { shape: "10", runtime: "y", version: "y 1.0", ms: { encode: [2, 1], checkB: [2, 1] } },
  ]);
  for (const { blocks } of measured) expect(2 * blocks).toBe(afterWarmUp.length);
});

test("a program whose totals are wrong in the end makes no figures", async () => {
  const wrong = pretender("z", 1, "process.exitCode = 3;");
  await expect(interleave("10", [wrong], briefly)).rejects.toThrow("ended with 3");
});

test("a program that is not there makes no figures", async () => {
  const command = [join(folder, "nothing")];
  await expect(interleave("10", [{ runtime: "nothing", command }], briefly)).rejects.toThrow("ENOENT");
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});

test("the processor time of a command is its own, not the shell's", () => {
  expect(processorSeconds("warning\n0m0.50s 0m0.50s\n1m2.250000s 0m0.750000s\n")).toBe(63);
  expect(() => processorSeconds("prio: error")).toThrow("expected the two times");
});

test.each(["10", "2x3"])("this package's program checks the totals of its reports: %s", async (shape) => {
  const outfile = join(folder, "program.mjs");
  await esbuild.build({
    entryPoints: [`${root}/bench/program.ts`],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "silent",
  });
  const command = [process.execPath, outfile, shape, "packed", "native", "report"];
  const [row] = await interleave<Row>(shape, [{ runtime: "node", command }], briefly);
  expect(row?.version).toBe(`Node ${process.versions.node}`);
  const { encode, checkA, openA, verifyA, aggregateA } = row?.ms ?? {};
  for (const step of [encode, checkA, openA, verifyA]) expect(step?.[1]).toBeGreaterThan(0);
  expect(checkA?.[0]).toBeGreaterThan((openA?.[0] ?? 0) * 0.5);
  expect(aggregateA?.[0]).toBeGreaterThanOrEqual(0);
});
