// The plots and the tables of the documents, from bench/results/*.json. A table stands between the markers `<!-- name
// -->` and `<!-- /name -->`; test/package/bench.test.ts compares them with what is measured.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encodingTime } from "../examples/benchmarks/plots.mjs";
import { enclosingPowers, plotFile } from "../scripts/line-plot.mjs";
import { aggregatorTables } from "./aggregator/report.mjs";
import { digits, originText, table, thousands, times } from "./format.mjs";
import { prio3Tables } from "./prio3/report.mjs";

/** @import { Line } from "../scripts/line-plot.mjs" */
/** @import { AllResults, GrowthRow, Reports, Row, SharedStep } from "./results.js" */

const root = new URL("../", import.meta.url);
const pathOf = (/** @type {string} */ path) => fileURLToPath(new URL(path, root));
const readJson = (/** @type {string} */ path) => JSON.parse(readFileSync(pathOf(path), "utf8"));

/** The documents that have tables. */
export const documents = ["README.md", "docs/performance.md"];

/** @returns {AllResults} */
export function readResults() {
  return {
    reports: readJson("bench/results/reports.json"),
    arithmetic: readJson("bench/results/arithmetic.json"),
    commands: readJson("bench/results/commands.json"),
    memory: readJson("bench/results/memory.json"),
    prio3: readJson("bench/results/prio3.json"),
    prio3Profile: readJson("bench/results/prio3-profile.json"),
    aggregator: readJson("bench/results/aggregator.json"),
  };
}

/** Numbers of booleans alone, not integers. @param {Row} row */
const isOfBooleans = ({ shape }) => !shape.includes("x");

/** `1,000` or `100 × 10 bits`. @param {string} shape */
const shapeText = (shape) => (shape.includes("x") ? `${shape.replace("x", " × ")} bits` : thousands(Number(shape)));

/**
 * This package's rows: packed vectors and libprio's query points unless said otherwise.
 *
 * @param {Reports} reports
 * @param {{ runtime?: string, vectors?: string, crypto?: string, points?: string, shape?: string }} wanted
 */
function select({ rows }, { runtime = "node", vectors = "packed", crypto, points = "stream", shape }) {
  return rows.filter(
    ({ form, ...row }) =>
      row.runtime === runtime &&
      form?.vectors === vectors &&
      form.points === points &&
      (crypto === undefined || form.crypto === crypto) &&
      (shape === undefined || row.shape === shape),
  );
}

/** libprio's row for the same reports. @param {Reports} reports @param {Row} row */
const libprioFor = ({ rows }, row) => rows.find(({ runtime, shape }) => runtime === "libprio" && shape === row.shape);

/**
 * How many times as long libprio took in the same run: on the wall, or of the processor.
 *
 * @param {Reports} reports
 * @param {Row} row
 * @param {SharedStep} step
 * @param {"wall" | "processor"} clock
 */
export function ratio(reports, row, step, clock = "processor") {
  const of = clock === "wall" ? 0 : 1;
  const theirs = libprioFor(reports, row)?.ms[step][of];
  return theirs === undefined ? undefined : theirs / row.ms[step][of];
}

/**
 * Our milliseconds of the processor, with the ratio. @param {Reports} reports @param {Row} row @param {SharedStep} step
 */
function compared(reports, row, step) {
  const faster = ratio(reports, row, step);
  const own = digits(row.ms[step][1]);
  return faster === undefined ? own : `${own} (${times(faster)})`;
}

/** @param {AllResults} results */
function readmeTable({ reports }) {
  const rows = select(reports, { crypto: "native" })
    .filter(isOfBooleans)
    .map((row) => {
      const theirs = libprioFor(reports, row);
      const [noble] = select(reports, { crypto: "noble", shape: row.shape });
      const ofNoble = (/** @type {SharedStep} */ step) => times((noble && ratio(reports, noble, step)) ?? Number.NaN);
      return [
        shapeText(row.shape),
        ...STEPS.map((step) => compared(reports, row, step)),
        STEPS.map((step) => digits(theirs?.ms[step][1])).join(" / "),
        `${ofNoble("encode")} / ${ofNoble("checkA")}`,
      ];
    });
  const header = [
    "fields",
    "encode, ms",
    "check at A, ms",
    "check at B, ms",
    "libprio: encode / check at A / at B, ms",
    "without native cryptography: encode / check at A",
  ];
  const version = runtimesOf(reports).get("node") ?? "";
  return `${table(header, rows)}\n\n${originOf(reports, version)}`;
}

/** The steps that together are a report's whole way. @type {SharedStep[]} */
export const STEPS = ["encode", "checkA", "checkB"];

