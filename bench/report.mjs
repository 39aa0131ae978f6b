// The plots and the tables of the documents, from bench/results/*.json. A table stands between the markers `<!-- name -->`
// and `<!-- /name -->`; test/package/bench.test.ts compares them with what is measured.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @import { TopLevelSpec } from "vega-lite" */
/** @import { AllResults, GrowthRow, Results, Row } from "./results.js" */

const root = new URL("../", import.meta.url);
const pathOf = (/** @type {string} */ path) => fileURLToPath(new URL(path, root));
const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(pathOf(path), "utf8"));

/** The documents that have tables. */
export const documents = ["README.md", "docs/performance.md"];

/** @returns {AllResults} */
export function readResults() {
  return {
    node20: readJson("bench/results/node-20.json"),
    node24: readJson("bench/results/node-24.json"),
    bun: readJson("bench/results/bun.json"),
    memory: readJson("bench/results/memory.json"),
    libprio: readJson("bench/libprio-c.json").rows,
  };
}

/** Three significant digits. @param {number} x */
const digits = (x) => (x >= 100 ? x.toFixed(0) : `${Number(x.toPrecision(3))}`);
/** Two, for ratios: a third is noise. @param {number} x */
const times = (x) => `${Number(x.toPrecision(2))}×`;
/** @param {number} x */
const thousands = (x) => x.toLocaleString("en-US");

/**
 * @param {string[]} header
 * @param {string[][]} rows
 */
