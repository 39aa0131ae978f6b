// The figures in the documents are measured: tables and plots come from bench/results and nowhere else.

import { expect, test } from "vitest";
import { documents, plots, readResults, tables, withTables } from "../../bench/report.mjs";
import { read } from "./built.js";

const results = readResults();
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

test("another figure makes another table", () => {
  const [first, ...rest] = results.node20.rows;
  if (first === undefined) throw new Error("no row");
  const slower = { ...first, ms: { ...first.ms, encode: first.ms.encode * 2 } };
  const changed = tables({ ...results, node20: { ...results.node20, rows: [slower, ...rest] } });
  for (const path of documents) expect(withTables(read(path), changed)).not.toBe(read(path));
});

test("the plots are made of the results and show both programs", async () => {
  for (const [path, svg] of Object.entries(await plots(results))) {
    expect(svg === read(path), `${path}: run \`node bench/run.mjs --tables\``).toBe(true);
    expect(svg).toContain("this package");
    expect(svg).toContain("libprio");
  }
});

test("all sizes, both vectors and both kinds of cryptography were measured", () => {
  const shapes = results.node20.rows.map((row) => `${"fields" in row ? row.fields : ""} ${row.vectors} ${row.crypto}`);
  for (const crypto of ["native", "noble"]) {
    for (const fields of [10, 100, 1000, 10_000, 100_000]) expect(shapes).toContain(`${fields} packed ${crypto}`);
    for (const fields of [10, 100, 1000]) expect(shapes).toContain(`${fields} bigint ${crypto}`);
  }
});

// This test measures nothing. It checks the figures that the documents show, so that a run that falls short of its
// targets does not get there unnoticed.
test.each([
  { fields: 10, encode: 2.5, check: 2.5, crypto: "native" },
  { fields: 100, encode: 10, check: 12, crypto: "native" },
  { fields: 1000, encode: 45, check: 50, crypto: "native" },
  { fields: 10_000, encode: 100, check: 100, crypto: "native" },
  { fields: 100_000, encode: 100, check: 100, crypto: "native" },
  { fields: 1000, encode: 12, check: 12, crypto: "noble" },
])("the figures shown reach their targets: $fields fields, $crypto", ({ fields, encode, check, crypto }) => {
  const row = results.node20.rows.find(
    (row) => "fields" in row && row.fields === fields && row.vectors === "packed" && row.crypto === crypto,
  );
  expect(row?.ratio?.encode).toBeGreaterThanOrEqual(encode);
  expect(row?.ratio?.checkA).toBeGreaterThanOrEqual(check);
  expect(row?.ratio?.checkB).toBeGreaterThanOrEqual(check);
});

test("the memory shown is within its bounds", () => {
  const { encoding, growth } = results.memory;
  expect(encoding.fields).toBe(262_143);
  expect(encoding.peakMb).toBeLessThan(400);
  for (const { bytesPerReport } of growth) expect(bytesPerReport).toBeLessThanOrEqual(64);
  expect(growth.filter(({ reports }) => reports >= 1_000_000)).toHaveLength(2);
});
