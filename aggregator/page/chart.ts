// The chart of reports that arrive: so many in each minute of the last half hour. It fills the width that it is given.

import { linePlot, style, type Tree } from "../../scripts/line-plot.mjs";
import type { Sample } from "../src/admin/history.js";

// A policy of `default-src 'self'` allows no inline style, but a sheet that a script makes.
const sheet = new CSSStyleSheet();
sheet.replaceSync(style);
document.adoptedStyleSheets.push(sheet);

const HEIGHT = 240;
/** Seconds that are shown at most. */
const SPAN = 1800;
/** Minutes of the axis, as many as the samples need, and from tick to tick. */
const AXES: readonly (readonly [minutes: number, step: number])[] = [
  [5, 1],
  [10, 2],
  [30, 5],
];

export class Chart {
  readonly #holder: HTMLElement;
  #points: readonly (readonly [minutes: number, reports: number])[] = [];

  constructor(holder: HTMLElement) {
    this.#holder = holder;
    new ResizeObserver(() => this.#draw()).observe(holder);
  }

  show(samples: readonly Sample[], task: string, now: number): void {
    this.#points = rates(samples, task, now);
    const last = this.#points.at(-1)?.[1] ?? 0;
    const most = Math.max(0, ...this.#points.map(([, rate]) => rate));
    const words = `Reports arriving: ${round(last)} a second now, at most ${round(most)} in the last half hour`;
    this.#holder.setAttribute("aria-label", words);
    this.#draw();
  }

  #draw(): void {
    const width = this.#holder.clientWidth;
    if (width === 0) return;
    if (this.#points.length < 2) {
      this.#holder.replaceChildren("The chart begins in a few seconds.");
      return;
    }
    const most = niceCeiling(Math.max(...this.#points.map(([, rate]) => rate)));
    const start = -(this.#points[0]?.[0] ?? 0);
    const [minutes, step] = AXES.find(([most]) => most >= start) ?? [30, 5];
    const ticks = Array.from({ length: minutes / step + 1 }, (_, i) => i * step - minutes);
    const plot = linePlot({
      width,
      height: HEIGHT,
      x: { label: "minutes ago", scale: "linear", domain: [-minutes, 0], ticks, format: (tick) => `${-tick}` },
      y: { label: "reports a second", scale: "linear", domain: [0, most] },
      lines: [{ name: `${round(this.#points.at(-1)?.[1] ?? 0)}/s`, points: this.#points }],
    });
    this.#holder.replaceChildren(elementOf(plot));
  }
}

/** Reports a second between one sample and the next. */
function rates(samples: readonly Sample[], task: string, now: number): (readonly [number, number])[] {
  const known = samples.filter(({ at, arrived }) => at > now - SPAN && arrived[task] !== undefined);
  return known.slice(1).map(({ at, arrived }, i) => {
    const before = known[i] as Sample;
    const rate = ((arrived[task] ?? 0) - (before.arrived[task] ?? 0)) / (at - before.at);
    return [(at - now) / 60, Math.max(0, rate)] as const;
  });
}

const round = (x: number): string => (x >= 10 ? Math.round(x).toLocaleString("en") : `${Math.round(10 * x) / 10}`);

/** 1, 2 or 5 times a power of ten that is no less. */
function niceCeiling(x: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(x, 1)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((end) => end >= x) ?? x;
}

function elementOf({ tag, attributes, children }: Tree): SVGElement {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.map((child) => (typeof child === "string" ? child : elementOf(child))));
  return element;
}
