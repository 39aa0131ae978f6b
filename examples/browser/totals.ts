// Published totals: a table beside the truth, and a chart of how they settle as reports come in.

import uPlot from "uplot";
import { find, make } from "./dom.js";
import { number, questions, readTotals } from "./questions.js";

/** Line patterns, so that the lines are told apart without their colours too. */
const dashes = [[], [9, 4], [2, 3], [12, 3, 2, 3]];

const holder = find("#chart");
const narrow = matchMedia("(max-width: 40rem)");

export class Totals {
  /** Reports published, and the part that said yes to each question, in percent. */
  readonly #history: number[][] = [[], ...questions.map(() => [])];
  #chart: uPlot | undefined;

  constructor() {
    new ResizeObserver(() => this.#chart?.setSize(size())).observe(holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** Shows totals of this many reports, beside what the page knows that they should be. */
  publish(reports: number, published: readonly number[], truth: readonly number[]): void {
    const [totals, expected] = [readTotals(published), readTotals(truth)];
    find("#totals-caption").textContent = `Published: totals of ${reports.toLocaleString("en")} reports.`;
    find(".totals tbody").replaceChildren(
      ...questions.map(({ text }, i) => {
        const [yes, said] = [totals.yes[i] as number, expected.yes[i] as number];
        const percent = (100 * yes) / reports;
        const bar = make("span", { class: "bar" }, make("span", { class: "fill" }), `${percent.toFixed(0)} %`);
        (bar.firstElementChild as HTMLElement).style.width = `${(percent * 0.6).toFixed(1)}%`;
        bar.style.setProperty("--tint", `var(--line-${i + 1})`);
        return row(text, i, yes, make("td", {}, bar), said);
      }),
      row(
        number.summed,
        null,
        totals.cups,
        make("td", {}, `${(totals.cups / reports).toFixed(1)} on average`),
        expected.cups,
      ),
    );
    this.#history[0]?.push(reports);
    for (const [i, yes] of totals.yes.entries()) this.#history[i + 1]?.push((100 * yes) / reports);
    const summary = questions.map(
      ({ text }, i) => `${text} ${((100 * (totals.yes[i] as number)) / reports).toFixed(0)} %`,
    );
    holder.setAttribute("aria-label", `Line chart up to ${reports} reports. Now: ${summary.join(" ")}`);
    if (this.#chart === undefined) this.#draw();
    else this.#chart.setData(this.#history as uPlot.AlignedData);
  }

  #draw(): void {
    if (this.#history[0]?.length === 0) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(`--${name}`);
    const axis = {
      stroke: colour("soft"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: colour("rule"), width: 1 },
      ticks: { show: false },
    };
    this.#chart?.destroy();
    this.#chart = new uPlot(
      {
        ...size(),
        legend: { show: false },
        cursor: { show: false },
        scales: {
          x: { time: false, range: (_, min, max) => (min === max ? [0, 2 * max] : [0, max]) },
          y: { range: [0, 100] },
        },
        axes: [
          { ...axis, size: 34, values: (_, ticks) => ticks.map((tick) => tick.toLocaleString("en")) },
          { ...axis, size: 46, values: (_, ticks) => ticks.map((tick) => `${tick} %`) },
        ],
        series: [
          {},
          ...questions.map(({ short }, i) => ({
            label: short,
            stroke: colour(`line-${i + 1}`),
            width: 2.5,
            dash: dashes[i] as number[],
            points: { show: true, size: 5, fill: colour(`line-${i + 1}`) },
          })),
        ],
      },
      this.#history as uPlot.AlignedData,
      holder,
    );
  }
}

function size(): { width: number; height: number } {
  return { width: Math.max(260, holder.clientWidth), height: narrow.matches ? 220 : 300 };
}

function row(text: string, line: number | null, total: number, middle: HTMLElement, truth: number): HTMLElement {
  const head = make("th", { scope: "row" });
  if (line !== null) head.append(swatch(line));
  head.append(text);
  const same = total === truth;
  return make(
    "tr",
    {},
    head,
    make("td", { class: "number" }, total.toLocaleString("en")),
    middle,
    make("td", { class: same ? "number same" : "number wrong" }, `${truth.toLocaleString("en")} ${same ? "✓" : "✗"}`),
  );
}

/** A piece of a question's line: the table is the chart's legend. */
function swatch(i: number): SVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  const place = {
    x1: "0",
    x2: "28",
    y1: "4",
    y2: "4",
    "stroke-width": "3",
    "stroke-dasharray": dashes[i]?.join(" ") ?? "",
  };
  for (const [name, value] of Object.entries(place)) line.setAttribute(name, value);
  line.style.stroke = `var(--line-${i + 1})`;
  svg.setAttribute("class", "swatch");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 28 8");
  svg.append(line);
  return svg;
}
