// Elements, in a line each.

type Attributes = Readonly<Record<string, string>>;

/** A new element with attributes and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The one element that a selector finds; the page's own markup has it. */
export function find<E extends Element = HTMLElement>(selector: string, within: ParentNode = document): E {
  const element = within.querySelector<E>(selector);
  if (element === null) throw new Error(`the page has no ${selector}`);
  return element;
}

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
