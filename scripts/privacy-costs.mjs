// Writes what noise costs into docs/privacy.md, as a table and as a plot: how far a total with both servers' noise is
// off, for the sensitivities and budgets of this package. Run `npm run build` first. test/docs/privacy.test.ts compares
// them, and draws to see that the figures are true.

import { readFileSync, writeFileSync } from "node:fs";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";
import { plotFile } from "./line-plot.mjs";

const pathOf = (/** @type {string} */ name) => fileURLToPath(new URL(`../docs/${name}`, import.meta.url));

/** @import { DiscreteGaussian, DiscreteLaplace, Rational, Sensitivity } from "../dist/dp/index.js" */
/** @typedef {{ question: string, sensitivity: Sensitivity, max: number, isGaussian: boolean }} Row */

/** Both servers add noise, each its own. */
const SERVERS = 2;
const SIZES = [1000, 10_000, 100_000];
/** ε = 1, and the ρ that gives ε = 1 with δ = 10^−9. */
const EPSILON = 1;
const RHO = "1/85";

/** @param {Rational} x */
const number = ({ numerator, denominator }) => Number(numerator) / Number(denominator);

/**
 * The standard deviation of one draw.
 *
 * @param {DiscreteLaplace | DiscreteGaussian} noise
 */
export function deviationOf(noise) {
  if ("scale" in noise) {
    const q = Math.exp(-1 / number(noise.scale));
    return Math.sqrt(2 * q) / (1 - q);
  }
  const variance = number(noise.variance);
  let [all, squares] = [0, 0];
  const most = Math.ceil(12 * Math.sqrt(variance));
  for (let x = -most; x <= most; x++) {
    const weight = Math.exp((-x * x) / (2 * variance));
    all += weight;
    squares += x * x * weight;
  }
  return Math.sqrt(squares / all);
}

/**
 * The noise of a row, and how far off a total is with it, typically: the standard deviation.
 *
 * @param {Row} row
 */
async function noiseOf({ sensitivity, isGaussian }) {
  const { PureBudget, ZeroConcentratedBudget } = await import("../dist/dp/index.js");
  const noise = (isGaussian ? new ZeroConcentratedBudget(RHO) : new PureBudget(EPSILON)).noiseFor(sensitivity);
  return { noise, error: Math.sqrt(SERVERS) * deviationOf(noise) };
}

/** @returns {Promise<Row[]>} */
async function rows() {
  const { Prio1 } = await import("../dist/prio1/vdaf/index.js");
  const { Prio3Histogram } = await import("../dist/prio3/index.js");
  const booleans = (/** @type {number} */ fields, isGaussian = false) => ({
    question: fields === 1 ? "1 boolean" : `${fields.toLocaleString("en")} booleans`,
    sensitivity: new Prio1({ fields }).sensitivity,
    max: 1,
    isGaussian,
  });
  const integers = (/** @type {number} */ count) => ({
    question: `${count} integer${count === 1 ? "" : "s"} of 10 bits`,
    sensitivity: new Prio1({ count, precision: 10 }).sensitivity,
    max: 1023,
    isGaussian: false,
  });
  const histogram = { sensitivity: new Prio3Histogram({ length: 100 }).sensitivity, max: 1, isGaussian: false };
  return [
    booleans(1),
    booleans(10),
    booleans(100),
    booleans(100, true),
    booleans(1000),
    booleans(1000, true),
    { question: "1 of any number of buckets", ...histogram },
    integers(1),
    integers(10),
  ];
}

/** @param {...string} cells */
const row = (...cells) => `| ${cells.join(" | ")} |`;

/** Two digits are more than a typical error has. @param {number} x */
const rounded = (x) => Number(x.toPrecision(2)).toLocaleString("en", { maximumFractionDigits: 10 });

/** The document with the table in it. */
export async function documentWithCosts(text = readFileSync(pathOf("privacy.md"), "utf8")) {
  const lines = [
    row(
      ...["a report", "noise of each server", "a total is off by"],
      ...SIZES.map((n) => `with ${n.toLocaleString("en")} reports`),
      "reports for 1 %",
    ),
    row(...new Array(4 + SIZES.length).fill("---")),
  ];
  for (const each of await rows()) {
    const { noise, error } = await noiseOf(each);
    const words =
      "scale" in noise
        ? `Laplace, scale ${rounded(number(noise.scale))}`
        : `Gaussian, deviation ${rounded(Math.sqrt(number(noise.variance)))}`;
    const percent = (100 * error) / each.max;
    const shares = SIZES.map((reports) => `${rounded(percent / reports)} %`);
    lines.push(row(each.question, words, rounded(error), ...shares, rounded(percent)));
  }
  const [start, end] = ["<!-- costs: node scripts/privacy-costs.mjs -->", "<!-- /costs -->"];
  const [before = "", rest = ""] = text.split(start);
  return `${before}${start}\n${lines.join("\n")}\n${end}${rest.split(end)[1] ?? ""}`;
}

const [MIN_REPORTS, MAX_REPORTS] = [100, 1_000_000];
const Y = { min: 0.0001, max: 100 };

/** The plot: the typical error of a count against the number of reports. */
export async function plotOfCosts() {
  const all = await rows();
  const find = (/** @type {string} */ question, isGaussian = false) => {
    const row = all.find((each) => each.question === question && each.isGaussian === isGaussian);
    if (row === undefined) throw new Error(`privacy-costs: no row ${question}`);
    return row;
  };
  const shown = [
    { name: "1,000 booleans", note: "Laplace, ε = 1", row: find("1,000 booleans") },
    { name: "1,000 booleans", note: "Gaussian, ρ = 1/85", row: find("1,000 booleans", true) },
    { name: "a histogram", note: "Laplace, ε = 1", row: find("1 of any number of buckets") },
  ];
  const noisy = await Promise.all(
    shown.map(async ({ name, note, row }) => {
      const { error } = await noiseOf(row);
      return { name, note, percent: (/** @type {number} */ reports) => (100 * error) / reports };
    }),
  );
  const chance = {
    name: "chance alone",
    note: "a sample, without noise",
    percent: (/** @type {number} */ n) => 50 / Math.sqrt(n),
  };
  const order = [noisy[0], noisy[1], chance, noisy[2]].flatMap((line) => (line === undefined ? [] : [line]));
  const lines = order.map(({ name, note, percent }) => {
    // From where the line is in the plot, straight to the end: all are straight on these axes.
    const slope = percent(1) / percent(100) === 100 ? 1 : 2;
    const start = Math.max(MIN_REPORTS, (percent(1) / Y.max) ** slope);
    const points = [start, MAX_REPORTS].map((reports) => /** @type {const} */ ([reports, percent(reports)]));
    return { name, note, points };
  });
  const at = (/** @type {number} */ reports) =>
    order.map(({ name, note, percent }) => `${name} (${note}) ${rounded(percent(reports))} %`).join(", ");
  return plotFile({
    title: "How far a count is off, with the noise of both servers",
    description:
      "The typical error of a count in percent of the reports, against their number; both axes are logarithmic. " +
      `At 100,000 reports: ${at(100_000)}.`,
    plot: {
      width: 760,
      height: 420,
      x: { label: "reports in the batch", scale: "log", domain: [MIN_REPORTS, MAX_REPORTS] },
      y: { label: "% of the reports", scale: "log", domain: [Y.min, Y.max] },
      lines,
    },
  });
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(pathOf("privacy.md"), await documentWithCosts());
  writeFileSync(pathOf("privacy-costs.svg"), await plotOfCosts());
}
