// The two plots of prio-processor's benchmark, with this package in them: what a report's size and the time to encode
// it grow like. Both axes go by powers of two, as they do there.

import { plotFile } from "../../scripts/line-plot.mjs";

/** @import { Reports, Row } from "../../bench/results.js" */

/** Bits of a report, and bytes of its two packets. @typedef {readonly [bits: number, a: number, b: number]} Size */

/**
 * Every `step`-th power of two from 2^first to 2^last.
 *
 * @param {number} first
 * @param {number} last
 * @param {number} step
 */
const powers = (first, last, step) =>
  Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, k) => 2 ** (first + k * step));

/**
 * The powers of two that enclose values.
 *
 * @param {readonly number[]} values
 * @returns {[number, number]}
 */
const around = (values) => [
  2 ** Math.floor(Math.log2(Math.min(...values))),
  2 ** Math.ceil(Math.log2(Math.max(...values))),
];

/**
 * @param {{ title: string, description: string, unit: string, step: [x: number, y: number],
 *   lines: import("../../scripts/line-plot.mjs").Line[] }} content `step`: ticks at every so many powers of two
 */
function plotByPowersOfTwo({ title, description, unit, step: [xStep, yStep], lines }) {
  const points = lines.flatMap((line) => line.points);
  /** @param {string} label @param {[number, number]} domain @param {number} step */
  const axis = (label, [min, max], step) => {
    const ticks = powers(Math.log2(min), Math.log2(max), step);
    return { label, scale: /** @type {const} */ ("log"), domain: /** @type {[number, number]} */ ([min, max]), ticks };
  };
  const x = axis("measurement size (bits)", around(points.map(([bits]) => bits)), xStep);
  const y = axis(unit, around(points.map(([, value]) => value)), yStep);
  return plotFile({ title, description, plot: { width: 760, height: 380, x, y, lines } });
}

/** @param {readonly Size[]} sizes */
export function encryptedSizes(sizes) {
  const [, a, b] = sizes.at(-1) ?? [0, 0, 0];
  return plotByPowersOfTwo({
    title: "Measurement size and payload size",
    description: `The packet for A jumps at each power of two, up to ${a} bytes; the packet for B has ${b} bytes.`,
    unit: "payload size (bytes)",
    step: [1, 2],
    lines: [
      { name: "packet for A", note: "shares and proof", points: sizes.map(([bits, bytes]) => [bits, bytes]) },
      { name: "packet for B", note: "a seed", points: sizes.map(([bits, , bytes]) => [bits, bytes]) },
    ],
  });
}

/** @param {Reports} reports of bench/results */
export function encodingTime({ rows }) {
  /** @param {(row: Row) => boolean} isWanted */
  const points = (isWanted) =>
    rows
      .filter((row) => !row.shape.includes("x") && isWanted(row))
      .map(({ shape, ms }) => /** @type {const} */ ([Number(shape), ms.encode[1]]));
  /** @param {"native" | "noble"} crypto */
  const ours = (crypto) =>
    points(
      ({ runtime, form }) =>
        runtime === "node" && form?.vectors === "packed" && form.points === "stream" && form.crypto === crypto,
    );
  const lines = [
    { name: "this package", note: "Node's cryptography", points: ours("native") },
    { name: "this package", note: "JavaScript alone", points: ours("noble") },
    { name: "libprio", note: "C", points: points(({ runtime }) => runtime === "libprio") },
  ];
  const last = lines.map(({ name, note, points }) => {
    const [bits, ms] = points.at(-1) ?? [0, 0];
    return `${name} (${note}): ${bits} bits in ${Number(ms.toPrecision(3))} ms`;
  });
  return plotByPowersOfTwo({
    title: "Measurement size and encoding time",
    description: `Time of the processor. ${last.join("; ")}.`,
    unit: "encoding time (milliseconds)",
    step: [2, 2],
    lines,
  });
}
