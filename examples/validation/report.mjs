// What a comparison found, as a table and as a plot.

import { plotFile } from "../../scripts/line-plot.mjs";
import { questions } from "./collection.mjs";
import { isExplained } from "./compare.mjs";

/** @import { Build } from "./compare.mjs" */

/** A row for each build and question. @param {Build[]} builds */
export function table(builds) {
  const head = ["build", "pings", "invalid", "missing", "question", "control", "observed", "difference", ""];
  const rows = builds.flatMap((build) =>
    questions.map(({ label }, k) => {
      const ofBuild = [build.buildId, build.pings, build.invalid, build.missing];
      const remark = isExplained(build, k) ? "" : "not explained";
      const found = [label, build.control[k], build.observed[k], build.difference[k], remark];
      return [...(k === 0 ? ofBuild : ofBuild.map(() => "")), ...found].map(String);
    }),
  );
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const isText = (/** @type {number} */ column) => ["build", "question", ""].includes(head[column] ?? "");
  const align = (/** @type {string} */ cell, /** @type {number} */ column) =>
    isText(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [head, ...rows].map((row) => row.map(align).join("  ").trimEnd()).join("\n");
}

/**
 * The differences of each question over the builds, as SVG. What lies between zero and the line of the reports that
 * were left out is explained by them.
 *
 * @param {Build[]} builds
 */
export function plot(builds) {
  const lines = questions.map(({ label }, k) => ({
    name: label,
    points: builds.map(({ difference }, i) => /** @type {const} */ ([i, difference[k] ?? 0])),
  }));
  const leftOut = builds.map(({ invalid, missing }, i) => /** @type {const} */ ([i, invalid + missing]));
  const all = [0, ...leftOut.map(([, y]) => y), ...lines.flatMap(({ points }) => points.map(([, y]) => y))];
  const unexplained = builds.flatMap((build) =>
    questions.flatMap(({ label }, k) => (isExplained(build, k) ? [] : [`${label} in build ${build.buildId}`])),
  );
  const [min, max] = [10 * Math.floor(Math.min(...all) / 10), 10 * Math.ceil(Math.max(...all) / 10)];
  return plotFile({
    title: "What the clients said in plain, minus what the servers found",
    description:
      unexplained.length === 0
        ? "All differences are explained by the reports that were left out."
        : `Not explained by the reports that were left out: ${unexplained.join(", ")}.`,
    plot: {
      width: 760,
      height: 320,
      x: {
        label: "day of the build",
        scale: "linear",
        domain: [0, Math.max(1, builds.length - 1)],
        ticks: builds.map((_build, i) => i),
        // 20190620214556 was built on June 20.
        format: (i) => (builds[i]?.buildId ?? "").replace(/^\d{4}(\d\d)(\d\d).*/, "$1-$2"),
      },
      y: { label: "clients", scale: "linear", domain: [min, max] },
      lines: [{ name: "reports left out", note: "the most that is explained", points: leftOut }, ...lines],
    },
  });
}