function table(header, rows) {
  return [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/**
 * @param {readonly Row[]} rows
 * @param {string} vectors
 * @param {string} [crypto]
 */
const select = (rows, vectors, crypto) =>
  rows.flatMap((row) =>
    row.vectors === vectors && (crypto === undefined || row.crypto === crypto) && "fields" in row ? [row] : [],
  );

/** Our milliseconds, with the ratio. @param {Row} row @param {"encode" | "checkA" | "checkB" | "aggregate"} step */
const compared = (row, step) =>
  row.ratio === undefined ? digits(row.ms[step]) : `${digits(row.ms[step])} (${times(row.ratio[step])})`;

/** @param {AllResults} results */
function readmeTable({ node20, libprio }) {
  const rows = select(node20.rows, "packed", "native").map((row) => {
    const c = libprio.find(({ fields }) => fields === row.fields);
    const theirs = c === undefined ? "" : `${digits(c.encode * row.scale)} / ${digits(c.verifyA * row.scale)}`;
    const noble = select(node20.rows, "packed", "noble").find(({ fields }) => fields === row.fields);
    return [
      thousands(row.fields),
      compared(row, "encode"),
      compared(row, "checkA"),
      compared(row, "checkB"),
      theirs,
      noble?.ratio === undefined ? "" : `${times(noble.ratio.encode)} / ${times(noble.ratio.checkA)}`,
    ];
  });
  return table(
    [
      "fields",
      "encode, ms",
      "check at A, ms",
      "check at B, ms",
      "libprio: encode / check, ms",
      "without native cryptography",
    ],
    rows,
  );
}

/** Every step. @param {Results} results */
function stepsTable({ rows, integers }) {
  const shape = (/** @type {Row} */ row) =>
    "fields" in row ? thousands(row.fields) : `${row.count} × ${row.precision} bits`;
  const cells = [...rows, ...integers].map((row) => [
    shape(row),
    row.vectors === "packed" ? "packed" : "BigInt",
    row.crypto,
    compared(row, "encode"),
    digits(row.ms.openA),
    digits(row.ms.openB),
    digits(row.ms.verifyA),
    digits(row.ms.verifyB),
    compared(row, "checkA"),
    compared(row, "checkB"),
    compared(row, "aggregate"),
  ]);
  const names = ["encode", "open A", "open B", "verify A", "verify B", "check A", "check B", "aggregate A + B"];
  return table(["fields", "vectors", "cryptography", ...names], cells);
}

/** @param {AllResults} results */
function bytesTable({ node20, libprio }) {
  const rows = select(node20.rows, "packed", "native").map(({ fields, bytes }) => {
    const c = libprio.find((row) => row.fields === fields);
    return [thousands(fields), ...[bytes.a, c?.bytesA, bytes.b, c?.bytesB].map((x) => thousands(x ?? 0))];
  });
  return table(["fields", "packet for A", "libprio's", "packet for B", "libprio's"], rows);
}

/** @param {AllResults} results */
function runtimesTable({ node20, node24, bun }) {
  const cells = ["native", "noble"].flatMap((crypto) =>
    select(node20.rows, "packed", crypto).map((row) => [
      thousands(row.fields),
      crypto,
      ...[node20, node24, bun].flatMap((results) => {
        const own = select(results.rows, "packed", crypto).find(({ fields }) => fields === row.fields);
        if (own === undefined) return ["", ""];
        return [compared(own, "encode"), compared(own, "checkA")];
      }),
    ]),
  );
  const names = [node20, node24, bun].flatMap(({ runtime }) => [`${runtime}: encode`, "check A"]);
  return table(["fields", "cryptography", ...names], cells);
}

/** @param {Results} results */
function pointsTable({ points }) {
  const cells = points
    .filter(({ queryPoints }) => queryPoints === "report")
    .map(({ fields, checkA, checkB }) => {
      const batch = points.find((row) => row.queryPoints === "batch" && row.fields === fields);
      const pair = (/** @type {number} */ report, /** @type {number} */ one) => [
        digits(report),
        `${digits(one)} (${times(report / one)})`,
      ];
      return [thousands(fields), ...pair(checkA, batch?.checkA ?? 0), ...pair(checkB, batch?.checkB ?? 0)];
    });
  return table(["fields", 'check A, `"report"`', '`"batch"`', 'check B, `"report"`', '`"batch"`'], cells);
}

/** @param {AllResults} results */
function arithmeticTable({ node20, node24, bun }) {
  const cells = [node20, node24, bun].flatMap(({ runtime, arithmetic }) =>
    arithmetic.map(({ vectors, length, multiplyNs, dotNs, butterflyNs, transformMs }) => [
      runtime,
      vectors === "packed" ? "packed" : "BigInt",
      thousands(length),
      ...[multiplyNs, dotNs, butterflyNs, transformMs].map(digits),
    ]),
  );
  const names = ["product, ns", "inner product, ns", "butterfly, ns", "whole transform, ms"];
  return table(["", "vectors", "elements", ...names], cells);
}

/** @param {AllResults} results */
function memoryTable({ memory: { runtime, encoding, growth } }) {
  const what = (/** @type {GrowthRow} */ { what: kind, queryPoints, reports }) =>
    kind === "record"
      ? `replay record after ${thousands(reports)} reports, query points \`"${queryPoints}"\``
      : `session, ${thousands(reports)} real reports of 10 fields, query points \`"${queryPoints}"\``;
  return table(
    [runtime, "kept", "at the highest"],
    [
      [
        `encoding ${thousands(encoding.fields)} fields, ${encoding.reports} times`,
        `${encoding.loadedMb} MB before`,
        `${encoding.peakMb} MB resident`,
      ],
      ...growth.map((row) => [
        what(row),
        `${digits(row.bytesPerReport)} bytes a report`,
        row.peakBytesPerReport === undefined ? "" : `${digits(row.peakBytesPerReport)} bytes a report`,
      ]),
    ],
  );
}

/** Where these figures are from. @param {Results[]} results */
const origin = (results) =>
  results
    .map(({ runtime, machine, yardstickNs }) => `${runtime} on ${machine}, yardstick ${digits(yardstickNs)} ns`)
    .join("; ");

/**
 * The texts between the markers, by marker.
 *
 * @param {AllResults} results
 * @returns {Record<string, string>}
 */
export function tables(results) {
  const { node20, node24, bun } = results;
  return {
    bench: readmeTable(results),
    "bench: origin": origin([node20, node24, bun]),
    "bench: steps": stepsTable(node20),
    "bench: bytes": bytesTable(results),
    "bench: runtimes": runtimesTable(results),
    "bench: points": pointsTable(node20),
    "bench: arithmetic": arithmeticTable(results),
    "bench: memory": memoryTable(results),
  };
}

/**
 * A document's text with these tables between its markers.
 *
 * @param {string} text
 * @param {Record<string, string>} byMarker
 */
export function withTables(text, byMarker) {
  return text.replace(/<!-- (bench[^>]*) -->\n.*?<!-- \/\1 -->/gs, (_whole, /** @type {string} */ name) => {
    const content = byMarker[name];
    if (content === undefined) throw new Error(`bench: no table named "${name}"`);
    return `<!-- ${name} -->\n${content}\n<!-- /${name} -->`;
  });
}

/**
 * The plots, as SVG, by path.
 *
 * @param {AllResults} results
 * @returns {Promise<Record<string, string>>}
 */
export async function plots({ node20, libprio }) {
  const native = select(node20.rows, "packed", "native");
  const time = [
    ...native.map((row) => ({ fields: row.fields, y: row.ms.encode, of: "this package" })),
    ...select(node20.rows, "packed", "noble").map((row) => ({
      fields: row.fields,
      y: row.ms.encode,
      of: "this package, no native cryptography",
    })),
    ...libprio.map((row) => ({
      fields: row.fields,
      y: row.encode * (native.find(({ fields }) => fields === row.fields)?.scale ?? 1),
      of: "libprio (C), scaled",
    })),
  ];
  const bytes = [
    ...native.flatMap(({ fields, bytes: { a, b } }) => [
      { fields, y: a, of: "packet for A, this package" },
      { fields, y: b, of: "packet for B, this package" },
    ]),
    ...libprio.flatMap(({ fields, bytesA, bytesB }) => [
      { fields, y: bytesA, of: "packet for A, libprio" },
      { fields, y: bytesB, of: "packet for B, libprio" },
    ]),
  ];
  return {
    "docs/encoding-time.svg": await plot("Encoding one report", "milliseconds", time),
    "docs/bytes.svg": await plot("One report", "bytes", bytes),
  };
}

/**
 * @param {string} title
 * @param {string} unit
 * @param {{ fields: number; y: number; of: string }[]} values
 */
async function plot(title, unit, values) {
  const { compile } = await import("vega-lite");
  const vega = await import("vega");
  const logarithmic = { type: /** @type {const} */ ("log") };
  /** @type {TopLevelSpec} */
  const spec = {
    title,
    width: 480,
    height: 300,
    background: "white",
    data: { values },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "fields",
        type: "quantitative",
        scale: logarithmic,
        title: "fields",
        axis: { tickCount: 5, format: "," },
      },
      y: { field: "y", type: "quantitative", scale: logarithmic, title: unit, axis: { tickCount: 6, format: "~g" } },
      color: { field: "of", type: "nominal", title: null, sort: null, legend: { labelLimit: 300 } },
      strokeDash: { field: "of", type: "nominal", title: null, sort: null },
    },
  };
  const svg = await new vega.View(vega.parse(compile(spec).spec), { renderer: "none" }).toSVG();
  return `${svg}\n`;
}

/** Brings plots and documents up to date with bench/results. */
export async function writeReports() {
  const results = readResults();
  for (const [path, svg] of Object.entries(await plots(results))) writeFileSync(pathOf(path), svg);
  const byMarker = tables(results);
  for (const path of documents) {
    const text = readFileSync(pathOf(path), "utf8");
    writeFileSync(pathOf(path), withTables(text, byMarker));
  }
}
