// The chart of the totals: lines in percent, as reports come in. It fills the width that it is given.

import { linePlot, style, type Tree } from "../../scripts/line-plot.mjs";

// A policy of `default-src 'self'` allows no inline style, but a sheet that a script makes.
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets.push(sheet);

const HEIGHT = 320;

export class Chart {
  readonly #holder: HTMLElement;
  readonly #lines: readonly { name: string; points: [reports: number, percent: number][] }[];

  constructor(holder: HTMLElement, names: readonly string[]) {
    this.#holder = holder;
    this.#lines = names.map((name) => ({ name, points: [] }));
    new ResizeObserver(() => this.#draw()).observe(this.#holder);
  }

  /** Draws each line on, to its part of this many reports. `label` says the same in words. */
  add(reports: number, percents: readonly number[], label: string): void {
    for (const [i, { points }] of this.#lines.entries()) points.push([reports, percents[i] as number]);
    this.#holder.setAttribute("aria-label", label);
    this.#draw();
  }

  #draw(): void {
    const reports = this.#lines[0]?.points.at(-1)?.[0];
    const width = this.#holder.clientWidth;
    if (reports === undefined || width === 0) return;
    const plot = linePlot({
      width,
      height: HEIGHT,
      x: { label: "reports counted", scale: "linear", domain: [0, reports] },
      y: {
        label: "part that said yes",
        scale: "linear",
        domain: [0, 100],
        ticks: [0, 25, 50, 75, 100],
        format: (tick) => `${tick} %`,
      },
      lines: this.#lines,
    });
    this.#holder.replaceChildren(elementOf(plot));
  }
}

function elementOf({ tag, attributes, children }: Tree): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.map((child) => (typeof child === "string" ? child : elementOf(child))));
  return element;
}
