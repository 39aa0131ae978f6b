// Elements in a line each, and texts for numbers and times.

import { find, make } from "../../examples/web-survey/page/dom.js";

export { find, make };

const shown = new WeakMap<Element, string>();

/**
 * Puts children into an element if what they are made of has changed: what did not change keeps focus and selection.
 */
export function update(element: Element, data: unknown, children: () => (Node | string)[]): void {
  const text = JSON.stringify(data);
  if (shown.get(element) === text) return;
  shown.set(element, text);
  element.replaceChildren(...children());
}

export const count = (n: number): string => n.toLocaleString("en");

/** A moment, such as 10:12, with its date if that is another day's. */
export function moment(seconds: number, now: number): HTMLElement {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  const isToday = date.toDateString() === new Date(now * 1000).toDateString();
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return make("time", { datetime: date.toISOString() }, isToday ? time : `${day}, ${time}`);
}

/** A length of time, in its largest unit. */
export function age(seconds: number): string {
  const units = [
    ["day", 86_400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  const [unit, size] = units.find(([, one]) => seconds >= one) ?? ["second", 1];
  const amount = Math.max(0, Math.floor(seconds / size));
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

/** A bar from one part of its track to another, each from 0 to 1. */
export function bar(from: number, to: number, kind = ""): HTMLElement {
  const fill = make("span", { class: `fill ${kind}`.trim() });
  fill.style.marginInlineStart = `${100 * from}%`;
  fill.style.width = `${100 * Math.max(0, to - from)}%`;
  return make("span", { class: "bar", "aria-hidden": "true" }, fill);
}

/** A table with a heading row; numbers stand right. */
export function table(
  caption: string,
  heading: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement {
  const cell = (content: Node | string, i: number): HTMLElement =>
    i === 0 ? make("th", { scope: "row" }, content) : make("td", {}, content);
  const head = make("thead", {}, make("tr", {}, ...heading.map((text) => make("th", { scope: "col" }, text))));
  const body = make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map(cell))));
  const all = make("table", {}, make("caption", { class: "hidden" }, caption), head, body);
  // Where it is too wide, it scrolls by itself, and so by keyboard.
  return make("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption }, all);
}
