// Published totals: a table beside the truth, and a chart of how they settle as reports come in.

import { Chart } from "./chart.js";
import { find, make } from "./dom.js";
import { number, questions, readTotals } from "./questions.js";

const thousands = (n: number): string => n.toLocaleString("en");

export class Totals {
  readonly #part: HTMLElement;
  readonly #chart: Chart;

  constructor(part: HTMLElement) {
    this.#part = part;
    const names = questions.map(({ short }) => short);
    this.#chart = new Chart(find("#chart", part), names);
  }

  /** Shows totals of this many reports, beside what the page knows that they should be. */
  publish(reports: number, published: readonly number[], truth: readonly number[]): void {
    const [totals, expected] = [readTotals(published), readTotals(truth)];
    const percents = totals.yes.map((yes) => (100 * yes) / reports);
    const texts = percents.map((percent) => `${percent.toFixed(0)} %`);
    find("#totals-empty", this.#part).hidden = true;
    find("#totals", this.#part).hidden = false;
    find("#totals-caption", this.#part).textContent = `Totals of ${thousands(reports)} reports`;
    for (const body of this.#part.querySelectorAll(".totals tbody")) body.remove();
    find(".totals", this.#part).append(
      ...questions.map(({ text }, i) =>
        rows(
          text,
          bar(i, percents[i] as number),
          totals.yes[i] as number,
          texts[i] as string,
          expected.yes[i] as number,
        ),
      ),
      rows(number.summed, "", totals.cups, `${(totals.cups / reports).toFixed(1)} each`, expected.cups),
    );
    const summary = questions.map(({ text }, i) => `${text} ${texts[i]}`);
    const label = `Line chart up to ${thousands(reports)} reports. Now: ${summary.join(" ")}`;
    this.#chart.add(reports, percents, label);
  }
}

/** A question, and below it the bar and the numbers: a phone has no room for all in one row. */
function rows(text: string, bar: HTMLElement | "", total: number, part: string, truth: number): HTMLElement {
  const same = total === truth;
  return make(
    "tbody",
    {},
    make("tr", {}, make("th", { scope: "rowgroup", colspan: "4" }, text)),
    make(
      "tr",
      {},
      make("td", {}, bar),
      make("td", { class: "number" }, thousands(total)),
      make("td", { class: "number" }, part),
      make("td", { class: same ? "number same" : "number wrong" }, `${thousands(truth)} ${same ? "✓" : "✗"}`),
    ),
  );
}

/** A bar in the colour of the question's line. */
function bar(i: number, percent: number): HTMLElement {
  const fill = make("span", { class: `fill line-${i + 1}` });
  fill.style.width = `${percent.toFixed(1)}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, fill);
}
