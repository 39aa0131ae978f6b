// Elements of this page, beside those that any page has.

import { find, make } from "../web-survey/page/dom.js";

export { find, make };

/** A copy of the element in a template. */
export function copyOf<E extends HTMLElement = HTMLElement>(selector: string): E {
  const copy = find<HTMLTemplateElement>(selector).content.cloneNode(true) as DocumentFragment;
  return copy.firstElementChild as E;
}

/** Whose a field element is: one server's, or both servers' together. */
export type Tint = "a" | "b" | "sum";

/** A field element as so many hexadecimal digits, with a strip of its bytes to see at a glance that it is noise. */
export function elementView(x: bigint, tint: Tint, length: number): HTMLElement {
  const digits = x.toString(16).padStart(length, "0");
  const strip = make("span", { class: "strip", "aria-hidden": "true" });
  for (let i = 0; i < digits.length; i += 2) {
    const cell = make("i");
    cell.style.opacity = String(0.08 + (0.92 * Number.parseInt(digits.slice(i, i + 2), 16)) / 255);
    strip.append(cell);
  }
  // Where there is little room, the digits stand in two lines, and those of 16 in two more.
  const halves = [digits.slice(0, length / 2), digits.slice(length / 2)].map((half) =>
    make("span", {}, half.slice(0, 8), half.length > 11 ? make("wbr") : "", half.slice(8)),
  );
  const code = make("code", {}, ...halves);
  return make("span", { class: `element ${tint}${length > 22 ? " long" : ""}` }, strip, code);
}