/** Every step, milliseconds of the processor. @param {AllResults} results */
function stepsTable({ reports }) {
  const cells = ["packed", "bigint"].flatMap((vectors) =>
    ["native", "noble"].flatMap((crypto) =>
      select(reports, { vectors, crypto }).map((row) => [
        shapeText(row.shape),
        vectors === "packed" ? "packed" : "BigInt",
        crypto,
        compared(reports, row, "encode"),
        ...[row.ms.openA, row.ms.openB, row.ms.verifyA, row.ms.verifyB].map((ms) => digits(ms?.[1])),
        digits((row.ms.aggregateA?.[1] ?? Number.NaN) + (row.ms.aggregateB?.[1] ?? Number.NaN)),
        compared(reports, row, "checkA"),
        compared(reports, row, "checkB"),
      ]),
    ),
  );
  const names = ["encode", "open A", "open B", "verify A", "verify B", "aggregate A + B", "check A", "check B"];
  return table(["fields", "vectors", "cryptography", ...names], cells);
}

/** Both programs by both clocks. @param {AllResults} results */
function clocksTable({ reports }) {
  const cells = select(reports, { crypto: "native" })
    .filter(isOfBooleans)
    .flatMap((row) =>
      /** @type {const} */ (["processor", "wall"]).map((clock) => {
        const of = clock === "wall" ? 0 : 1;
        const theirs = libprioFor(reports, row);
        return [
          shapeText(row.shape),
          clock === "wall" ? "on the wall" : "of the processor",
          ...STEPS.map((step) => {
            const factor = times(ratio(reports, row, step, clock) ?? Number.NaN);
            return `${digits(row.ms[step][of])} / ${digits(theirs?.ms[step][of])} (${factor})`;
          }),
        ];
      }),
    );
  return table(["fields", "time", "encode: ours / libprio", "check A", "check B"], cells);
}

/** @param {AllResults} results */
function bytesTable({ reports }) {
  const rows = select(reports, { crypto: "native" })
    .filter(isOfBooleans)
    .map((row) => {
      const theirs = libprioFor(reports, row)?.bytes ?? [Number.NaN, Number.NaN];
      return [
        shapeText(row.shape),
        ...[row.bytes[0], theirs[0], row.bytes[1], theirs[1]].map((bytes) => thousands(bytes)),
      ];
    });
  return table(["fields", "packet for A", "libprio's", "packet for B", "libprio's"], rows);
}

/** The runtimes that were measured, in the order of the run, with their versions. @param {Reports} reports */
function runtimesOf({ rows }) {
  return new Map(rows.flatMap(({ runtime, version, form }) => (form === undefined ? [] : [[runtime, version]])));
}

/** @param {AllResults} results */
function runtimesTable({ reports }) {
  const runtimes = runtimesOf(reports);
  const cells = ["native", "noble"].flatMap((crypto) =>
    select(reports, { crypto })
      .filter(isOfBooleans)
      .map(({ shape }) => [
        shapeText(shape),
        crypto,
        ...[...runtimes.keys()].flatMap((runtime) => {
          const [row] = select(reports, { runtime, crypto, shape });
          if (row === undefined) return ["", ""];
          return [compared(reports, row, "encode"), compared(reports, row, "checkA")];
        }),
      ]),
  );
  const names = [...runtimes.values()].flatMap((version) => [`${version}: encode`, "check A"]);
  return table(["fields", "cryptography", ...names], cells);
}

/** @param {AllResults} results */
function pointsTable({ reports }) {
  const cells = select(reports, { points: "report" }).map((row) => {
    const [batch] = select(reports, { points: "batch", shape: row.shape });
    const pair = (/** @type {SharedStep} */ step) => {
      const one = batch?.ms[step][1] ?? Number.NaN;
      return [digits(row.ms[step][1]), `${digits(one)} (${times(row.ms[step][1] / one)})`];
    };
    return [shapeText(row.shape), ...pair("checkA"), ...pair("checkB")];
  });
  return table(["fields", 'check A, `"report"`', '`"batch"`', 'check B, `"report"`', '`"batch"`'], cells);
}

/** @param {AllResults} results */
function arithmeticTable({ reports, arithmetic }) {
  const runtimes = runtimesOf(reports);
  const cells = arithmetic.map(({ runtime, vectors, length, multiplyNs, dotNs, butterflyNs, transformMs }) => [
    runtimes.get(runtime) ?? runtime,
    vectors === "packed" ? "packed" : "BigInt",
    thousands(length),
    ...[multiplyNs, dotNs, butterflyNs, transformMs].map(digits),
  ]);
  const names = ["product, ns", "inner product, ns", "butterfly, ns", "whole transform, ms"];
  return table(["", "vectors", "elements", ...names], cells);
}

/** Whole stages of both commands. @param {AllResults} results */
function commandsTable({ commands: { stages } }) {
  const cells = stages.map(({ stage, server, ours, python }) => [
    `\`${stage}\``,
    server,
    ...[0, 1].flatMap((clock) => {
      const [own = Number.NaN, theirs = Number.NaN] = [ours[clock], python[clock]];
      return [`${digits(own)} / ${digits(theirs)} (${times(theirs / own)})`];
    }),
  ]);
  return table(["stage", "server", "on the wall, s: ours / Python's", "of the processor, s"], cells);
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

/** Where the figures are from. @param {Reports} reports @param {string} runtimes */
function originOf(reports, runtimes) {
  const libprio = reports.rows.find(({ runtime }) => runtime === "libprio")?.version;
  return originText(`${runtimes} and ${libprio}`, reports);
}

/**
 * The texts between the markers, by marker.
 *
 * @param {AllResults} results
 * @returns {Record<string, string>}
 */
export function tables(results) {
  return {
    bench: readmeTable(results),
    "bench: origin": originOf(results.reports, [...runtimesOf(results.reports).values()].join(", ")),
    "bench: clocks": clocksTable(results),
    "bench: steps": stepsTable(results),
    "bench: bytes": bytesTable(results),
    "bench: runtimes": runtimesTable(results),
    "bench: points": pointsTable(results),
    "bench: arithmetic": arithmeticTable(results),
    "bench: commands": commandsTable(results),
    "bench: memory": memoryTable(results),
    ...prio3Tables(results.prio3, results.prio3Profile),
    ...aggregatorTables(results.aggregator),
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
 * @returns {Record<string, string>}
 */
export function plots({ reports }) {
  const native = select(reports, { crypto: "native" }).filter(isOfBooleans);
  const noble = select(reports, { crypto: "noble" }).filter(isOfBooleans);
  const libprio = reports.rows.filter(({ runtime }) => runtime === "libprio");
  const encoding = (/** @type {string} */ name, /** @type {string} */ explanation, /** @type {Row[]} */ rows) => ({
    name,
    note: explanation,
    points: rows.map(({ shape, ms }) => /** @type {const} */ ([Number(shape), ms.encode[1]])),
  });
  return {
    "docs/encoding-time.svg": plotByFields({
      title: "Time to encode one report",
      unit: "milliseconds of processor time; lower is faster",
      lines: [
        encoding("this package", "with the platform's cryptography", native),
        encoding("this package, in JavaScript alone", "for platforms without cryptography", noble),
        encoding("libprio", "Mozilla's, in C", libprio),
      ],
    }),
    "docs/bytes.svg": plotByFields({
      title: "Size of one report",
      unit: "bytes",
      lines: [
        ...packetLines("A", "shares and proof", native, libprio),
        ...packetLines("B", "a seed, however many fields", native, libprio),
      ],
    }),
    "examples/benchmarks/encoding-time.svg": encodingTime(reports),
  };
}

/**
 * The lines of one server's packets: one line for both programs where it would hide the other.
 *
 * @param {"A" | "B"} id
 * @param {string} content
 * @param {Row[]} own
 * @param {Row[]} theirs
 */
function packetLines(id, content, own, theirs) {
  const points = (/** @type {Row[]} */ rows) =>
    rows.map(({ shape, bytes }) => /** @type {const} */ ([Number(shape), bytes[id === "A" ? 0 : 1]]));
  const [ours, libprios] = [points(own), points(theirs)];
  const same = ours.every(([, bytes], i) => Math.abs(bytes / (libprios[i]?.[1] ?? Number.NaN) - 1) < 0.01);
  if (same) return [{ name: `packet for ${id}, ours and libprio's`, note: content, points: ours }];
  return [
    { name: `packet for ${id}, ours`, note: content, points: ours },
    { name: `packet for ${id}, libprio's`, note: content, points: libprios },
  ];
}

/**
 * A plot over the number of fields, both axes logarithmic.
 *
 * @param {{ title: string, unit: string, lines: Line[] }} content
 */
function plotByFields({ title, unit, lines }) {
  const all = lines.flatMap(({ points }) => points);
  const last = lines[0]?.points.at(-1)?.[0] ?? Number.NaN;
  const ends = lines.map(({ name, points }) => `${name} ${thousands(Number(digits(points.at(-1)?.[1])))}`);
  return plotFile({
    title,
    description: `Shows ${unit}; both axes are logarithmic. At ${thousands(last)} fields: ${ends.join("; ")}.`,
    plot: {
      width: 760,
      height: 360,
      x: { label: "fields in the report", scale: "log", domain: enclosingPowers(all.map(([fields]) => fields)) },
      y: { label: unit, scale: "log", domain: enclosingPowers(all.map(([, y]) => y)) },
      lines,
    },
  });
}

/** Brings plots and documents up to date with bench/results. */
export function writeReports() {
  const results = readResults();
  for (const [path, svg] of Object.entries(plots(results))) writeFileSync(pathOf(path), svg);
  const byMarker = tables(results);
  for (const path of documents) {
    const text = readFileSync(pathOf(path), "utf8");
    writeFileSync(pathOf(path), withTables(text, byMarker));
  }
}

/** Prints the rows of one shape: milliseconds for a report, on the wall and of the processor. @param {Row[]} rows */
export function printReports(rows) {
  /** @type {Reports} */
  const reports = { processor: "", load: [0, 0], rows };
  for (const row of rows) {
    const form = row.form === undefined ? [] : [row.form.vectors, row.form.crypto, row.form.points];
    const cells = STEPS.map((step) => {
      const faster = ratio(reports, row, step);
      const compared = faster === undefined || row.form === undefined ? "" : `, ${times(faster)}`;
      return `${step} ${digits(row.ms[step][0])} / ${digits(row.ms[step][1])}${compared}`.padEnd(34);
    });
    console.log([shapeText(row.shape).padStart(13), [row.runtime, ...form].join(" ").padEnd(30), ...cells].join(" "));
  }
}
